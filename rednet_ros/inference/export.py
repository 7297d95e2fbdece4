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
from rednet_ros.landmarks import DETECTION_INDICES
from rednet_ros.network.config import RESNET_UNITS, STATE_SIZE, REDNetConfig
from rednet_ros.network.rednet import REDNet
from rednet_ros.network.temporal import DOUBT_LOGITS, LSTMCell, SpatialMemory, TemporalModule

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

    Takes `crops`, N x 3 x S x S as `normalise` leaves them; `z`, N x 7 x M x M in 0..1; and the parts of the network's
    state, `REDNetConfig.state_shapes`: `hidden` and `cell`, N x 256 x 1 x 1 each, or `memory`, as it is. Returns the
    maps of both heads, N x 7 x M x M logits and N x 68 x M x M as the last convolution leaves them; `identity`,
    N x 256 x 1 x 1, of a network with that branch; and the next state.

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
        self.temporal: _PooledGraph | _SpatialGraph | None = None
        if isinstance(network.temporal, TemporalModule):
            self.temporal = _PooledGraph(network.temporal, config.crop_px // 32).to(network.dtype)
        if isinstance(network.temporal, SpatialMemory):
            self.temporal = _SpatialGraph(network.temporal, network.body.e1.out_channels).to(network.dtype)

    def forward(
        self, crops: Tensor, z: Tensor, hidden_or_memory: Tensor | None = None, cell: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        # Not `*state`, to which `torch.export` gives no dynamic shapes one by one.
        state = [part for part in (hidden_or_memory, cell) if part is not None]
        code, skips = self.body.encode(self.body.stem(crops), z)
        who, motion = code[:, : self.split], code[:, self.split :]
        identity = [] if self.identity is None else [_pooled(self.identity(who))]
        if isinstance(self.temporal, _PooledGraph):
            motion, *state = self.temporal(motion, *state)
            code = torch.cat([who, motion], dim=1)
        if isinstance(self.temporal, _SpatialGraph):
            coarse, skip, minus_doubt, *state = self.temporal(self.body.decode_coarse(code, skips), skips[0], *state)
            features = self.body.decode_fine(coarse, skip)
            detection = self.heads["detection"](features) + minus_doubt
        else:
            features = self.body.decode(code, skips)
            detection = self.heads["detection"](features)
        return detection, self.heads["regression"](features), *identity, *state

    def example_inputs(self, faces: int) -> tuple[Tensor, ...]:
        """Arguments of `forward`: noise for crops and z, faces without history."""
        size_px, map_px = self.config.crop_px, self.config.map_px
        return (
            torch.randn(faces, 3, size_px, size_px),
            torch.rand(faces, 7, map_px, map_px),
            *(torch.zeros(faces, *shape, *[1] * (3 - len(shape))) for shape in self.config.state_shapes.values()),
        )


class _PooledGraph(nn.Module):
    """`TemporalModule`: the LSTM cell (paper, section 3.3) on N x 256 x 1 x 1, its products as 1 x 1 convolutions."""

    def __init__(self, module: TemporalModule, side: int) -> None:
        super().__init__()
        self.combine = module.combine
        self.squeeze, self.expand = module.squeeze, module.expand
        self.gates_in, self.gates_hidden = _gates(module.lstm)
        self.spread = _spread(module.expand.out_channels, module.expand.out_channels, side)

    def forward(self, code: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        gates = self.gates_in(_pooled(self.squeeze(code))) + self.gates_hidden(hidden)
        enter, forget, candidate, leave = (gates[:, i * STATE_SIZE : (i + 1) * STATE_SIZE] for i in range(4))
        cell = torch.sigmoid(forget) * cell + torch.sigmoid(enter) * torch.tanh(candidate)
        hidden = torch.sigmoid(leave) * torch.tanh(cell)
        memory = self.spread(self.expand(hidden))
        return code + memory if self.combine == "residual" else memory, hidden, cell


class _SpatialGraph(nn.Module):
    """`SpatialMemory` whose single channels are spread over those that they are multiplied with."""

    def __init__(self, module: SpatialMemory, skip_channels: int) -> None:
        super().__init__()
        self.look, self.gate = module.look, module.gate
        self.channels = module.gate.out_channels - 1
        # Negative, for OpenCV 4.6 adds and does not subtract.
        self.minus_spread = _spread(1, self.channels, 1, -1.0)
        self.minus_spread_doubled = _spread(1, skip_channels, 2, -1.0)
        self.over = _to_one(1, 1.0, -float(module.veil_limit))
        self.minus_doubt = _spread(1, len(DETECTION_INDICES), 2, -DOUBT_LOGITS)
        # What is known after a frame: all of it. A constant would have the shape of one face.
        self.all_known = _to_one(self.channels, 0.0, 1.0)

    def forward(self, features: Tensor, skip: Tensor, state: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        last = slice(self.channels, self.channels + 1)
        memory, known = state[:, : self.channels], state[:, last]
        gates = torch.sigmoid(self.gate(torch.relu(self.look(torch.cat([features, state], dim=1)))))
        features = features + gates[:, : self.channels] * (memory + self.minus_spread(known) * features)
        veil = known * gates[:, last]
        after = torch.cat([features, self.all_known(features)], dim=1)
        minus_doubt = self.minus_doubt(torch.relu(self.over(veil)))
        return features, skip + self.minus_spread_doubled(veil) * skip, minus_doubt, after


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


def _to_one(inputs: int, weight: float, bias: float) -> nn.Conv2d:
    """N x C x H x W -> N x 1 x H x W: the sum of the channels, times a weight, plus a bias."""
    layer = nn.Conv2d(inputs, 1, 1)
    layer.load_state_dict({"weight": torch.full((1, inputs, 1, 1), weight), "bias": torch.tensor([bias])})
    return layer.requires_grad_(False)


def _spread(inputs: int, outputs: int, size: int, factor: float = 1.0) -> nn.ConvTranspose2d:
    """Repeats every cell: N x C x H x W -> N x C x H*size x W*size, or a single channel over all outputs; times a
    factor."""
    layer = nn.ConvTranspose2d(inputs, outputs, size, size, groups=inputs, bias=False)
    nn.init.constant_(layer.weight, factor)
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
