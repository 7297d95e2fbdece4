"""The classifier that teaches the identity branch (paper, section 3.4). It is thrown away after training."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rednet_ros.network import losses
from rednet_ros.network.config import STATE_SIZE

IdentityLogits = Literal["linear", "cosine"]

COSINE_SCALE = 16.0
"""Logits of a person are this many times the cosine between the face's vector and the person's."""


class IdentityClassifier(nn.Module):
    """The 256 numbers of the identity branch -> one logit for every person of the training data.

    `logits`: "linear" (the paper), or "cosine", which looks at directions only, as recognition does afterwards.
    """

    def __init__(self, persons: int, seed: int, logits: IdentityLogits = "linear") -> None:
        super().__init__()
        self._logits = logits
        self.linear = nn.Linear(STATE_SIZE, persons)
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            self.linear.weight.normal_(0, STATE_SIZE**-0.5, generator=generator)
            self.linear.bias.zero_()

    def forward(self, identity: Tensor, person: Tensor) -> Tensor:
        """The loss. `identity`: N x 256; `person`: N classes, negative where nobody knows."""
        if self._logits == "linear":
            return losses.identity_loss(self.linear(identity.float()), person)
        cosines = F.linear(F.normalize(identity.float()), F.normalize(self.linear.weight))
        # The bias has no part in a cosine; with a factor of 0 it still has a gradient, which DDP waits for.
        return losses.identity_loss(COSINE_SCALE * cosines + 0 * self.linear.bias, person)
