"""A trained network made wider without a change of what it computes (Net2Net, Chen, Goodfellow, Shlens, ICLR 2016).

The new channels start at random and nothing listens to them yet: the old channels' weights on them are zero.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from rednet_ros.landmarks import DETECTION_INDICES
from rednet_ros.network.config import REDNetConfig
from rednet_ros.network.rednet import REDNet

CHANNEL_STEP = 8
"""Every layer has a multiple of it in channels, but the one that takes the image's features and z."""


def widen_tensors(tensors: dict[str, Tensor], config: REDNetConfig, width: float) -> dict[str, Tensor]:
    """Parameters and buffers of a network of `config`, or of a part of one, as of the wider one; others stay."""
    network = REDNet(config)
    own = network.state_dict()
    fitting = {name: tensor for name, tensor in tensors.items() if name in own and own[name].shape == tensor.shape}
    network.load_state_dict({**own, **fitting})
    wide = widen(network, width).state_dict()
    return {**tensors, **{name: wide[name] for name in fitting}}


def widen(network: REDNet, width: float) -> REDNet:
    """`network` with another width multiplier, which must not be smaller; the new channels depend on torch's seed."""
    if width < network.config.width:
        raise ValueError(f"width {width} is below the network's {network.config.width}: channels can only be added")
    wide = REDNet(replace(network.config, width=width))
    code = network.body.code_channels, wide.body.code_channels
    given = network.state_dict()
    with torch.no_grad():
        for name, module in wide.named_modules():
            for kind, tensor in [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]:
                _place(tensor, given[f"{name}.{kind}" if name else kind], _axes(module), code)
    return wide


def _axes(module: nn.Module) -> tuple[int, int]:
    """Of a layer's weight: the axis of its outputs, and the axis of its inputs."""
    return (1, 0) if isinstance(module, nn.ConvTranspose2d) else (0, 1)


def _place(tensor: Tensor, given: Tensor, axes: tuple[int, int], code: tuple[int, int]) -> None:
    """Writes the values `given` of a narrower layer into `tensor`; new inputs do not reach the old outputs."""
    if tensor.shape == given.shape:
        tensor.copy_(given)
        return
    outputs, inputs = axes
    old_outputs = _positions(given.shape[outputs], tensor.shape[outputs], code)
    if tensor.dim() == 1:
        tensor[old_outputs] = given
        return
    old_inputs = _positions(given.shape[inputs], tensor.shape[inputs], code)
    by_output, given_by_output = tensor.transpose(0, outputs), given.transpose(0, outputs)
    rows = torch.zeros_like(by_output[old_outputs])
    rows[:, old_inputs] = given_by_output
    by_output[old_outputs] = rows


def _positions(old: int, new: int, code: tuple[int, int]) -> Tensor:
    """Where the `old` channels of an axis lie among the `new` ones.

    At the front; but both halves of the code, identity and motion, keep to their half, and z stays at the end.
    """
    maps = len(DETECTION_INDICES)
    if (old, new) == code:
        return torch.cat([torch.arange(old // 2), new // 2 + torch.arange(old - old // 2)])
    if old % CHANNEL_STEP == maps:
        return torch.cat([torch.arange(old - maps), torch.arange(new - maps, new)])
    return torch.arange(old)
