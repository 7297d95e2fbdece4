"""One recurrent step of RED-Net as a graph: for `torch.export` and TensorRT, and as an ONNX file for CPUs."""

from __future__ import annotations

import copy
import io
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from rednet_ros.errors import InputError, WeightsError
from rednet_ros.inference.step_file import step_inputs, step_outputs
from rednet_ros.network.config import RESNET_UNITS, STATE_SIZE, REDNetConfig
from rednet_ros.network.rednet import REDNet
from rednet_ros.network.temporal import LSTMCell

ARCHITECTURES: dict[str, REDNetConfig] = {
    "vgg": REDNetConfig(),
    **{name: REDNetConfig(backbone=name) for name in RESNET_UNITS},
    "base": REDNetConfig(backbone="resnet14", width=0.5, crop_px=128, regression_maps="softmax"),
    "lite": REDNetConfig(backbone="mobile", crop_px=128, regression_maps="softmax", direct=True),
}
"""Networks that `exportable` builds with random weights. "lite" and "base" have the shape of the shipped ones."""

OPSET = 11
"""Of the ONNX file: what OpenCV 4.6.0 reads."""


class StepGraph(nn.Module):
    """One step of a network that shares its weights between the steps.

    Takes `crops`, N x 3 x S x S as `normalise` leaves them; `z`, N x 7 x M x M in 0..1; and of a network with a
    temporal module `hidden` and `cell`, N x 256 x 1 x 1 each. Returns the maps of both heads, N x 7 x M x M logits and
    N x 68 x M x M as the last convolution leaves them; `identity`, N x 256 x 1 x 1, of a network with that branch; and
    the next `hidden` and `cell`.

    Everything is a convolution, an explicit slice or a product: OpenCV's importer reads no `chunk`, no broadcast over
    the map, and no shape that is computed.
    """

    def __init__(self, network: REDNet) -> None:
        """Raises WeightsError for a network of an experiment: steps of their own weights, or of one kind."""
        super().__init__()
        config = network.config
        if not config.shared_steps or set(config.steps) != {"detection", "regression"}:
            raise WeightsError("only a network with shared steps, a detection and a regression, can be exported")
        self.config = config
        self.body, self.heads = network.body, network.heads
        self.split = network.identity_channels
        self.identity = None if network.identity is None else network.identity.squeeze
        if network.temporal is not None:
            self.squeeze, self.expand = network.temporal.squeeze, network.temporal.expand
            self.gates_in, self.gates_hidden = _gates(network.temporal.lstm)
            self.spread = _spread(self.expand.out_channels, config.crop_px // 32).to(network.dtype)

    def forward(
        self, crops: Tensor, z: Tensor, hidden: Tensor | None = None, cell: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        code, skips = self.body.encode(self.body.stem(crops), z)
        who, motion = code[:, : self.split], code[:, self.split :]
        rest: list[Tensor] = []
        if self.identity is not None:
            rest.append(_pooled(self.identity(who)))
        if self.config.temporal != "none":
            assert hidden is not None
            assert cell is not None
            hidden, cell = self._remember(motion, hidden, cell)
            memory = self.spread(self.expand(hidden))
            motion = motion + memory if self.config.temporal == "residual" else memory
            code = torch.cat([who, motion], dim=1)
            rest += [hidden, cell]
        features = self.body.decode(code, skips)
        return self.heads["detection"](features), self.heads["regression"](features), *rest

    def _remember(self, motion: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
        """The LSTM cell (paper, section 3.3) on N x 256 x 1 x 1, its products as 1 x 1 convolutions."""
        gates = self.gates_in(_pooled(self.squeeze(motion))) + self.gates_hidden(hidden)
        enter, forget, candidate, leave = (gates[:, i * STATE_SIZE : (i + 1) * STATE_SIZE] for i in range(4))
        cell = torch.sigmoid(forget) * cell + torch.sigmoid(enter) * torch.tanh(candidate)
        return torch.sigmoid(leave) * torch.tanh(cell), cell

    def example_inputs(self, faces: int) -> tuple[Tensor, ...]:
        """Arguments of `forward`: noise for crops and z, faces without history."""
        size_px, map_px = self.config.crop_px, self.config.map_px
        states = 0 if self.config.temporal == "none" else 2
        return (
            torch.randn(faces, 3, size_px, size_px),
            torch.rand(faces, 7, map_px, map_px),
            *(torch.zeros(faces, STATE_SIZE, 1, 1) for _ in range(states)),
        )


def exportable(weights: str | Path = "lite", faces: int = 1) -> tuple[StepGraph, tuple[Tensor, ...]]:
    """The step of a network, ready for `torch.export.export`, and example inputs for `faces` faces; on the CPU.

    `weights`: a name of `ARCHITECTURES` for random weights; else shipped weights or a weights file.

    Raises:
        WeightsError: the weights cannot be used.
        ValueError: `faces` is below 1.
    """
    if int(faces) < 1:
        raise ValueError(f"faces is {faces}: an export needs at least 1")
    if str(weights) in ARCHITECTURES:
        network = REDNet(ARCHITECTURES[str(weights)])
    else:
        from rednet_ros.network.weights import load  # only here, so that random weights need no safetensors

        network = load(weights)[0]
    module = StepGraph(network).eval()
    return module, module.example_inputs(int(faces))


def to_onnx(network: REDNet) -> bytes:
    """The step of a network as an ONNX file for one face; OpenVINO reshapes it to any number.

    Raises WeightsError for a network that OpenCV cannot run: VGG's pooling with switches, steps of their own weights.
    Raises InputError where the package onnx is missing.
    """
    try:
        import onnx
    except ImportError as error:
        raise InputError("the package onnx is not installed: pip install 'rednet_ros[train]'") from error
    if network.config.backbone == "vgg":
        raise WeightsError("a VGG network pools with switches, which OpenCV cannot run: use the torch backend")
    graph = StepGraph(_folded(network)).eval()
    inputs, outputs = step_inputs(network.config), step_outputs(network.config)
    buffer: Any = io.BytesIO()
    example = graph.example_inputs(1)
    torch.onnx.export(
        graph, example, buffer, input_names=inputs, output_names=outputs, opset_version=OPSET, dynamo=False
    )
    model = onnx.load_from_string(buffer.getvalue())
    _drop_identities(model.graph)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _folded(network: REDNet) -> REDNet:
    """A copy in float32 on the CPU, without batch norm: each is folded into the (de)convolution before it.

    Left to OpenCV, it would fold those behind deconvolutions anew whenever the number of faces changes (4.6 to 4.14).
    """
    result = copy.deepcopy(network).float().cpu().eval()
    for block in [module for module in result.modules() if isinstance(module, nn.Sequential)]:
        for at in range(len(block) - 1):
            layer, norm = block[at], block[at + 1]
            if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)) and isinstance(norm, nn.BatchNorm2d):
                block[at] = fuse_conv_bn_eval(layer, norm, transpose=isinstance(layer, nn.ConvTranspose2d))
                block[at + 1] = nn.Identity()
    return result


def _gates(lstm: LSTMCell) -> tuple[nn.Conv2d, nn.Conv2d]:
    """The products of the LSTM cell with its input and with its hidden state."""
    layers = []
    for weight, bias in ((lstm.weight_ih, lstm.bias_ih), (lstm.weight_hh, lstm.bias_hh)):
        layer = nn.Conv2d(weight.shape[1], weight.shape[0], 1)
        layer.load_state_dict({"weight": weight[:, :, None, None], "bias": bias})
        layers.append(layer.to(weight))
    return layers[0], layers[1]


def _spread(channels: int, size: int) -> nn.ConvTranspose2d:
    """Repeats a vector over the map: N x C x 1 x 1 -> N x C x size x size."""
    layer = nn.ConvTranspose2d(channels, channels, size, size, groups=channels, bias=False)
    nn.init.ones_(layer.weight)
    return layer.requires_grad_(False)


def _pooled(features: Tensor) -> Tensor:
    """The mean over the map: N x C x H x W -> N x C x 1 x 1."""
    return nn.functional.adaptive_avg_pool2d(features, 1)


def _drop_identities(graph: Any) -> None:
    """Take out the `Identity` nodes between initialisers and their users: OpenCV 4.6 stops at them."""
    initialisers = {each.name for each in graph.initializer}
    renamed = {
        node.output[0]: node.input[0]
        for node in graph.node
        if node.op_type == "Identity" and node.input[0] in initialisers
    }
    kept = [node for node in graph.node if node.output[0] not in renamed]
    for node in kept:
        for at, name in enumerate(node.input):
            node.input[at] = renamed.get(name, name)
    del graph.node[:]
    graph.node.extend(kept)
