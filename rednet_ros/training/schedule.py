"""What changes over a stage: the learning rate and the share of the point loss."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from rednet_ros.training.config import StageConfig

IMPROVEMENT = 0.995
"""An error is better than the best one if it is below this fraction of it."""


@dataclass(frozen=True)
class Plateau:
    """`drops`: how often the rate was cut; `best`: the lowest error yet; `waited`: validations since then."""

    drops: int = 0
    best: float = math.inf
    waited: int = 0

    def after(self, error: float, patience: int) -> Plateau:
        """The plateau after one more validation; one without faces, whose error is nan, says nothing."""
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
