"""One thread and known random numbers for every test of inference; a small network and its files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rednet_ros.inference import step_file
from rednet_ros.inference.export import to_onnx
from rednet_ros.inference.torch_runtime import describe
from rednet_ros.network import weights
from rednet_ros.network.rednet import REDNet
from rednet_ros.tracking.crops import CropTransform

INFO = weights.WeightsInfo("tiny", "for tests", "noise")


@pytest.fixture(autouse=True)
def _steady(one_thread_and_seed: None) -> None:
    """Every test of this folder."""


@pytest.fixture
def info() -> weights.WeightsInfo:
    """Of every file here."""
    return INFO


@pytest.fixture
def network(small_network: Callable[..., Any]) -> REDNet:
    """Of the shape of the shipped weights."""
    return small_network(backbone="resnet14", regression_maps="softmax")


@pytest.fixture
def exported(tmp_path: Path) -> Callable[[REDNet], Path]:
    """Writes a network's weights, and beside them its step; gives the path of the weights."""

    def write(network: REDNet) -> Path:
        path = tmp_path / "mine.safetensors"
        weights.save(path, network, INFO)
        step_file.write(path, to_onnx(network), describe(network, INFO))
        return path

    return write


@pytest.fixture
def portrait_crops() -> Callable[[int], np.ndarray]:
    """`portrait_crops(size_px)`: N x S x S x 3 of scikit-image's public-domain portrait."""
    data = pytest.importorskip("skimage.data", reason="the portrait is in scikit-image")
    image = np.ascontiguousarray(data.astronaut()[..., ::-1])

    def make(size_px: int) -> np.ndarray:
        places = [((224.0, 118.0), 150.0, 0.0), ((232.0, 110.0), 130.0, 0.2), ((215.0, 125.0), 180.0, -0.3)]
        return np.stack([CropTransform(*place, size_px).extract(image) for place in places])

    return make
