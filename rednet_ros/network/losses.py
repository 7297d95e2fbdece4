"""Losses of the spatial recurrence (paper, section 3.2) and one on the decoded points."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

FOREGROUND_WEIGHT = 15.0
"""Weight of foreground pixels in both pixel-wise losses."""

FOREGROUND_LEVEL = 0.05
"""A pixel of a regression target above this value is foreground."""


def detection_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Pixel-wise binary cross-entropy (equation 5); `logits` and `target` N x 7 x M x M, target 0 or 1."""
    weight = 1 + (FOREGROUND_WEIGHT - 1) * target
    return F.binary_cross_entropy_with_logits(logits, target, weight=weight)


def regression_loss(maps: Tensor, target: Tensor) -> Tensor:
    """Pixel-wise squared error (equation 7); `maps` and `target` N x 68 x M x M, target 0..1."""
    weight = 1 + (FOREGROUND_WEIGHT - 1) * (target > FOREGROUND_LEVEL)
    return (weight * (maps - target).square()).mean()


def distribution_loss(maps: Tensor, target: Tensor) -> Tensor:
    """Mean cross-entropy of the maps of `spatial_softmax` with the target's Gaussians; shapes as of `regression_loss`.

    An empty target asks for an even distribution.
    """
    shares = maps.flatten(2) / maps.flatten(2).sum(dim=2, keepdim=True)
    wanted = target.flatten(2) + 1e-6
    wanted = wanted / wanted.sum(dim=2, keepdim=True)
    return -(wanted * torch.log(shares + 1e-9)).sum(dim=2).mean()


def point_loss(points: Tensor, truth: Tensor, scale: float) -> Tensor:
    """Mean of log(1 + distance / scale): steep for small errors, as the wing loss, flat for hopeless ones.

    `points`, `truth`: N x C x 2 in the unit of `scale`. Not in the paper; config/train says where it is used.
    """
    return torch.log1p((points - truth).abs() / scale).mean()
