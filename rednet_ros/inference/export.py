"""The network as one module of tensors in, tensors out: what `torch.export` and TensorRT take. Needs torch alone."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from rednet_ros.inference.graph import FrameGraph
from rednet_ros.network.config import RESNET_UNITS, REDNetConfig
from rednet_ros.network.rednet import REDNet
from rednet_ros.resources import DEFAULT_WEIGHTS

ARCHITECTURES: dict[str, REDNetConfig] = {
    "vgg": REDNetConfig(),
    **{name: REDNetConfig(backbone=name) for name in RESNET_UNITS},
    "lite": REDNetConfig(backbone="resnet14", width=0.25, crop_px=96, regression_maps="softmax"),
}
"""Networks that `exportable` builds with random weights, to look at what an export of them holds.

"lite" is the shape of the small shipped weights; all have the temporal module and the identity branch.
"""


def exportable(weights: str | Path = DEFAULT_WEIGHTS, faces: int = 1) -> tuple[FrameGraph, tuple[Tensor, ...]]:
    """The graph from images to landmarks, ready for `torch.export.export`, and example inputs for `faces` faces.

    It is in eval mode on the CPU; the inputs are of one VGA image (`FrameGraph.example_inputs`).

    `weights`: a name of `ARCHITECTURES` for random weights; else shipped weights or a weights file.

    Raises:
        WeightsError: the weights cannot be used.
        ValueError: `faces` is below 1.
    """
    if int(faces) < 1:
        raise ValueError(f"faces is {faces}: an export needs at least 1")
    module = FrameGraph(_network(weights)).eval()
    return module, module.example_inputs(int(faces))


def _network(weights: str | Path) -> REDNet:
    if str(weights) in ARCHITECTURES:
        return REDNet(ARCHITECTURES[str(weights)])
    # Only here, so that random weights need no safetensors.
    from rednet_ros.network.weights import load

    return load(weights)[0]
