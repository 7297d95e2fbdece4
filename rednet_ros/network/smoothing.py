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

START_BIAS = -1.0
"""Logit of the pull before training: about a quarter."""


class LandmarkSmoothing(nn.Module):
    """Splits the displacement since the previous frame into the face's own and the landmarks', and takes part of each
    back: as much as a small network says, shared by all landmarks, from the displacement's size and the face's state.
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
        moved = torch.where(known, points_px - previous_px, 0.0)
        of_face = moved.mean(dim=1, keepdim=True)
        own = moved - of_face
        unit_px = UNIT * crop_px
        memory = self.memory(hidden.float())
        sizes = [torch.log1p(part.norm(dim=2) / unit_px) for part in (of_face, own)]
        spread = sizes[1].mean(dim=1, keepdim=True)
        face_pull = self.of_face(torch.cat([sizes[0], spread, memory], dim=1))[:, None]
        seen = torch.stack([sizes[1], sizes[0].expand_as(sizes[1]), spread.expand_as(sizes[1])], dim=2)
        rows = [seen, self.places.expand(len(seen), -1, -1), memory[:, None].expand(-1, LANDMARK_COUNT, -1)]
        pull = self.of_landmark(torch.cat(rows, dim=2))
        return -(face_pull * of_face + pull * own)


def _gate(inputs: int) -> nn.Sequential:
    last = nn.Linear(HIDDEN, 1)
    nn.init.zeros_(last.weight)
    nn.init.constant_(last.bias, START_BIAS)
    return nn.Sequential(nn.Linear(inputs, HIDDEN), nn.ReLU(), last, nn.Sigmoid())
