import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from rednet_ros.cli import export
from rednet_ros.errors import InputError
from rednet_ros.inference.engine import LandmarkEngine
from rednet_ros.network import weights
from rednet_ros.tracking.types import Box, Detection

INFO = weights.WeightsInfo("tiny", "for tests", "noise", motion={"gain": [0.5]})


@pytest.fixture
def weights_file(small_network, tmp_path: Path) -> Path:
    path = tmp_path / "mine.safetensors"
    weights.save(path, small_network(backbone="resnet14", regression_maps="softmax"), INFO)
    return path


def test_a_step_is_written_beside_the_weights_and_used(weights_file, capsys):
    assert export.main(["--weights", str(weights_file)]) == 0
    assert "give --faces" in capsys.readouterr().out
    assert json.loads(weights_file.with_suffix(".json").read_text())["name"] == "tiny"
    engine = LandmarkEngine.load(weights_file, "cpu", backend="opencv")
    assert engine.backend == "opencv float32"
    assert engine.motion == {"gain": [0.5]}


def test_what_is_not_installed_is_reported(weights_file, monkeypatch, capsys):
    monkeypatch.setitem(__import__("sys").modules, "torch_tensorrt", None)
    monkeypatch.setenv("REDNET_ROS_CACHE", str(weights_file.parent / "cache"))
    assert export.main(["tensorrt", "--weights", str(weights_file)]) == 2
    assert "is not installed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--weights", "no-such"], "no shipped weights named"),
        (["--faces", "no-such.mp4"], "no-such.mp4"),
        (["int8"], "give --faces"),
        (["tensorrt", "--output", "no/such/folder/net.ep"], "does not exist"),
    ],
)
def test_bad_arguments_are_reported_before_anything_is_built(weights_file, arguments, reason, capsys):
    usual = [] if "--weights" in arguments else ["--weights", str(weights_file)]
    assert export.main([*usual, *arguments]) == 2
    assert reason in capsys.readouterr().err
    assert not weights_file.with_suffix(".onnx").exists()


class PairDetector:
    """Finds two faces in every image."""

    def detect(self, image):
        return [Detection(Box(20 + 40 * number, 20, 30, 36), 0.9, None) for number in (0, 1)]


def test_crops_are_taken_of_every_fifth_frame(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "load_detector", PairDetector)
    for number in range(11):
        cv2.imwrite(str(tmp_path / f"{number:02}.png"), np.full((96, 128, 3), number, np.uint8))
    crops = export.sample_crops(str(tmp_path), 64)
    assert crops.shape == (6, 64, 64, 3)
    assert [int(crop.mean()) for crop in crops] == [0, 0, 5, 5, 10, 10]


def test_a_source_without_faces_is_refused(tmp_path, monkeypatch):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((96, 128, 3), np.uint8))
    monkeypatch.setattr(export, "load_detector", type("Nobody", (), {"detect": lambda self, image: []}))
    with pytest.raises(InputError, match="no face"):
        export.sample_crops(str(tmp_path), 64)


def test_parity_is_the_distance_of_the_landmarks(small_network):
    engine = LandmarkEngine.of_network(small_network(backbone="resnet14", regression_maps="softmax"), INFO)
    crops = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)

    class Moved:
        def run(self, crops):
            estimate = engine.run(crops)
            moved_px = estimate.landmarks_px.copy()
            moved_px[0, 3] += 3.0
            return replace(estimate, landmarks_px=moved_px)

    parity = export.measure_parity(engine, Moved(), crops)
    assert parity.max_px == pytest.approx(18**0.5, abs=1e-3)
    assert parity.mean_px == pytest.approx(18**0.5 / 136, abs=1e-3)
    assert parity.crops == 2


def test_a_folder_that_cannot_be_written_to_is_reported_before_anything_is_built(weights_file, monkeypatch, capsys):
    monkeypatch.setattr("os.access", lambda *_: False)
    assert export.main(["--weights", str(weights_file)]) == 2
    assert "mine.onnx" in capsys.readouterr().err
