"""The mobile variant of the encoder-decoder: the paper's structure, made small for the processors of robots.

Plain 3 x 3 residual blocks: at equal time on a CPU they are more accurate than depthwise ones (docs/experiments.md).
The response maps have a quarter of the crop's side.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rednet_ros.landmarks import DETECTION_INDICES
from rednet_ros.network.config import REDNetConfig
from rednet_ros.network.layers import conv_bn_relu


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut, which is projected where size or channels change."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            conv_bn_relu(inputs, outputs, stride=stride),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False),
                nn.BatchNorm2d(outputs),
            )
        self.relu = nn.ReLU(inplace=True)

    def forward(self, features: Tensor) -> Tensor:
        """N x inputs x H x W -> N x outputs x H/stride x W/stride."""
        return self.relu(self.residual(features) + self.shortcut(features))


class DecoderUnit(nn.Module):
    """A 1 x 1 convolution, doubled in size, plus the skip; then a residual block."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(inputs, outputs, 1)
        self.block = ResidualBlock(outputs, outputs)

    def forward(self, features: Tensor, skip: Tensor) -> Tensor:
        """`features`: N x inputs x H x W; `skip`: N x outputs x 2H x 2W, as the result."""
        return self.block(nn.functional.interpolate(self.narrow(features), scale_factor=2.0, mode="nearest") + skip)


class MobileEncoderDecoder(nn.Module):
    """Sizes in the comments are those of a 128-pixel crop. Skips E are added."""

    def __init__(self, config: REDNetConfig) -> None:
        super().__init__()
        c16, c32, c64, c96, c128, c192 = (config.channels(full) for full in (16, 32, 64, 96, 128, 192))
        self.code_channels = c192
        self.output_channels = c32
        self.c0 = nn.Sequential(conv_bn_relu(3, c16, stride=2), conv_bn_relu(c16, c32, stride=2))  # 64, 32
        self.c1 = ResidualBlock(c32 + len(DETECTION_INDICES), c32)  # 32
        self.c2 = ResidualBlock(c32, c64, stride=2)  # 16
        self.c3 = ResidualBlock(c64, c128, stride=2)  # 8
        self.c4 = ResidualBlock(c128, c192, stride=2)  # 4
        self.e1 = nn.Conv2d(c32, c32, 1)  # 32
        self.e2 = nn.Conv2d(c64, c64, 1)  # 16
        self.e3 = nn.Conv2d(c128, c96, 1)  # 8
        self.d3 = DecoderUnit(c192, c96)  # 8
        self.d2 = DecoderUnit(c96, c64)  # 16
        self.d1 = DecoderUnit(c64, c32)  # 32

    def stem(self, crops: Tensor) -> Tensor:
        """C0, which sees the image only: N x 3 x S x S -> N x 32 x S/4 x S/4. Once a frame for all steps."""
        return self.c0(crops)

    def encode(self, image: Tensor, z: Tensor) -> tuple[Tensor, list[Tensor]]:
        """C1..C4. `image`: of `stem`; `z`: N x 7 x S/4 x S/4. Returns the code, N x 192 x S/32 x S/32, and skips."""
        first = self.c1(torch.cat([image, z], dim=1))
        second = self.c2(first)
        third = self.c3(second)
        return self.c4(third), [self.e1(first), self.e2(second), self.e3(third)]

    def decode(self, code: Tensor, skips: list[Tensor]) -> Tensor:
        """D3..D1. Returns N x 32 x S/4 x S/4, which the two heads share."""
        for unit, skip in zip((self.d3, self.d2, self.d1), reversed(skips), strict=True):
            code = unit(code, skip)
        return code
