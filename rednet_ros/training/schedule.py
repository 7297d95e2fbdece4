"""What changes over a stage: the learning rate, and how much each loss counts."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from rednet_ros.training.config import LOSS_NAMES, StageConfig

IMPROVEMENT = 0.995
"""An error is better than the best one if it is below this fraction of it."""

DECAY = 0.99
"""Of the losses' running means, a step."""


@dataclass(frozen=True)
class Plateau:
    """`drops`: how often the rate was cut; `best`: the lowest error yet; `waited`: validations since then."""

    drops: int = 0
    best: float = math.inf
    waited: int = 0

    def after(self, error: float, patience: int) -> Plateau:
        """The plateau after one more validation; one without faces, whose error is NaN, changes nothing."""
        if math.isnan(error):
            return self
        if error < IMPROVEMENT * self.best:
            return replace(self, best=error, waited=0)
        if self.waited + 1 < patience:
            return replace(self, waited=self.waited + 1)
        return replace(self, drops=self.drops + 1, waited=0)


def learning_rate(stage: StageConfig, step: int, plateau: Plateau) -> float:
    """Linear warm-up, then a cosine from `learning_rate` to `final_rate`, or a tenth for every drop so far."""
    warm = min(1.0, (step + 1) * stage.images_a_step / max(1, stage.warmup_images))
    if stage.schedule == "plateau":
        return warm * max(stage.final_rate, stage.learning_rate * 0.1**plateau.drops)
    cosine = 0.5 * (1 + math.cos(math.pi * step / stage.steps))
    return warm * (stage.final_rate + (stage.learning_rate - stage.final_rate) * cosine)


def points_ramp(stage: StageConfig, step: int) -> float:
    """0..1: how much of the point loss counts yet."""
    first, full = stage.losses.points_from, stage.losses.points_full
    if full <= first:
        return 1.0
    return min(1.0, max(0.0, (step * stage.images_a_step - first) / (full - first)))


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
