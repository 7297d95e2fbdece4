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

EPSILON = 1e-6
"""Square pixels: keeps the gradient of a distance finite where nothing moves."""

START_BIAS = -1.0
"""Logit of the pull before training: about a quarter."""


class LandmarkSmoothing(nn.Module):
    """Splits the displacement since the previous frame into that of the face as a whole (the similarity that fits best)
    and the rest, and takes part of each back: as much as small networks say, from the sizes of both and the face's
    state. The first trembles little, being a mean over all landmarks, and should not lag; the rest may be held firmly.
    """

    def __init__(self) -> None:
        super().__init__()
        self.places = nn.Parameter(torch.randn(LANDMARK_COUNT, PLACES) * 0.1)
        self.memory = nn.Linear(STATE_SIZE, MEMORY)
        self.of_face = _gate(2 + MEMORY)
        self.of_landmark = _gate(3 + PLACES + MEMORY)

    def forward(self, points_px: Tensor, previous_px: Tensor, hidden: Tensor, crop_px: int) -> Tensor:
        """What to add to the landmarks `points_px`: N x 68 x 2 crop pixels, between 0 and `previous_px - points_px`.

        `previous_px`: the same landmarks in the frame before, in pixels of this crop; a face with a nan is a new one,
        and gets zeros. `hidden`: N x 256, of the temporal module's state.
        """
        known = torch.isfinite(previous_px).all(dim=2).all(dim=1)[:, None, None]
        previous_px = torch.where(known, previous_px, points_px)
        carried = carried_along(previous_px, points_px)
        of_face, own = carried - previous_px, points_px - carried
        unit_px = UNIT * crop_px
        memory = self.memory(hidden.float())
        sizes = torch.log1p((own.square().sum(dim=2) + EPSILON).sqrt() / unit_px)
        motion, spread = (
            torch.log1p((part.square().sum(dim=2).mean(dim=1, keepdim=True) + EPSILON).sqrt() / unit_px)
            for part in (of_face, own)
        )
        face_pull = self.of_face(torch.cat([motion, spread, memory], dim=1))[:, None]
        seen = torch.stack([sizes, motion.expand_as(sizes), spread.expand_as(sizes)], dim=2)
        rows = [seen, self.places.expand(len(seen), -1, -1), memory[:, None].expand(-1, LANDMARK_COUNT, -1)]
        pull = self.of_landmark(torch.cat(rows, dim=2))
        return -(face_pull * of_face + pull * own)


def carried_along(previous_px: Tensor, points_px: Tensor) -> Tensor:
    """The previous landmarks, N x 68 x 2, moved, turned and scaled as a whole onto the landmarks `points_px`."""
    before, now = previous_px.mean(dim=1, keepdim=True), points_px.mean(dim=1, keepdim=True)
    old, new = previous_px - before, points_px - now
    size = old.square().sum(dim=(1, 2)) + EPSILON
    along = ((old * new).sum(dim=(1, 2)) / size)[:, None]
    across = ((old[:, :, 0] * new[:, :, 1] - old[:, :, 1] * new[:, :, 0]).sum(dim=1) / size)[:, None]
    x, y = old.unbind(dim=2)
    return torch.stack([along * x - across * y, across * x + along * y], dim=2) + now


def _gate(inputs: int) -> nn.Sequential:
    last = nn.Linear(HIDDEN, 1)
    nn.init.zeros_(last.weight)
    nn.init.constant_(last.bias, START_BIAS)
    return nn.Sequential(nn.Linear(inputs, HIDDEN), nn.ReLU(), last, nn.Sigmoid())
