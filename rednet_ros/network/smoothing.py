"""A learned pull of the landmarks towards those of the frame before: what keeps a still face still. Not in the paper.

The paper's temporal module passes 256 numbers a face through pooled features, from which a landmark's place within a
cell of the response maps can hardly be told; it smooths what is seen, not where it is put. Here the previous frame's
landmarks enter as numbers, and the state decides with the displacement itself how much of it to believe.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rednet_ros.landmarks import LANDMARK_COUNT
from rednet_ros.network.config import STATE_SIZE

UNIT = 1 / 64
"""Displacements enter in this fraction of the crop's side: about what a landmark trembles."""

PLACES, MEMORY, HIDDEN = 4, 8, 32
"""Numbers that stand for which landmark it is, numbers read from the state, and hidden units."""

START_BIAS = 0.8
"""Logit of the pull before training: about 0.7."""

EPSILON = 1e-6
"""Square pixels: keeps the gradient of a distance finite where nothing moves."""


class LandmarkSmoothing(nn.Module):
    """Takes back a part of what the landmarks moved within the face.

    The face as a whole (the similarity that fits best) is followed at once: being a mean over all landmarks it trembles
    little, and holding it back cost more accuracy than it brought calm (docs/training.md). Of the rest, a small network
    says for each landmark how much is trembling, from its size, the size of all, and the face's state.
    """

    def __init__(self) -> None:
        super().__init__()
        self.places = nn.Parameter(torch.randn(LANDMARK_COUNT, PLACES) * 0.1)
        self.memory = nn.Linear(STATE_SIZE, MEMORY)
        last = nn.Linear(HIDDEN, 1)
        nn.init.zeros_(last.weight)
        nn.init.constant_(last.bias, START_BIAS)
        self.pull = nn.Sequential(nn.Linear(3 + PLACES + MEMORY, HIDDEN), nn.ReLU(), last, nn.Sigmoid())

    def forward(self, points_px: Tensor, previous_px: Tensor, hidden: Tensor, crop_px: int) -> Tensor:
        """What to add to the landmarks `points_px`: N x 68 x 2 crop pixels.

        `previous_px`: the same landmarks in the frame before, in pixels of this crop; a face with a nan is a new one,
        and gets zeros. `hidden`: N x 256, of the temporal module's state.
        """
        known = torch.isfinite(previous_px).float().amin(dim=(1, 2), keepdim=True) > 0
        previous_px = torch.where(known, previous_px, points_px)
        carried = carried_along(previous_px, points_px)
        own, unit_px = points_px - carried, UNIT * crop_px
        size = _length(own, unit_px)
        motion, spread = (
            _length(part, unit_px).square().mean(dim=1, keepdim=True).sqrt() for part in (carried - previous_px, own)
        )
        memory = self.memory(hidden.float())[:, None].expand(-1, LANDMARK_COUNT, -1)
        sizes = torch.log1p(torch.stack([size, motion.expand_as(size), spread.expand_as(size)], dim=2))
        pull = self.pull(torch.cat([sizes, self.places.expand(size.shape[0], -1, -1), memory], dim=2))
        return torch.where(known, -pull * own, 0.0)


def carried_along(previous_px: Tensor, points_px: Tensor) -> Tensor:
    """The previous landmarks, N x 68 x 2, moved, turned and scaled as a whole onto the landmarks `points_px`."""
    before, now = previous_px.mean(dim=1, keepdim=True), points_px.mean(dim=1, keepdim=True)
    old, new = previous_px - before, points_px - now
    size = old.square().sum(dim=(1, 2)) + EPSILON
    along = ((old * new).sum(dim=(1, 2)) / size)[:, None]
    across = ((old[:, :, 0] * new[:, :, 1] - old[:, :, 1] * new[:, :, 0]).sum(dim=1) / size)[:, None]
    x, y = old.unbind(dim=2)
    return torch.stack([along * x - across * y, across * x + along * y], dim=2) + now


def _length(vectors: Tensor, unit: float) -> Tensor:
    """Of vectors ... x 2, in `unit`."""
    return (vectors.square().sum(dim=-1) + EPSILON).sqrt() / unit
