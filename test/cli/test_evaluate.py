import argparse
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from rednet_ros.cli import evaluate
from rednet_ros.images import read_image
from rednet_ros.landmarks import REGIONS
from rednet_ros.tracking.types import Box, FloatArray, ImageArray

SHAPE = np.random.default_rng(3).uniform(60, 140, (68, 2)).astype(np.float32)
SHAPE[36], SHAPE[45] = (80, 90), (120, 90)  # 40 px apart
FIELDS = {
    "nme_mean",
    "nme_median",
    "nme_std",
    "nme_inner51",
    "nme_by_region",
    "failure_rate_10",
    "auc_8",
    "faces",
    "missed",
    "ms_per_face",
    "weights",
    "boxes",
}


class FakePredictor:
    """Is off by 2 of 40 px, or misses dark faces."""

    weights_name = "fake"

    def __call__(self, image_bgr: ImageArray, box: Box) -> FloatArray | None:
        return None if image_bgr.mean() < 50 else SHAPE + np.array([2, 0], np.float32)


@pytest.fixture(autouse=True)
def predictor(monkeypatch: pytest.MonkeyPatch) -> FakePredictor:
    fake = FakePredictor()

    def open_fake(options: argparse.Namespace) -> FakePredictor:
        return fake

    monkeypatch.setattr(evaluate, "_open_predictor", open_fake)
    return fake


def make_labels(folder: Path, levels: list[int], **fields: object) -> Path:
    """300w_afw_00000.png, ... with one face each."""
    lines = []
    for index, level in enumerate(levels):
        name = f"300w_afw_{index:05}.png"
        cv2.imwrite(str(folder / name), np.full((200, 200, 3), level, np.uint8))
        extra = {key: index if value == "index" else value for key, value in fields.items()}
        lines.append(json.dumps({"image": name, "source": "300w_afw", "points": SHAPE.tolist(), **extra}))
    path = folder / "labels.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_json_holds_the_documented_fields(tmp_path: Path) -> None:
    target = tmp_path / "result.json"
    assert evaluate.main([str(make_labels(tmp_path, [200, 200, 10, 200])), "--json", str(target)]) == 0
    record = json.loads(target.read_text())
    assert set(record) >= FIELDS
    assert (record["faces"], record["missed"], record["weights"], record["boxes"]) == (4, 1, "fake", "detector")
    assert record["nme_mean"] == pytest.approx(5.0, abs=1e-3)
    assert record["nme_std"] == pytest.approx(0.0, abs=1e-3)
    assert list(record["nme_by_region"]) == list(REGIONS)
    assert list(record["nme_by_region"].values()) == pytest.approx([5.0] * len(REGIONS), abs=1e-3)
    assert record["failure_rate_10"] == 25.0
    assert record["auc_8"] == pytest.approx(100 * 3 / 4 * 3 / 8, abs=1e-3)
    assert record["ms_per_face"] >= 0
    assert record["flicker"] is None


def test_the_table_is_readable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate.main([str(make_labels(tmp_path, [200, 10]))]) == 0
    lines = {line[:22].strip(): line[22:] for line in capsys.readouterr().out.splitlines()}
    assert lines["faces"] == "2, 1 of them missed"
    assert lines["NME mean"] == "5.00 %"
    assert lines["left eye"] == "5.00 %"
    assert lines["failures, NME > 10 %"] == "50.00 %"


def test_all_missed_is_null_in_json_and_a_dash_in_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "result.json"
    assert evaluate.main([str(make_labels(tmp_path, [10])), "--json", str(target)]) == 0
    record = json.loads(target.read_text())
    assert record["nme_mean"] is None
    assert record["nme_by_region"]["jaw"] is None
    assert "NME mean              -" in capsys.readouterr().out


def test_sequences_give_flicker(tmp_path: Path) -> None:
    target = tmp_path / "result.json"
    labels = make_labels(tmp_path, [200] * 4, sequence="walk", frame="index")
    assert evaluate.main([str(labels), "--json", str(target)]) == 0
    record = json.loads(target.read_text())
    assert record["flicker"] == pytest.approx(0.0, abs=1e-3)
    assert record["flicker_error"] == pytest.approx(0.0, abs=1e-3)
    assert record["flicker_frames"] == 2


@pytest.mark.parametrize(("split", "count"), [("all", 21), ("validation", 3), ("train", 18)])
def test_splits_follow_the_numbers_of_the_file_names(tmp_path: Path, split: str, count: int) -> None:
    target = tmp_path / "result.json"
    assert evaluate.main([str(make_labels(tmp_path, [200] * 21)), "--split", split, "--json", str(target)]) == 0
    assert json.loads(target.read_text())["faces"] == count


def test_worst_faces_are_drawn_truth_green_prediction_red(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "pictures"
    assert evaluate.main([str(make_labels(tmp_path, [200, 10])), "--worst", str(folder)]) == 0
    sheet = read_image(folder / "worst.png").astype(int)
    green = (sheet[..., 1] - sheet[..., 2] > 100).any(axis=0)
    red = (sheet[..., 2] - sheet[..., 1] > 100).any(axis=0)
    middle = sheet.shape[1] // 2
    # The missed face comes first and has no prediction.
    assert (green[:middle].any(), red[:middle].any()) == (True, False)
    assert (green[middle:].any(), red[middle:].any()) == (True, True)


def test_bad_input_is_one_line_on_stderr_and_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = make_labels(tmp_path, [200])
    for arguments, complaint in (
        ([str(tmp_path / "absent.jsonl")], "no such labels file"),
        ([str(labels), "--split", "train"], "no face of the split 'train'"),
        ([str(labels), "--json", str(labels)], "already an input"),
        ([str(labels), "--worst", str(labels)], "cannot be written"),
    ):
        assert evaluate.main(arguments) == 2
        (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("rednet-evaluate: ")]
        assert complaint in line
    (tmp_path / "300w_afw_00000.png").unlink()
    assert evaluate.main([str(labels)]) == 2
    assert "300w_afw_00000.png: no such image file" in capsys.readouterr().err
