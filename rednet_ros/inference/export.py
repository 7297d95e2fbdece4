"""The network as one module of tensors in, tensors out: what `torch.export` and TensorRT take. Needs torch alone."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from rednet_ros.landmarks import DETECTION_INDICES, LANDMARK_COUNT
from rednet_ros.network.config import RESNET_UNITS, REDNetConfig
from rednet_ros.network.rednet import REDNet, normalise, read_landmarks, read_presence

ARCHITECTURES: dict[str, REDNetConfig] = {
    "vgg": REDNetConfig(),
    **{name: REDNetConfig(backbone=name) for name in RESNET_UNITS},
    "lite": REDNetConfig(backbone="resnet14", width=0.25, crop_px=96, regression_maps="softmax"),
}
"""Networks that `exportable` builds with random weights, to look at what an export of them holds.

"lite" is the shape of the small shipped weights; all have the temporal module and the identity branch.
"""


class ExportableNetwork(nn.Module):
    """One frame of N faces, from pixels to decoded landmarks, without Python values at its border.

    Takes `crops`, N x 3 x S x S float RGB 0..255; `z0`, N x 7 x S/2 x S/2 of `REDNet.draw_z0`; and of a network with a
    temporal module `hidden` and `cell`, N x 256 each, and of one with smoothing `previous_px`, N x 68 x 2, the previous
    landmarks in pixels of these crops (nan: none). Returns landmarks N x 68 x 2 in crop pixels and confidences
    N x 68; then, where the network has these parts: presence N x 7 (a detection step), identities N x 256 of unit
    length, and the next hidden and cell state. The values are those of `LandmarkEngine.run`.
    """

    def __init__(self, network: REDNet) -> None:
        super().__init__()
        self.network = network

    def forward(
        self,
        crops: Tensor,
        z0: Tensor,
        hidden: Tensor | None = None,
        cell: Tensor | None = None,
        previous_px: Tensor | None = None,
    ) -> tuple[Tensor, ...]:
        state = None if hidden is None or cell is None else (hidden, cell)
        output = self.network(normalise(crops).to(self.network.dtype), z0, state, previous_px)
        landmarks_px, confidence = read_landmarks(output, self.network.config)
        results = [landmarks_px, confidence]
        presence = read_presence(output.steps, landmarks_px, self.network.config)
        if presence is not None:
            results.append(presence)
        if output.identity is not None:
            results.append(nn.functional.normalize(output.identity.float()))
        if output.state is not None:
            results.extend(output.state)
        return tuple(results)

    def example_inputs(self, faces: int) -> tuple[Tensor, ...]:
        """Arguments of `forward` for faces without history, on the network's device: noise for crops."""
        network, size_px = self.network, self.network.config.crop_px
        crops = torch.rand(faces, 3, size_px, size_px, device=network.device) * 255
        unknown = torch.full((faces, len(DETECTION_INDICES), 2), torch.nan, device=network.device)
        inputs = [crops, network.draw_z0(unknown), *(network.initial_state(faces) or ())]
        if network.smoothing is not None:
            inputs.append(torch.full((faces, LANDMARK_COUNT, 2), torch.nan, device=network.device))
        return tuple(inputs)


def exportable(weights: str | Path = "rednet-lite", faces: int = 1) -> tuple[ExportableNetwork, tuple[Tensor, ...]]:
    """A network ready for `torch.export.export`, in eval mode on the CPU, and example inputs for `faces` faces.

    `weights`: a name of `ARCHITECTURES` for random weights; else shipped weights or a weights file.

    Raises:
        WeightsError: the weights cannot be used.
        ValueError: `faces` is below 1.
    """
    if int(faces) < 1:
        raise ValueError(f"faces is {faces}: an export needs at least 1")
    module = ExportableNetwork(_network(weights)).eval()
    return module, module.example_inputs(int(faces))


def _network(weights: str | Path) -> REDNet:
    if str(weights) in ARCHITECTURES:
        return REDNet(ARCHITECTURES[str(weights)])
    # Only here, so that random weights need no safetensors.
    from rednet_ros.network.weights import load

    return load(weights)[0]
