"""rednet-evaluate --verification."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from rednet_ros.cli import evaluate
from rednet_ros.evaluation.networks import Network
from rednet_ros.inference.types import Estimate, FaceState
from rednet_ros.media.images import read_image
from rednet_ros.tracking.crops import CROP_SCALE
from rednet_ros.tracking.mean_shape import MEAN_SHAPE
from rednet_ros.tracking.types import Box, Detection, FloatArray, ImageArray


class ColorEngine:
    """Its identity code is the crop's pattern, thumbnail-sized."""

    crop_size_px, identity_threshold = 64, None

    def __init__(self, weights_name: str, gives_identity: bool) -> None:
        self.weights_name, self.gives_identity = weights_name, gives_identity

    def initial_state(self, faces: int) -> FaceState | None:
        return None

    def run(self, crops: ImageArray, previous_px: FloatArray, state: FaceState | None) -> Estimate:
        box = Box.around(MEAN_SHAPE)
        landmarks = (MEAN_SHAPE - box.center) * 64 / CROP_SCALE / max(box.width, box.height) + 31.5
        looks = [cv2.resize(crop, (4, 4), interpolation=cv2.INTER_AREA).astype(np.float32).ravel() for crop in crops]
        codes = np.array([(look - look.mean()) / np.linalg.norm(look - look.mean()) for look in looks])
        return Estimate(
            np.array([landmarks] * len(crops), np.float32),
            np.full((len(crops), 68), 0.9, np.float32),
            codes if self.gives_identity else None,
            None,
        )


class BlindDetector:
    def detect(self, image_bgr: ImageArray) -> list[Detection]:
        return []


@pytest.fixture
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    def open_tiny(weights: list[str], device: str, major_only: bool, steps: int | None = None) -> list[Network]:
        return [Network(name, ColorEngine(name, name == "who"), BlindDetector()) for name in weights]

    monkeypatch.setattr(evaluate, "open_networks", open_tiny)


def make_people(folder: Path, with_sequences: bool = True) -> Path:
    """Three people, each of one pattern, twice in two videos each: a little brighter every time."""
    lines = []
    for person in range(3):
        pattern = np.random.default_rng(person).integers(0, 200, (8, 8, 3)).astype(np.uint8)
        for picture in range(4):
            name = f"{person}_{picture}.png"
            cv2.imwrite(str(folder / name), cv2.resize(pattern, (120, 120)) + np.uint8(3 * picture))
            row = {"image": name, "points": (MEAN_SHAPE * 40 + 60).tolist(), "identity": f"person {person}"}
            if with_sequences:
                row |= {"sequence": f"{person}, video {picture // 2}", "frame": picture}
            lines.append(json.dumps(row))
    path = folder / "labels.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.usefixtures("_tiny")
def test_people_are_told_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    target, curve = tmp_path / "people.json", tmp_path / "roc.png"
    arguments = ["--verification", "--boxes", "truth", "--weights", "who", "--json", str(target), "--roc", str(curve)]
    assert evaluate.main([str(make_people(tmp_path)), *arguments]) == 0
    record = json.loads(target.read_text())
    pairs, other_video = record["pairs"]["all pairs"], record["pairs"]["one person in two videos"]
    assert (pairs["same"], pairs["different"]) == (3 * 6, 3 * 16)
    assert (other_video["same"], other_video["different"]) == (3 * 4, 3 * 16)
    assert pairs["auc"] > 0.9  # the pictures of a person are nearly the same
    assert pairs["eer"] < 20
    rates = [point["true_accept"] for point in pairs["operating_points"]]
    assert rates == sorted(rates, reverse=True)
    assert (read_image(curve).astype(int).std(axis=2) > 20).sum() > 300  # coloured lines
    assert "equal error rate" in capsys.readouterr().out


@pytest.mark.usefixtures("_tiny")
def test_portraits_are_compared_one_for_each_sequence(tmp_path: Path) -> None:
    target = tmp_path / "people.json"
    arguments = ["--verification", "--portraits", "2", "--boxes", "truth", "--weights", "who", "--json", str(target)]
    assert evaluate.main([str(make_people(tmp_path)), *arguments]) == 0
    pairs = json.loads(target.read_text())["pairs"]
    assert list(pairs) == ["all pairs"]
    assert (pairs["all pairs"]["same"], pairs["all pairs"]["different"]) == (3, 3 * 4)
    assert evaluate.main([str(make_people(tmp_path)), *arguments[:2], "3", *arguments[3:]]) == 2  # no such long one


@pytest.mark.usefixtures("_tiny")
@pytest.mark.parametrize(
    ("weights", "boxes", "complaint"),
    [
        ("nobody", "truth", "recognizer nobody has no identity branch"),
        ("who", "detector", "no face was found"),
    ],
)
def test_what_cannot_be_verified(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], weights: str, boxes: str, complaint: str
) -> None:
    labels = make_people(tmp_path, with_sequences=False)
    assert evaluate.main([str(labels), "--verification", "--boxes", boxes, "--weights", weights]) == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.usefixtures("_tiny")
def test_several_recognizers_stand_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Colors:
        """By the middle of the face."""

        name, license, threshold, looks, problem = "colors", "none", None, True, ""

        def vector(self, image_bgr: ImageArray, landmarks_px: FloatArray) -> FloatArray:
            x, y = landmarks_px.mean(axis=0).astype(int)
            code = image_bgr[y - 20 : y + 20, x - 20 : x + 20].astype(np.float32).reshape(-1)
            return (code - code.mean()) / np.float32(np.linalg.norm(code - code.mean()))

    load = evaluate.load_recognizer
    monkeypatch.setattr(evaluate, "load_recognizer", lambda name, of: Colors() if name == "colors" else load(name, of))
    target, labels = tmp_path / "people.json", make_people(tmp_path)
    chosen = ["--recognizer", "weights", "--recognizer", "colors"]
    arguments = ["--verification", "--boxes", "truth", "--weights", "who", "--json", str(target), *chosen]
    for portraits in ([], ["--portraits", "2"]):
        assert evaluate.main([str(labels), *arguments, *portraits]) == 0
        records = json.loads(target.read_text())
        assert [record["recognizer"] for record in records] == ["weights", "colors"]
        assert all(record["pairs"]["all pairs"]["auc"] > 0.9 for record in records)


@pytest.mark.usefixtures("_tiny")
def test_faces_need_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = make_people(tmp_path)
    rows = [json.loads(line) for line in labels.read_text().splitlines()]
    labels.write_text("".join(json.dumps({**row, "identity": None}) + "\n" for row in rows))
    assert evaluate.main([str(labels), "--verification", "--weights", "who"]) == 2
    assert 'need faces with an "identity"' in capsys.readouterr().err.replace("needs", "need")
