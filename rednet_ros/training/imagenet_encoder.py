"""Encoders trained on ImageNet: torchvision's VGG-16 and ResNets, put into RED-Net's A0..A4 and C0..C4.

The network sees colours on another scale than torchvision's; the first convolution and its batch norm are rescaled so
that the features are the same. The layer that also sees z gets zeros for its channels.
"""

from __future__ import annotations

import re
from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from rednet_ros.errors import InputError
from rednet_ros.files import library_path
from rednet_ros.landmarks import DETECTION_INDICES
from rednet_ros.network.config import RESNET_UNITS, REDNetConfig
from rednet_ros.network.rednet import REDNet

Tensors = dict[str, Tensor]

_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of torchvision's inputs, RGB in 0..1."""

_VGG_BLOCKS = (("a0", 2), ("a1", 2), ("a2", 3), ("a3", 3), ("a4", 3))
_NORM = ("weight", "bias", "running_mean", "running_var")


def read(path: Path, config: REDNetConfig) -> Tensors:
    """Parameters and buffers of a `REDNet` of this configuration, by name, from a torchvision state dict.

    `path`: a .safetensors or .pth file of vgg16, vgg16_bn, resnet50 or resnet152; a .pth is read without running any
    code in it (`weights_only`).

    Raises:
        InputError: the file cannot be read, or holds another network's encoder than the configuration has.
    """
    given = _read(path)
    try:
        named = _vgg(given) if config.backbone == "vgg" else _resnet(given)
    except KeyError as error:
        raise InputError(f"{path}: no {_wanted(config)} of torchvision: it lacks {error}") from error
    with torch.device("meta"):
        network = REDNet(config)
    own = network.state_dict()
    bodies = ["body.", *(f"later_bodies.{index}." for index in range(len(network.later_bodies)))]
    encoder = [name for name in own if name.startswith(_encoder_prefixes(config)) and "num_batches" not in name]
    if missing := [name for name in encoder if name.removeprefix("body.") not in named]:
        raise InputError(f"{path}: no {_wanted(config)} of torchvision: nothing for {missing[0]}")
    if len(encoder) != len(named):
        raise InputError(f"{path}: holds {len(named)} tensors of an encoder, {config.backbone} has {len(encoder)}")
    fitted: Tensors = {}
    for name in encoder:
        tensor = _with_z(named[name.removeprefix("body.")], own[name].shape)
        if tensor.shape != own[name].shape:
            raise InputError(
                f"{path}: {name} would be {tuple(tensor.shape)}, the network (width {config.width}) has "
                f"{tuple(own[name].shape)}: ImageNet encoders fit width 1.0"
            )
        fitted |= {body + name.removeprefix("body."): tensor for body in bodies}
    return fitted


def _read(path: Path) -> Tensors:
    try:
        if path.suffix == ".safetensors":
            with library_path(path) as plain:
                return load_file(plain)
        values = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, SafetensorError, RuntimeError, UnpicklingError, EOFError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as a state dict: {str(error).splitlines()[0]}") from error
    if not isinstance(values, dict) or not all(isinstance(value, Tensor) for value in values.values()):
        raise InputError(f"{path}: holds no state dict (tensors by name)")
    return values


def _vgg(given: Tensors) -> Tensors:
    """vgg16 (convolutions with biases) or vgg16_bn: `features` in order -> A0..A4."""
    indices = sorted({int(match[1]) for name in given if (match := re.match(r"features\.(\d+)\.weight$", name))})
    convolutions = [index for index in indices if given[f"features.{index}.weight"].dim() == 4]
    places = [f"{block}.{layer}" for block, layers in _VGG_BLOCKS for layer in range(layers)]
    if len(convolutions) != len(places):
        raise KeyError(f"features: {len(convolutions)} convolutions of {len(places)}")
    named: Tensors = {}
    for place, index in zip(places, convolutions, strict=True):
        bias = given[f"features.{index}.bias"]
        named[f"{place}.0.weight"] = given[f"features.{index}.weight"]
        if f"features.{index + 1}.running_mean" in given:
            norm = {name: given[f"features.{index + 1}.{name}"] for name in _NORM}
            norm["running_mean"] = norm["running_mean"] - bias
        else:  # no batch norm: one that does nothing but add the bias
            norm = dict(
                zip(_NORM, (torch.ones_like(bias), bias, torch.zeros_like(bias), torch.ones_like(bias)), strict=True)
            )
        named |= {f"{place}.1.{name}": tensor for name, tensor in norm.items()}
    return _rescaled(named, "a0.0")


def _resnet(given: Tensors) -> Tensors:
    """conv1, layer1..layer4 -> C0..C4."""
    named = {"c0.0.weight": given["conv1.weight"]} | {f"c0.1.{name}": given[f"bn1.{name}"] for name in _NORM}
    for name, tensor in given.items():
        match = re.match(r"layer(\d)\.(\d+)\.(.+)\.(weight|bias|running_mean|running_var)$", name)
        if match:
            named[f"c{match[1]}.{match[2]}.{_RESNET_PLACES[match[3]]}.{match[4]}"] = tensor
    return _rescaled(named, "c0")


_RESNET_PLACES = {
    "conv1": "residual.0.0",
    "bn1": "residual.0.1",
    "conv2": "residual.1.0",
    "bn2": "residual.1.1",
    "conv3": "residual.2",
    "bn3": "residual.3",
    "downsample.0": "shortcut.0",
    "downsample.1": "shortcut.1",
}


def _rescaled(named: Tensors, first: str) -> Tensors:
    """With a first convolution for colours as `rednet.normalise` leaves them, u = (value - 127.5) / 64."""
    mean, deviation = torch.tensor(_MEAN), torch.tensor(_DEVIATION)
    kernel = named[f"{first}.0.weight"]
    offset = (kernel.sum(dim=(2, 3)) * ((0.5 - mean) / deviation)).sum(dim=1)
    return {
        **named,
        f"{first}.0.weight": kernel * (64 / 255 / deviation)[None, :, None, None],
        f"{first}.1.running_mean": named[f"{first}.1.running_mean"] - offset,
    }


def _with_z(tensor: Tensor, shape: torch.Size) -> Tensor:
    """A kernel with zeros for the channels of z, where the network's has these."""
    extra = len(DETECTION_INDICES)
    if tensor.dim() == 4 and len(shape) == 4 and shape[1] == tensor.shape[1] + extra:
        return torch.cat([tensor, tensor.new_zeros(tensor.shape[0], extra, *tensor.shape[2:])], dim=1)
    return tensor.clone()


def _encoder_prefixes(config: REDNetConfig) -> tuple[str, ...]:
    letter = "a" if config.backbone == "vgg" else "c"
    return tuple(f"body.{letter}{number}." for number in range(5))


def _wanted(config: REDNetConfig) -> str:
    if config.backbone == "vgg":
        return "vgg16 or vgg16_bn"
    return f"{config.backbone} (units {RESNET_UNITS[config.backbone]})"
