import json
import re
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import cv2
import numpy as np
import pytest

from rednet_ros.cli import evaluate
from rednet_ros.evaluation.memory import Memory
from rednet_ros.landmarks import REGIONS
from rednet_ros.media.images import read_image
from rednet_ros.resources import DEFAULT_WEIGHTS
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


class FakeFinder:
    """Is off by 2 of 40 px, or misses dark faces."""

    def begin(self, image_bgr: ImageArray, box: Box) -> FloatArray | None:
        return None if image_bgr.mean() < 50 else SHAPE + np.array([2, 0], np.float32)


class FakeFollower:
    """Off by 1 px with state, 2 without, 3 without z0, in turn to the left and right; from a dark frame on lost."""

    def __init__(self, memory: Memory) -> None:
        self._off_px = 1 + list(Memory).index(memory)
        self._age, self._lost_px = 0, 0

    def begin(self, image: ImageArray, box: Box) -> FloatArray | None:
        self._lost_px = 0
        return self.follow(image)

    def follow(self, image: ImageArray) -> FloatArray | None:
        self._age += 1
        self._lost_px += 20 * (image.mean() < 50)
        return SHAPE + np.array([self._off_px * (-1) ** self._age + self._lost_px, 0], np.float32)


@dataclass(frozen=True)
class FakeNetwork:
    title: str
    has_state: bool = True
    weights_mb: float | None = 4.0

    def follower(self, from_truth: bool, memory: Memory | None) -> FakeFinder | FakeFollower:
        return FakeFinder() if memory is None else FakeFollower(memory)


@pytest.fixture(autouse=True)
def _networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights called "still..." have no temporal module; none given are called "fake"."""

    def open_fakes(weights: list[str], device: str, major_only: bool, steps: int | None = None) -> list[FakeNetwork]:
        titles = ["fake" if name == DEFAULT_WEIGHTS else name for name in weights]
        return [FakeNetwork(title, has_state=not title.startswith("still")) for title in titles]

    monkeypatch.setattr(evaluate, "open_networks", open_fakes)


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


def test_people_that_are_never_trained_on_are_a_split(tmp_path: Path) -> None:
    labels = make_labels(tmp_path, [200] * 21)
    rows = [json.loads(line) for line in labels.read_text().splitlines()]
    named = [{**row, "source": "clips", "identity": f"person {index}"} for index, row in enumerate(rows)]
    labels.write_text("".join(json.dumps(row) + "\n" for row in [*rows, *named]))
    target = tmp_path / "result.json"
    assert evaluate.main([str(labels), "--split", "apart", "--json", str(target)]) == 0
    strangers = [row for row in named if crc32(row["identity"].encode()) % 10 == 0]
    assert strangers
    assert json.loads(target.read_text())["faces"] == 3 + len(strangers)


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
        ([], "give a labels file"),
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


def columns(text: str) -> dict[str, list[str]]:
    """Name -> the cells behind it."""
    return {line[:22].strip(): re.split(r"\s{2,}", line[22:].strip()) for line in text.splitlines()}


def test_several_weights_stand_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "result.json"
    arguments = [str(make_labels(tmp_path, [200, 10])), "--weights", "a", "--weights", "b", "--json", str(target)]
    assert evaluate.main(arguments) == 0
    table = columns(capsys.readouterr().out)
    assert table["weights"] == ["a", "b"]
    assert table["NME mean"] == ["5.00 %", "5.00 %"]
    assert [record["weights"] for record in json.loads(target.read_text())] == ["a", "b"]


def test_networks_can_be_compared_by_the_landmarks_that_all_of_them_find(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def wrong_but_for_7(finder: FakeFinder, image_bgr: ImageArray, box: Box) -> FloatArray:
        found = SHAPE + np.float32(50)
        found[[36, 39, 42, 45, 30, 48, 54]] = SHAPE[[36, 39, 42, 45, 30, 48, 54]] + np.array([1, 0], np.float32)
        return found

    monkeypatch.setattr(FakeFinder, "begin", wrong_but_for_7)
    target = tmp_path / "result.json"
    labels = make_labels(tmp_path, [200, 200])
    arguments = [str(labels), "--landmarks", "7", "--json", str(target), "--worst", str(tmp_path)]
    assert evaluate.main(arguments) == 0
    record = json.loads(target.read_text())
    assert record["nme_mean"] == record["nme_detection7"] == pytest.approx(2.5, abs=1e-3)
    assert (record["failure_rate_10"], record["nme_by_region"]["jaw"]) == (0.0, None)
    assert columns(capsys.readouterr().out)["landmarks"] == ["the 7 of detection"]


def test_tracking_with_and_without_state(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = make_labels(tmp_path, [200] * 4, sequence="walk", frame="index")
    target = tmp_path / "result.json"
    assert evaluate.main([str(labels), "--protocol", "tracking", "--stateless", "--json", str(target)]) == 0
    with_state, without, without_z0 = json.loads(target.read_text())
    assert (with_state["memory"], without["memory"]) == ("with state", "without state")
    assert without_z0["memory"] == "without state and z0"
    assert (with_state["nme_mean"], without["nme_mean"]) == pytest.approx((2.5, 5.0), abs=1e-3)
    assert (with_state["flicker_error"], without["flicker_error"]) == pytest.approx((10.0, 20.0), abs=1e-3)
    assert (with_state["error_over_time"], without["error_over_time"]) == ([2.5] * 4, [5.0] * 4)
    assert columns(capsys.readouterr().out)["protocol"][0] == "tracking, with state"


def test_weights_without_a_temporal_module_say_so(tmp_path: Path) -> None:
    labels = make_labels(tmp_path, [200] * 3, sequence="walk", frame="index")
    target = tmp_path / "result.json"
    arguments = [str(labels), "--protocol", "tracking", "--weights", "still", "--json", str(target)]
    assert evaluate.main(arguments) == 0
    assert json.loads(target.read_text())["memory"] == "without state"


def test_a_lost_face_is_looked_for_again_on_demand(tmp_path: Path) -> None:
    labels = make_labels(tmp_path, [200, 10, 200], sequence="walk", frame="index")
    target = tmp_path / "result.json"
    for extra, failures in (([], 200 / 3), (["--reinit"], 100 / 3), (["--reinit", "90"], 200 / 3)):
        assert evaluate.main([str(labels), "--protocol", "tracking", *extra, "--json", str(target)]) == 0
        assert json.loads(target.read_text())["failure_rate_10"] == pytest.approx(failures, abs=1e-3)


def test_landmarks_that_are_not_annotated_change_the_unit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = make_labels(tmp_path, [200])
    row = json.loads(labels.read_text())
    row["points"][36] = None
    row["box"] = [60, 60, 80, 80]
    labels.write_text(json.dumps(row) + "\n")
    assert evaluate.main([str(labels)]) == 0
    table = columns(capsys.readouterr().out)
    assert table["unit of errors"] == ["size of the data set's face box"]
    assert table["NME mean"] == ["2.50 %"]


def test_curves_are_pictures_with_a_line_for_each_run(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    labels = make_labels(tmp_path, [200] * 4, sequence="walk", frame="index")
    ced, over_time = tmp_path / "ced.png", tmp_path / "time.png"
    arguments = ["--protocol", "tracking", "--stateless", "--ced", str(ced), "--over-time", str(over_time)]
    assert evaluate.main([str(labels), *arguments]) == 0
    for path in (ced, over_time):
        picture = read_image(path).astype(int)
        assert min(picture.shape[:2]) > 400
        assert (abs(picture - (168, 95, 31)).max(axis=2) < 40).sum() > 100  # the first run's blue
        assert (abs(picture - (46, 69, 200)).max(axis=2) < 40).sum() > 100  # the second's red


def test_a_table_of_the_paper(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = make_labels(tmp_path, [200] * 4, sequence="walk", frame="index")
    assert evaluate.main([f"easy={labels}", "--table", "8"]) == 0
    out = capsys.readouterr().out
    lines = {line.split("|")[1].strip(): line for line in out.splitlines() if line.startswith("| ")}
    header = [cell.strip() for cell in lines[""].split("|")]
    ours = [cell.strip() for cell in lines["fake, with state"].split("|")]
    assert ours[header.index("easy, mean %")] == "2.50"
    assert ours[header.index("full, flicker of the error %")] == "10.00"
    assert ours[header.index("common, mean %")] == "-"
    assert "fake, without state and z0" in lines
    assert "paper, with temporal module" in lines
    assert "Unit of the errors on easy: distance of the outer eye corners." in out


def test_yaw_divides_the_faces_of_table_6(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = make_labels(tmp_path, [200, 10, 200])
    rows = [
        json.loads(line) | {"yaw_rad": yaw}
        for line, yaw in zip(labels.read_text().splitlines(), (0, 1, 1), strict=True)
    ]
    labels.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert evaluate.main([str(labels), "--table", "6"]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| fake")]
    assert [cell.strip() for cell in line.split("|")[2:-1]] == ["5.00", "0.00", "5.00", "50.00"]


def make_300vw(folder: Path, videos: dict[str, list[int]]) -> Path:
    """Number of a video -> grey levels of its frames; in the layout of the official archive."""
    for name, levels in videos.items():
        (folder / name / "annot").mkdir(parents=True)
        writer = cv2.VideoWriter(str(folder / name / "vid.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 25, (200, 200))
        for number, level in enumerate(levels, 1):
            writer.write(np.full((200, 200, 3), level, np.uint8))
            points = "\n".join(f"{x + 1:.4f} {y + 1:.4f}" for x, y in SHAPE)
            text = f"version: 1\nn_points: 68\n{{\n{points}\n}}\n"
            (folder / name / "annot" / f"{number:06}.pts").write_text(text)
        writer.release()
    return folder


def test_a_user_of_300vw_prints_table_8_with_one_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One video of category 1 and one of category 3, in whose last two frames the face is lost."""
    folder = make_300vw(tmp_path / "300VW", {"401": [200] * 4, "410": [200, 200, 10, 10]})
    assert evaluate.main([f"300vw:{folder}", "--table", "8"]) == 0
    out = capsys.readouterr().out
    lines = {line.split("|")[1].strip(): line for line in out.splitlines() if line.startswith("| ")}
    header = [cell.strip() for cell in lines[""].split("|")]
    ours = dict(zip(header, (cell.strip() for cell in lines["fake, with state"].split("|")), strict=True))
    assert (ours["common, mean %"], ours["common, failures %"]) == ("2.50", "0.00")
    assert (ours["challenging, failures %"], ours["full, failures %"]) == ("50.00", "25.00")
    without = dict(zip(header, (cell.strip() for cell in lines["fake, without state"].split("|")), strict=True))
    assert (without["common, mean %"], without["common, flicker of the error %"]) == ("5.00", "20.00")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["L", "--stateless"], "--stateless needs --protocol tracking"),
        (["L", "--reinit"], "--reinit needs --protocol tracking"),
        (["L", "--over-time", "x.png"], "--over-time needs --protocol tracking"),
        (["L", "--roc", "x.png"], "--roc needs --verification"),
        (["L", "--portraits", "3"], "--portraits needs --verification"),
        (["L", "--verification", "--table", "8"], "give one of them"),
        (["L", "--flicker", "a.mp4"], "--flicker takes clips only"),
        (["L", "--table", "8", "--ced", "x.png"], "--ced is not for --table"),
        (["L", "--protocol", "tracking"], 'has no "sequence"'),
        (["=L", "--table", "8"], "give a group as NAME=DATA"),
        (["--flicker", "gone.mp4"], "gone.mp4: no such video or folder"),
    ],
)
def test_arguments_that_do_not_fit(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    complaint: str,
) -> None:
    make_labels(tmp_path, [200]).rename(tmp_path / "L")
    monkeypatch.chdir(tmp_path)
    assert evaluate.main(arguments) == 2
    assert complaint in capsys.readouterr().err
