"""The mobile variant of the encoder-decoder: the paper's structure, made small for the processors of robots.

Plain 3 x 3 residual blocks: at equal time on a CPU they are more accurate than depthwise ones (docs/experiments.md).
The response maps have a quarter of the crop's side.
"""

from __future__ import annotations

from torch import Tensor, nn

from rednet_ros.landmarks import DETECTION_INDICES
from rednet_ros.network.config import REDNetConfig
from rednet_ros.network.layers import Residual, SkipEncoder, conv_bn_relu


def residual_block(inputs: int, outputs: int, stride: int = 1) -> Residual:
    """Two 3 x 3 convolutions; the first one strides."""
    layers = nn.Sequential(
        conv_bn_relu(inputs, outputs, stride=stride),
        nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
    )
    return Residual(layers, inputs, outputs, stride)


class DecoderUnit(nn.Module):
    """A 1 x 1 convolution, doubled in size, plus the skip; then a residual block."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(inputs, outputs, 1)
        self.block = residual_block(outputs, outputs)

    def forward(self, features: Tensor, skip: Tensor) -> Tensor:
        """`features`: N x inputs x H x W; `skip`: N x outputs x 2H x 2W, as the result."""
        return self.block(nn.functional.interpolate(self.narrow(features), scale_factor=2.0, mode="nearest") + skip)


class MobileEncoderDecoder(SkipEncoder):
    """Sizes in the comments are those of a 128-pixel crop. Skips E are added."""

    def __init__(self, config: REDNetConfig) -> None:
        super().__init__()
        c16, c32, c64, c96, c128, c192 = (config.channels(full) for full in (16, 32, 64, 96, 128, 192))
        self.code_channels = c192
        self.output_channels = c32
        self.c0 = nn.Sequential(conv_bn_relu(3, c16, stride=2), conv_bn_relu(c16, c32, stride=2))  # 64, 32
        self.c1 = residual_block(c32 + len(DETECTION_INDICES), c32)  # 32
        self.c2 = residual_block(c32, c64, stride=2)  # 16
        self.c3 = residual_block(c64, c128, stride=2)  # 8
        self.c4 = residual_block(c128, c192, stride=2)  # 4
        self.e1 = nn.Conv2d(c32, c32, 1)  # 32
        self.e2 = nn.Conv2d(c64, c64, 1)  # 16
        self.e3 = nn.Conv2d(c128, c96, 1)  # 8
        self.d3 = DecoderUnit(c192, c96)  # 8
        self.d2 = DecoderUnit(c96, c64)  # 16
        self.d1 = DecoderUnit(c64, c32)  # 32

    def decode(self, code: Tensor, skips: list[Tensor]) -> Tensor:
        """D3..D1. Returns N x 32 x S/4 x S/4, which the two heads share."""
        return self.decode_fine(self.decode_coarse(code, skips), skips[0])

    def decode_coarse(self, code: Tensor, skips: list[Tensor]) -> Tensor:
        """D3 and D2. Returns N x 64 x S/8 x S/8, the level of the spatial memory."""
        return self.d2(self.d3(code, skips[2]), skips[1])

    def decode_fine(self, features: Tensor, skip: Tensor) -> Tensor:
        """D1. `features`: of `decode_coarse`; `skip`: E1. Returns what `decode` does."""
        return self.d1(features, skip)
