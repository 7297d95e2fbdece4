import importlib.util

import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.inference import quantize, step_file
from rednet_ros.inference.engine import LandmarkEngine
from rednet_ros.resources import models_dir

needs_nncf = pytest.mark.skipif(
    importlib.util.find_spec("nncf") is None or importlib.util.find_spec("openvino") is None,
    reason="NNCF or OpenVINO is not installed: pip install 'rednet_ros[int8,fast]'",
)


@pytest.fixture
def crops():
    """Of no face, but every network answers."""
    return np.random.default_rng(7).integers(0, 256, (6, 64, 64, 3), dtype=np.uint8)


@needs_nncf
@pytest.mark.slow
def test_a_step_in_8_bits_gives_about_the_same_landmarks(portrait_crops, tmp_path, monkeypatch):
    monkeypatch.setattr("rednet_ros.inference.openvino._multiplies_bf16", lambda core: False)
    for path in models_dir().glob("rednet-lite-clean.*"):
        if path.suffix not in (".safetensors", ".md"):
            (tmp_path / path.name).write_bytes(path.read_bytes())
    weights = tmp_path / "rednet-lite-clean.safetensors"
    crops = portrait_crops(128)
    exact = LandmarkEngine.load(weights, "cpu", backend="opencv").run(crops)
    step_file.write_int8(weights, *quantize.quantize(step_file.read(weights), crops))
    engine = LandmarkEngine.load(weights, "cpu", backend="openvino")
    assert engine.backend == "openvino int8"
    assert np.abs(engine.run(crops).landmarks_px - exact.landmarks_px).mean() < 0.5


@needs_nncf
def test_only_mobile_networks_are_quantised(network, exported, crops):
    with pytest.raises(InputError, match="only mobile networks are quantised, not resnet14"):
        quantize.quantize(step_file.read(exported(network)), crops)


def test_without_nncf_the_extra_is_named(network, exported, crops, monkeypatch):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "nncf" else find_spec(name))
    with pytest.raises(InputError, match=r"rednet_ros\[int8\]"):
        quantize.quantize(step_file.read(exported(network)), crops)
