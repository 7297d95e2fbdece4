"""The VGG variant of the encoder-decoder, in the order of the paper's table 1."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rednet_ros.landmarks import DETECTION_INDICES
from rednet_ros.network.config import REDNetConfig
from rednet_ros.network.layers import conv_stack, pool_with_switches, unpool


class VGGEncoderDecoder(nn.Module):
    """Sizes in the comments are those of a 256-pixel crop at width 1."""

    def __init__(self, config: REDNetConfig) -> None:
        super().__init__()
        c64, c128, c256, c512 = (config.channels(full) for full in (64, 128, 256, 512))
        self.code_channels = c512
        self.output_channels = c128
        self.a0 = conv_stack(3, [c64, c64])  # 256, pooled to 128
        self.a1 = conv_stack(c64 + len(DETECTION_INDICES), [c128, c128])  # 128, pooled to 64
        self.a2 = conv_stack(c128, [c256] * 3)  # 64, pooled to 32
        self.a3 = conv_stack(c256, [c512] * 3)  # 32, pooled to 16
        self.a4 = conv_stack(c512, [c512] * 3)  # 16, pooled to 8
        self.b4 = conv_stack(c512, [c512] * 3)  # unpooled to 16
        self.b3 = conv_stack(c512, [c512, c512, c256])  # unpooled to 32
        self.b2 = conv_stack(c256, [c256, c256, c128])  # unpooled to 64
        self.b1 = conv_stack(c128, [c128, c128])  # unpooled to 128

    def stem(self, crops: Tensor) -> Tensor:
        """A0, which sees the image only: N x 3 x S x S -> N x 64 x S/2 x S/2. Once a frame for all steps."""
        return pool_with_switches(self.a0(crops))[0]

    def encode(self, image: Tensor, z: Tensor) -> tuple[Tensor, list[Tensor]]:
        """A1..A4. `image`: of `stem`; `z`: N x 7 x S/2 x S/2. Returns the code, N x 512 x S/32 x S/32, and switches."""
        features = torch.cat([image, z], dim=1)
        switches = []
        for block in (self.a1, self.a2, self.a3, self.a4):
            features, switch = pool_with_switches(block(features))
            switches.append(switch)
        return features, switches

    def decode(self, code: Tensor, switches: list[Tensor]) -> Tensor:
        """B4..B1. Returns N x 128 x S/2 x S/2, which the two heads share."""
        for block, switch in zip((self.b4, self.b3, self.b2, self.b1), reversed(switches), strict=True):
            code = block(unpool(code, switch))
        return code
