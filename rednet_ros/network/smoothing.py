"""A learned filter over the landmarks of successive frames: what keeps a still face still. Not in the paper.

The paper's temporal module passes 256 numbers a face through pooled features, from which a landmark's place within a
cell of the response maps can hardly be told; it smooths what is seen, not where it is put. Here the previous frame's
landmarks enter as numbers, and the displacement itself decides how much of it to believe.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from rednet_ros.landmarks import LANDMARK_COUNT

UNIT = 1 / 64
"""Displacements enter in this fraction of the crop's side: about what a landmark trembles."""

PLACES, HIDDEN = 4, 32
"""Numbers that stand for which landmark it is, and hidden units."""

START_PULL, START_GAIN, START_SHARE = 0.5, 0.0, -1.0
"""Logits before training, of the landmarks' pull (0.6), the motion's gain (0.5) and the share that changes it (0.3)."""

DRIFT_KEPT, LEVEL_KEPT = 0.7, 0.85
"""Of drift and levels from frame to frame: they look back over about three and seven."""

EPSILON = 1e-6
"""Square pixels: keeps the gradient of a distance finite where nothing moves."""


class Trend(NamedTuple):
    """What a face's filter knows besides the last landmarks; all zero before its first look.

    `motion`: N x 4, how the face moves from frame to frame: x and y as fractions of the crop's side, and the turn and
    growth as a complex number less 1. `looks`: N x 1, half the number of looks, at most 1. `drift`: N x 4, the mean of
    what `motion` lately missed. `levels`: N x 3, mean sizes lately, in `UNIT`: of what it missed in place, and in turn
    and growth, and of the landmarks' own motion.
    """

    motion: Tensor
    looks: Tensor
    drift: Tensor
    levels: Tensor

    @classmethod
    def unpacked(cls, hidden: Tensor, cell: Tensor) -> Trend:
        """From the numbers that `packed` gave, N x 6 each."""
        return cls(*torch.cat([hidden, cell], dim=1).float().split([4, 1, 4, 3], dim=1))

    @classmethod
    def none(cls, faces: int) -> Trend:
        """Of `faces` faces that nobody has looked at, on the CPU."""
        return cls(torch.zeros(faces, 4), torch.zeros(faces, 1), torch.zeros(faces, 4), torch.zeros(faces, 3))

    def packed(self) -> tuple[Tensor, Tensor]:
        """As two tensors, N x `config.TREND_SIZE` each, to travel behind the temporal module's two states."""
        hidden, cell = torch.cat(self, dim=1).chunk(2, dim=1)
        return hidden, cell


class LandmarkSmoothing(nn.Module):
    """Takes back a part of what the landmarks moved against what was expected of them.

    The face as a whole (the similarity that fits best) is expected to move on as it did, by a filter of position and
    velocity (alpha and beta; Benedict and Bordner, 1962) whose gains follow from how much it misses, how much it did
    lately, and whether it misses to the same side again. Of the rest, what a landmark moved within the face, a small
    network says for each how much is trembling. The first two looks at a face are taken as they are: they are looks at
    one image.
    """

    def __init__(self) -> None:
        super().__init__()
        self.places = nn.Parameter(torch.randn(LANDMARK_COUNT, PLACES) * 0.1)
        self.gains = _perceptron(8, (START_GAIN, START_GAIN, START_SHARE, START_SHARE))
        self.pull = _perceptron(4 + PLACES, (START_PULL,))

    def forward(self, points_px: Tensor, previous_px: Tensor, trend: Trend, crop_px: int) -> tuple[Tensor, Trend]:
        """The landmarks that stand for `points_px`, N x 68 x 2 crop pixels, and the next trend.

        `previous_px`: the same landmarks in the frame before, in pixels of this crop; a face with a nan is a new one,
        and keeps its points.
        """
        known = torch.isfinite(previous_px).float().amin(dim=(1, 2), keepdim=True) > 0
        previous_px = torch.where(known, previous_px, points_px)
        trend = Trend(*(torch.where(known[:, 0], part, 0.0) for part in trend))
        expected = moved(previous_px, trend.motion, crop_px)
        miss = motion_between(expected, points_px, crop_px)
        own = points_px - moved(expected, miss, crop_px)
        sizes = _sizes(miss, own, crop_px)
        gain, share = self._gains(miss, sizes, trend)
        smooth_px = moved(expected, gain * miss, crop_px) + (1 - self._pull(own, sizes, trend, crop_px)) * own
        settled = trend.looks >= 1
        after = Trend(
            torch.where(settled, trend.motion + share * gain * miss, 0.0),
            (trend.looks + 0.5).clamp(max=1),
            torch.where(settled, DRIFT_KEPT * trend.drift + (1 - DRIFT_KEPT) * miss, 0.0),
            torch.where(settled, LEVEL_KEPT * trend.levels + (1 - LEVEL_KEPT) * sizes, 0.0),
        )
        return torch.where(settled[:, :, None], smooth_px, points_px), after

    def _gains(self, miss: Tensor, sizes: Tensor, trend: Trend) -> tuple[Tensor, Tensor]:
        """Alpha, and beta as a share of it, N x 4 each in 0..1: the same for x and y, and for turn and growth."""
        size, drift = _size(miss), _size(trend.drift)
        along = (miss * trend.drift).sum(dim=1, keepdim=True) / (UNIT * UNIT * (size * drift + 0.05))
        seen = torch.log1p(torch.cat([size, drift, trend.levels, _size(trend.motion), sizes[:, 2:]], dim=1))
        gains = torch.sigmoid(self.gains(torch.cat([seen, along], dim=1)))
        return gains[:, :2].repeat_interleave(2, dim=1), gains[:, 2:].repeat_interleave(2, dim=1)

    def _pull(self, own: Tensor, sizes: Tensor, trend: Trend, crop_px: int) -> Tensor:
        """N x 68 x 1 in 0..1: how much of each landmark's own motion is taken for trembling."""
        whole = torch.cat([sizes[:, :1], sizes[:, 2:], trend.levels[:, 2:]], dim=1)
        seen = torch.cat([_length(own, UNIT * crop_px), whole[:, None].expand(-1, LANDMARK_COUNT, -1)], dim=2)
        places = self.places.expand(own.shape[0], -1, -1)
        return torch.sigmoid(self.pull(torch.cat([torch.log1p(seen), places], dim=2)))


def motion_between(before_px: Tensor, now_px: Tensor, crop_px: int) -> Tensor:
    """The similarity that fits N x 68 x 2 landmarks best onto others, N x 4: as `Trend.motion`."""
    middle, aim = before_px.mean(dim=1), now_px.mean(dim=1)
    old, new = before_px - middle[:, None], now_px - aim[:, None]
    size = old.square().sum(dim=(1, 2)) + EPSILON
    along = (old * new).sum(dim=(1, 2)) / size
    across = (old[:, :, 0] * new[:, :, 1] - old[:, :, 1] * new[:, :, 0]).sum(dim=1) / size
    return torch.cat([(aim - middle) / crop_px, torch.stack([along - 1, across], dim=1)], dim=1)


def moved(points_px: Tensor, motion: Tensor, crop_px: int) -> Tensor:
    """Landmarks, N x 68 x 2, moved, turned and scaled as a whole by N x 4 of `motion_between`."""
    middle = points_px.mean(dim=1, keepdim=True)
    x, y = (points_px - middle).unbind(dim=2)
    along, across = 1 + motion[:, 2:3], motion[:, 3:]
    turned = torch.stack([along * x - across * y, across * x + along * y], dim=2)
    return turned + middle + crop_px * motion[:, None, :2]


def _perceptron(inputs: int, start: tuple[float, ...]) -> nn.Sequential:
    """One hidden layer; gives logits `start` whatever it sees, until it is trained."""
    last = nn.Linear(HIDDEN, len(start))
    nn.init.zeros_(last.weight)
    with torch.no_grad():
        last.bias.copy_(torch.tensor(start))
    return nn.Sequential(nn.Linear(inputs, HIDDEN), nn.ReLU(), last)


def _sizes(miss: Tensor, own_px: Tensor, crop_px: int) -> Tensor:
    """What `Trend.levels` is the mean of, for one frame: N x 3."""
    own = _length(own_px, UNIT * crop_px).mean(dim=1)
    return torch.cat([_length(miss[:, :2], UNIT), _length(miss[:, 2:], 4 * UNIT), own], dim=1)


def _size(motion: Tensor) -> Tensor:
    """Of a motion, N x 4, in `UNIT`: N x 1. A turn counts as the way of a point a quarter of a crop from the middle."""
    aside, turn = _length(motion[:, :2], UNIT), _length(motion[:, 2:], 4 * UNIT)
    return (aside.square() + turn.square()).sqrt()


def _length(vectors: Tensor, unit: float) -> Tensor:
    """Of vectors ... x 2, in `unit`: ... x 1."""
    return (vectors.square().sum(dim=-1, keepdim=True) + EPSILON * unit * unit).sqrt() / unit
