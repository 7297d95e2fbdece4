"""Layers that both variants share: convolution blocks, pooling with switches, unpooling."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def conv_bn_relu(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution that keeps the size (divided by `stride`), batch norm, ReLU (paper, table 1)."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def conv_stack(inputs: int, outputs: list[int]) -> nn.Sequential:
    """3 x 3 convolutions with batch norm and ReLU, one for each entry of `outputs`."""
    widths = [inputs, *outputs]
    return nn.Sequential(*(conv_bn_relu(before, after) for before, after in zip(widths, outputs, strict=False)))


class Residual(nn.Module):
    """Convolutions beside a shortcut, which is projected where size or channels change: N x inputs x H x W -> N x
    outputs x H/stride x W/stride."""

    def __init__(self, residual: nn.Sequential, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.residual = residual
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False),
                nn.BatchNorm2d(outputs),
            )
        self.relu = nn.ReLU(inplace=True)

    def forward(self, features: Tensor) -> Tensor:
        return self.relu(self.residual(features) + self.shortcut(features))


class SkipEncoder(nn.Module):
    """The encoder of the variants whose skips are added. A subclass makes C0..C4 and E1..E3."""

    c0: nn.Module
    c1: nn.Module
    c2: nn.Module
    c3: nn.Module
    c4: nn.Module
    e1: nn.Module
    e2: nn.Module
    e3: nn.Module

    def stem(self, crops: Tensor) -> Tensor:
        """C0, which sees the image only: N x 3 x S x S -> N x C x M x M, M the side of the maps. Once a frame."""
        return self.c0(crops)

    def encode(self, image: Tensor, z: Tensor) -> tuple[Tensor, list[Tensor]]:
        """C1..C4. `image`: of `stem`; `z`: N x 7 x M x M. Returns the code, N x C x S/32 x S/32, and E1..E3."""
        first = self.c1(torch.cat([image, z], dim=1))
        second = self.c2(first)
        third = self.c3(second)
        return self.c4(third), [self.e1(first), self.e2(second), self.e3(third)]


def pool_with_switches(features: Tensor) -> tuple[Tensor, Tensor]:
    """2 x 2 max pooling that remembers where each maximum was (section 3.1).

    `features`: N x C x H x W, H and W even. Returns the pooled N x C x H/2 x W/2, and the switches for `unpool`.
    TensorRT has no converter for pooling with indices, so an exported graph holds `pool_by_comparison` instead; eager
    code takes torch's own kernels, which are several times faster on a CPU. Both choose the first of equal maxima.
    """
    if torch.compiler.is_exporting():
        return pool_by_comparison(features)
    return F.max_pool2d(features, 2, return_indices=True)


def unpool(pooled: Tensor, switches: Tensor) -> Tensor:
    """Puts each pooled value back where its maximum was, zero elsewhere: N x C x H x W -> N x C x 2H x 2W."""
    if switches.dtype == torch.int64:
        return F.max_unpool2d(pooled, switches, [2, 2])
    return F.interpolate(pooled, scale_factor=2.0, mode="nearest") * switches


def pool_by_comparison(features: Tensor) -> tuple[Tensor, Tensor]:
    """2 x 2 max pooling from comparisons alone.

    The switches are a mask of `features`' shape and dtype: 1 at each window's first maximum in reading order, else 0.
    """
    n, c, height, width = features.shape
    windows = features.reshape(n, c, height // 2, 2, width // 2, 2)
    top_left, top_right = windows[:, :, :, 0, :, 0], windows[:, :, :, 0, :, 1]
    low_left, low_right = windows[:, :, :, 1, :, 0], windows[:, :, :, 1, :, 1]
    top, low = torch.maximum(top_left, top_right), torch.maximum(low_left, low_right)
    in_top, left_in_top, left_in_low = top >= low, top_left >= top_right, low_left >= low_right
    upper = torch.stack([in_top & left_in_top, in_top & ~left_in_top], dim=-1)
    lower = torch.stack([~in_top & left_in_low, ~in_top & ~left_in_low], dim=-1)
    switches = torch.stack([upper, lower], dim=3).reshape(n, c, height, width)
    return torch.maximum(top, low), switches.to(features.dtype)
