"""The classifier that teaches the identity branch (paper, section 3.4). It is thrown away after training."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rednet_ros.network import losses
from rednet_ros.network.config import STATE_SIZE


class IdentityClassifier(nn.Module):
    """Linear: the 256 numbers of the identity branch -> one logit for every person of the training data."""

    def __init__(self, persons: int, seed: int) -> None:
        super().__init__()
        self.linear = nn.Linear(STATE_SIZE, persons)
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            self.linear.weight.normal_(0, 0.01, generator=generator)
            self.linear.bias.zero_()

    def forward(self, identity: Tensor, person: Tensor) -> Tensor:
        """The loss. `identity`: N x 256; `person`: N classes, negative where nobody knows."""
        return losses.identity_loss(self.linear(identity.float()), person)
