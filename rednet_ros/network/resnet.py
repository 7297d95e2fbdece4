"""The ResNet variant of the encoder-decoder, in the order of the paper's table 2."""

from __future__ import annotations

from torch import Tensor, nn

from rednet_ros.landmarks import DETECTION_INDICES
from rednet_ros.network.config import RESNET_UNITS, REDNetConfig
from rednet_ros.network.layers import Residual, SkipEncoder, conv_bn_relu


def bottleneck(inputs: int, inner: int, outputs: int, stride: int = 1) -> Residual:
    """1x1, 3x3, 1x1 convolutions; the second one strides."""
    layers = nn.Sequential(
        conv_bn_relu(inputs, inner, kernel=1),
        conv_bn_relu(inner, inner, stride=stride),
        nn.Conv2d(inner, outputs, 1, bias=False),
        nn.BatchNorm2d(outputs),
    )
    return Residual(layers, inputs, outputs, stride)


def bottlenecks(inputs: int, inner: int, outputs: int, units: int, stride: int = 1) -> nn.Sequential:
    """`units` bottlenecks in a row; the first one strides."""
    first = bottleneck(inputs, inner, outputs, stride)
    return nn.Sequential(first, *(bottleneck(outputs, inner, outputs) for _ in range(units - 1)))


def decoder_unit(inputs: int, inner: int, outputs: int) -> nn.Sequential:
    """2x2 deconvolution of stride 2, then a 1x1 convolution."""
    return nn.Sequential(
        nn.ConvTranspose2d(inputs, inner, 2, 2, bias=False),
        nn.BatchNorm2d(inner),
        nn.ReLU(inplace=True),
        conv_bn_relu(inner, outputs, kernel=1),
    )


class ResNetEncoderDecoder(SkipEncoder):
    """Sizes in the comments are those of a 256-pixel crop at width 1. Skips E are added, nothing is unpooled."""

    SKIP_UNITS = 3

    def __init__(self, config: REDNetConfig) -> None:
        super().__init__()
        c64, c128, c256, c512, c1024, c2048 = (config.channels(full) for full in (64, 128, 256, 512, 1024, 2048))
        units = RESNET_UNITS[config.backbone]
        self.code_channels = c2048
        self.output_channels = c128
        self.c0 = conv_bn_relu(3, c64, kernel=7, stride=2)  # 128
        self.c1 = bottlenecks(c64 + len(DETECTION_INDICES), c64, c256, units[0], stride=2)  # 64
        self.c2 = bottlenecks(c256, c128, c512, units[1], stride=2)  # 32
        self.c3 = bottlenecks(c512, c256, c1024, units[2], stride=2)  # 16
        self.c4 = bottlenecks(c1024, c512, c2048, units[3], stride=2)  # 8
        self.e1 = bottlenecks(c256, c64, c256, self.SKIP_UNITS)  # 64
        self.e2 = bottlenecks(c512, c128, c512, self.SKIP_UNITS)  # 32
        self.e3 = bottlenecks(c1024, c256, c1024, self.SKIP_UNITS)  # 16
        self.d4 = decoder_unit(c2048, c512, c1024)  # 16
        self.d3 = decoder_unit(c1024, c256, c512)  # 32
        self.d2 = decoder_unit(c512, c128, c256)  # 64
        self.d1 = decoder_unit(c256, c64, c128)  # 128

    def decode(self, code: Tensor, skips: list[Tensor]) -> Tensor:
        """D4..D1. Returns N x 128 x S/2 x S/2, which the two heads share."""
        for unit, skip in zip((self.d4, self.d3, self.d2), reversed(skips), strict=True):
            code = unit(code) + skip
        return self.d1(code)
