import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from rednet_ros.cli import export, export_parity
from rednet_ros.errors import InputError
from rednet_ros.inference.engine import LandmarkEngine
from rednet_ros.inference.engine_file import CACHE_VARIABLE
from rednet_ros.network import weights
from rednet_ros.tracking.types import Box, Detection

INFO = weights.WeightsInfo("tiny", "for tests", "noise")


@pytest.fixture
def weights_file(small_network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    path = tmp_path / "mine.safetensors"
    weights.save(path, small_network(backbone="resnet14", regression_maps="softmax"), INFO)
    return path


@pytest.mark.parametrize("backend", ["openvino", "tensorrt"])
def test_what_is_not_installed_is_told(weights_file, backend, monkeypatch, capsys):
    for name in ("openvino", "torch_tensorrt"):
        monkeypatch.setitem(__import__("sys").modules, name, None)
    assert export.main([backend, "--weights", str(weights_file)]) == 2
    assert "is not installed" in capsys.readouterr().err
    assert not (weights_file.parent / "cache").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--weights", "no-such"], "no shipped weights named"),
        (["--faces", "no-such.mp4"], "no-such.mp4"),
        (["--output", "no/such/folder/net.xml"], "does not exist"),
    ],
)
def test_bad_arguments_are_told_before_anything_is_built(weights_file, arguments, told, capsys):
    usual = [] if "--weights" in arguments else ["--weights", str(weights_file)]
    assert export.main(["openvino", *usual, *arguments]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("openvino") is None, reason="OpenVINO is not installed")
def test_an_openvino_engine_is_built_checked_and_used(weights_file, capsys):
    assert export.main(["openvino", "--weights", str(weights_file)]) == 0
    assert "give --faces" in capsys.readouterr().out
    (sidecar,) = (weights_file.parent / "cache").glob("*.json")
    assert json.loads(sidecar.read_text())["precision"] == "float32"
    assert LandmarkEngine.load(weights_file, "cpu").backend == "openvino float32"


class PairDetector:
    """Finds two faces in every image."""

    def detect(self, image):
        return [Detection(Box(20 + 40 * number, 20, 30, 36), 0.9, None) for number in (0, 1)]


def test_crops_are_taken_of_every_fifth_frame(tmp_path):
    for number in range(11):
        cv2.imwrite(str(tmp_path / f"{number:02}.png"), np.full((96, 128, 3), number, np.uint8))
    crops = export_parity.sample_crops(str(tmp_path), 64, PairDetector())
    assert crops.shape == (6, 64, 64, 3)
    assert [int(crop.mean()) for crop in crops] == [0, 0, 5, 5, 10, 10]


def test_a_source_without_faces_is_refused(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((96, 128, 3), np.uint8))
    nobody = type("Nobody", (), {"detect": lambda self, image: []})()
    with pytest.raises(InputError, match="no face"):
        export_parity.sample_crops(str(tmp_path), 64, nobody)


def test_parity_is_the_distance_of_the_landmarks(small_network):
    network = small_network(backbone="resnet14", regression_maps="softmax")
    engine = LandmarkEngine(network, INFO)
    crops = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)

    class Moved:
        def run(self, crops):
            estimate = engine.run(crops)
            moved_px = estimate.landmarks_px.clone()
            moved_px[0, 3] += 3.0
            return replace(estimate, landmarks_px=moved_px)

    parity = export_parity.measure_parity(engine, Moved(), crops)
    assert parity.max_px == pytest.approx(18**0.5, abs=1e-3)
    assert parity.mean_px == pytest.approx(18**0.5 / 136, abs=1e-3)
    assert parity.crops == 2


def test_a_cache_that_cannot_be_written_is_told_before_anything_is_built(weights_file, monkeypatch, capsys):
    monkeypatch.setattr("os.access", lambda *_: False)
    monkeypatch.setattr("rednet_ros.inference.backends.openvino.build", None)
    assert export.main(["openvino", "--weights", str(weights_file)]) == 2
    assert f"give --output, or set {CACHE_VARIABLE}" in capsys.readouterr().err
