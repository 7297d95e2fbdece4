"""Values that go into and come out of the network at run time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class FaceState:
    """Temporal state of N faces (paper, section 3.3): `hidden` and `cell`, each N x `REDNetConfig.state_size` float.

    One row a face; rows never influence each other. A face without history has a row of zeros.
    """

    hidden: Tensor
    cell: Tensor

    def __len__(self) -> int:
        return self.hidden.shape[0]

    def row(self, index: int) -> FaceState:
        """The state of one face, as a batch of one."""
        return FaceState(self.hidden[index : index + 1], self.cell[index : index + 1])

    @staticmethod
    def stack(rows: Sequence[FaceState]) -> FaceState:
        """One batch from the states of several faces, in their order."""
        return type(rows[0]).joined(rows)

    @classmethod
    def joined(cls, rows: Sequence[FaceState]) -> FaceState:
        """What `stack` does for rows of which the first is of this kind."""
        return FaceState(torch.cat([row.hidden for row in rows]), torch.cat([row.cell for row in rows]))


@dataclass(frozen=True)
class Estimate:
    """What the network says of N crops of S x S pixels, row by row in the order they were given.

    `landmarks_px`: N x 68 x 2 float32, pixels of the crop (pixel centres at integers; may lie outside it).
    `confidence`: N x 68 float32, 0..1, how sharply a landmark is placed. `presence`: N x 7 float32, 0..1, what the
    detection step says of the pixels where the regression step puts its landmarks (`DETECTION_INDICES`): low where
    there is no face, which sharp maps do not tell; None of a network without a detection step. `identity`: N x 256
    float32 of unit length, None without an identity branch. `state`: the faces' state after this frame, to be passed
    in with the next; None where the weights have no temporal module. All tensors lie on the CPU but the state, which
    stays on the engine's device.
    """

    landmarks_px: Tensor
    confidence: Tensor
    identity: Tensor | None
    state: FaceState | None
    presence: Tensor | None = None
