"""A network of its own that tells people apart: an upright face in, a vector of the person out.

Not in the paper, whose identity branch shares the encoder with the landmarks and tells strangers apart too badly for
recognition (docs/recognition.md). It runs when a face is new or returns, not in every frame. Plain residual blocks as
in `mobile`; at the end each channel weighs the places of its map (MobileFaceNets, Chen et al., 2018), not a mean.
"""

from __future__ import annotations

from torch import Tensor, nn

from rednet_ros.network.layers import conv_bn_relu
from rednet_ros.network.mobile import residual_block

CHIP_PX = 112
"""Side of the picture that it sees."""

VECTOR_SIZE = 256


class RecognitionNet(nn.Module):
    """0.7 million parameters, 71 million multiply-adds."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(conv_bn_relu(3, 16, stride=2), conv_bn_relu(16, 32, stride=2))  # 56, 28
        self.blocks = nn.Sequential(
            residual_block(32, 32),  # 28
            residual_block(32, 64, stride=2),  # 14
            residual_block(64, 64),
            residual_block(64, 128, stride=2),  # 7
            residual_block(128, 128),
        )
        self.places = nn.Sequential(nn.Conv2d(128, 128, 7, groups=128, bias=False), nn.BatchNorm2d(128))  # 1
        self.vector = nn.Sequential(
            nn.Conv2d(128, VECTOR_SIZE, 1, bias=False), nn.BatchNorm2d(VECTOR_SIZE, affine=False)
        )

    def forward(self, chips: Tensor) -> Tensor:
        """`chips`: N x 3 x 112 x 112, RGB in -1..1, aligned by the eyes, nose and mouth. N x 256, of any length."""
        vectors: Tensor = self.vector(self.places(self.blocks(self.stem(chips))))
        return vectors.flatten(1)
