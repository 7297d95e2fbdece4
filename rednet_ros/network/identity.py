"""Identity branch on the identity code (paper, section 3.4)."""

from __future__ import annotations

from torch import Tensor, nn

from rednet_ros.network.config import STATE_SIZE


class IdentityBranch(nn.Module):
    """e_i -> 1x1 conv 256 -> average pool -> dropout 0.6 -> the 256 numbers that stand for a person."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, STATE_SIZE, 1)
        self.dropout = nn.Dropout(0.6)

    def forward(self, code: Tensor) -> Tensor:
        """`code`: e_i, N x channels x H x W. Returns N x 256, not normalised; the classifier belongs to training."""
        return self.dropout(self.squeeze(code).mean(dim=(2, 3)))
