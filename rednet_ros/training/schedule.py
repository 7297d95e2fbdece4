"""What changes over a stage: the learning rate and the share of the point loss."""

from __future__ import annotations

import math

from rednet_ros.training.config import StageConfig


def learning_rate(stage: StageConfig, step: int) -> float:
    """Linear warm-up, then a cosine from `learning_rate` to `final_rate`."""
    warm = min(1.0, (step + 1) * stage.batch / max(1, stage.warmup_images))
    cosine = 0.5 * (1 + math.cos(math.pi * step / stage.steps))
    return warm * (stage.final_rate + (stage.learning_rate - stage.final_rate) * cosine)


def points_ramp(stage: StageConfig, step: int) -> float:
    """0..1: how much of the point loss counts yet."""
    first, full = stage.losses.points_from, stage.losses.points_full
    if full <= first:
        return 1.0
    return min(1.0, max(0.0, (step * stage.batch - first) / (full - first)))
