"""How much each loss counts: by fixed factors, or by shares that running means keep (the paper's 1 : 10 : 1)."""

from __future__ import annotations

import torch
from torch import Tensor

from rednet_ros.training.config import LOSS_NAMES, StageConfig
from rednet_ros.training.schedule import points_ramp

DECAY = 0.99
"""Of the running means, a step."""


class Balance:
    """The factors of a stage's losses; `means`: five running means, float64, part of the run's state."""

    def __init__(self, stage: StageConfig) -> None:
        self._stage = stage
        self.means = torch.zeros(len(LOSS_NAMES), dtype=torch.float64)

    def factors(self, losses: Tensor, step: int) -> Tensor:
        """Five factors for the losses of this step, float32 on their device; takes them into the running means."""
        weights = self._stage.losses
        values = [weights.detection, weights.regression, weights.points * points_ramp(self._stage, step)]
        values += [weights.identity, weights.jitter]
        if weights.balance:
            new = losses.detach().double().cpu()
            self.means = torch.where(self.means > 0, DECAY * self.means + (1 - DECAY) * new, new)
            values = self._balanced(values)
        return torch.tensor(values, dtype=torch.float32, device=losses.device)

    def _balanced(self, values: list[float]) -> list[float]:
        means = dict(zip(LOSS_NAMES, self.means.tolist(), strict=True))
        shares = {name: share for name, share in self._stage.losses.balance.items() if means[name] > 0}
        if not shares:
            return values
        first = next(iter(shares))
        unit = means[first] / shares[first]
        return [
            unit * shares[name] / means[name] if name in shares else value
            for name, value in zip(LOSS_NAMES, values, strict=True)
        ]
