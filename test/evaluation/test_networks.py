from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rednet_ros.errors import InputError
from rednet_ros.evaluation.major_landmarks import MajorEngine
from rednet_ros.evaluation.networks import open_networks
from rednet_ros.inference import step_file
from rednet_ros.inference.export import to_onnx
from rednet_ros.inference.torch_runtime import describe
from rednet_ros.landmarks import DETECTION_INDICES
from rednet_ros.network import weights
from rednet_ros.network.rednet import normalise, read_landmarks
from rednet_ros.tracking.crops import CropTransform


def save(folder: Path, network: Any, name: str) -> str:
    path = folder / f"{name}.safetensors"
    weights.save(path, network, weights.WeightsInfo("same name", "none", "none"))
    return str(path)


def test_weights_of_one_name_are_told_apart_by_their_files(tmp_path: Path, small_network: Callable[..., Any]) -> None:
    first = save(tmp_path, small_network(temporal="none"), "a")
    second = save(tmp_path, small_network(temporal="residual"), "b")
    alone, *_ = open_networks([first], "cpu")
    assert alone.title == "same name"
    networks = open_networks([first, second], "cpu")
    assert [network.title for network in networks] == [first, second]
    assert [network.has_state for network in networks] == [False, True]
    assert networks[0].weights_mb == pytest.approx(Path(first).stat().st_size / 1e6)


def test_networks_that_end_with_a_detection_need_to_be_asked_for(
    tmp_path: Path, small_network: Callable[..., Any]
) -> None:
    path = save(tmp_path, small_network(steps=("detection", "detection")), "det")
    with pytest.raises(InputError, match="find 7 landmarks only: compare by these, with --landmarks 7"):
        open_networks([path], "cpu")
    (network,) = open_networks([path], "cpu", major_only=True)
    assert network.has_state


def test_the_seven_landmarks_are_the_networks_and_the_others_make_a_face(small_network: Callable[..., Any]) -> None:
    torch.set_num_threads(1)
    network = small_network(steps=("detection",), temporal="none")
    crops = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3)).astype(np.uint8)
    previous = np.full((2, 68, 2), np.nan, np.float32)
    estimate = MajorEngine(network, "det", "cpu").run(crops, previous, None)
    rgb = torch.from_numpy(np.ascontiguousarray(crops[..., ::-1])).permute(0, 3, 1, 2)
    with torch.no_grad():
        output = network(normalise(rgb), network.draw_z0(torch.full((2, 7, 2), torch.nan)))
    expected, _ = read_landmarks(output, network.config)
    np.testing.assert_allclose(estimate.landmarks_px[:, list(DETECTION_INDICES)], expected, atol=1e-4)
    assert np.isfinite(estimate.landmarks_px).all()
    assert CropTransform.from_landmarks(estimate.landmarks_px[0], 64).side_px > 1


def test_a_direct_network_takes_as_many_steps_as_it_is_told_to(
    tmp_path: Path, small_network: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside its own choice: two for a new face, one for a face that is where it was expected."""
    monkeypatch.setattr("rednet_ros.inference.openvino._multiplies_bf16", lambda core: False)
    network = small_network(backbone="mobile", direct=True, regression_maps="softmax")
    info = weights.WeightsInfo("direct", "none", "none")
    path = save(tmp_path, network, "direct")
    step_file.write(Path(path), to_onnx(network), describe(network, info))
    crops = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3)).astype(np.uint8)
    new = np.full((1, 68, 2), np.nan, np.float32)
    found = {}
    for steps in (None, 1, 2):
        (each,) = open_networks([path], "cpu", steps=steps)
        found[steps] = each.engine.run(crops, new, each.engine.initial_state(1)).landmarks_px
    np.testing.assert_allclose(found[2], found[None], atol=0.02)
    assert np.abs(found[1] - found[2]).max() > 0.1
    plain = small_network(backbone="resnet14", regression_maps="softmax")
    other = save(tmp_path, plain, "plain")
    step_file.write(Path(other), to_onnx(plain), describe(plain, info))
    with pytest.raises(InputError, match="only a direct network"):
        open_networks([other], "cpu", steps=1)
