"""Losses of the spatial recurrence (paper, section 3.2) and one on the decoded points."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

FOREGROUND_WEIGHT = 15.0
"""Weight of foreground pixels in both pixel-wise losses."""

FOREGROUND_LEVEL = 0.05
"""A pixel of a regression target above this value is foreground."""


def detection_loss(logits: Tensor, target: Tensor, counted: Tensor | None = None) -> Tensor:
    """Pixel-wise binary cross-entropy (equation 5); `logits` and `target` N x 7 x M x M, target 0 or 1.

    `counted`: N x 7 bool, False for maps whose target nobody knows, or how much each counts, 0 or at least 1; None: all
    count alike. So too in the other losses.
    """
    weight = 1 + (FOREGROUND_WEIGHT - 1) * target
    by_map = F.binary_cross_entropy_with_logits(logits, target, weight=weight, reduction="none").mean(dim=(2, 3))
    return _mean(by_map, counted)


def regression_loss(maps: Tensor, target: Tensor, counted: Tensor | None = None) -> Tensor:
    """Pixel-wise squared error (equation 7); `maps` and `target` N x 68 x M x M, target 0..1."""
    weight = 1 + (FOREGROUND_WEIGHT - 1) * (target > FOREGROUND_LEVEL)
    return _mean((weight * (maps - target).square()).mean(dim=(2, 3)), counted)


def distribution_loss(maps: Tensor, target: Tensor, counted: Tensor | None = None) -> Tensor:
    """Mean cross-entropy of the maps of `spatial_softmax` with the target's Gaussians; shapes as of `regression_loss`.

    An empty target asks for an even distribution.
    """
    shares = maps.flatten(2) / maps.flatten(2).sum(dim=2, keepdim=True)
    wanted = target.flatten(2) + 1e-6
    wanted = wanted / wanted.sum(dim=2, keepdim=True)
    return _mean(-(wanted * torch.log(shares + 1e-9)).sum(dim=2), counted)


def point_loss(points: Tensor, truth: Tensor, scale: float, weight: Tensor | None = None) -> Tensor:
    """Mean of log(1 + distance / scale): steep for small errors, as the wing loss, flat for hopeless ones.

    `points`, `truth`: N x C x 2 in the unit of `scale`; what is nan in `truth` does not count. `weight`: N, how much a
    face counts, at least 1; None: all alike. Not in the paper;
    config/train says where it is used.
    """
    known = torch.isfinite(truth).all(dim=-1)
    distance = (points - torch.where(known[..., None], truth, 0.0)).abs()
    return _mean(torch.log1p(distance / scale).mean(dim=-1), known if weight is None else known * weight[:, None])


def identity_loss(logits: Tensor, person: Tensor) -> Tensor:
    """Mean cross-entropy (section 3.4) of `logits`, N x persons, with the classes `person`; negative ones do not count.

    Zero, and still a function of the logits, where no face has an identity.
    """
    known = person >= 0
    entropy = F.cross_entropy(logits.float(), person.clamp(min=0), reduction="none")
    return _mean(entropy, known)


def acceleration_loss(errors: Tensor, valid: Tensor) -> Tensor:
    """Mean size of the acceleration of landmark errors over time: what is seen as flicker, free of the face's motion.

    `errors`: N x T x C x 2, predictions minus truth; `valid`: N x T x C bool. An acceleration counts where its three
    frames are valid. Not in the paper. Zero for fewer than three frames.
    """
    errors = torch.where(valid[..., None], errors, 0.0)
    acceleration = errors[:, :-2] - 2 * errors[:, 1:-1] + errors[:, 2:]
    return _mean(acceleration.abs().mean(dim=-1), valid[:, :-2] & valid[:, 1:-1] & valid[:, 2:])


def _mean(values: Tensor, counted: Tensor | None) -> Tensor:
    """Mean of the values that are counted, by their weights; 0 where none is."""
    if counted is None:
        return values.mean()
    return (torch.where(counted > 0, values, 0.0) * counted).sum() / counted.sum().clamp(min=1)
