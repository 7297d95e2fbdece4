"""Values that go into and come out of the network at run time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rednet_ros.network.config import STATE_SIZE

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class FaceState:
    """Temporal state of N faces (paper, section 3.3): `hidden` and `cell`, each N x 256 float32.

    One row a face; rows never influence each other. A face without history has a row of zeros.
    """

    hidden: FloatArray
    cell: FloatArray

    @classmethod
    def zeros(cls, faces: int) -> FaceState:
        """Of faces without history."""
        return cls(np.zeros((faces, STATE_SIZE), np.float32), np.zeros((faces, STATE_SIZE), np.float32))

    def __len__(self) -> int:
        return len(self.hidden)

    def row(self, index: int) -> FaceState:
        """The state of one face, as a batch of one."""
        return FaceState(self.hidden[index : index + 1], self.cell[index : index + 1])

    def rows(self, indices: NDArray[np.intp]) -> FaceState:
        """The states of several faces."""
        return FaceState(self.hidden[indices], self.cell[indices])

    @staticmethod
    def stack(rows: Sequence[FaceState]) -> FaceState:
        """One batch from the states of several faces, in their order."""
        return FaceState(np.concatenate([row.hidden for row in rows]), np.concatenate([row.cell for row in rows]))


@dataclass(frozen=True)
class Estimate:
    """What the network says of N crops of S x S pixels, row by row in the order they were given.

    `landmarks_px`: N x 68 x 2 float32, pixels of the crop (pixel centres at integers; may lie outside it).
    `confidence`: N x 68 float32, 0..1, how sharply a landmark is placed. `presence`: N x 7 float32, 0..1, what the
    detection says of the pixels where the regression step puts its landmarks (`DETECTION_INDICES`): low where
    there is no face, which sharp maps do not show; None of a network without a detection step. `identity`: N x 256
    float32 of unit length, None without an identity branch. `state`: the faces' state after this frame, to be passed
    in with the next; None where the weights have no temporal module.
    """

    landmarks_px: FloatArray
    confidence: FloatArray
    identity: FloatArray | None
    state: FaceState | None
    presence: FloatArray | None = None

    def replaced(self, rows: NDArray[np.intp], by: Estimate) -> Estimate:
        """With these rows taken from another estimate of the same network, in its order."""
        parts = {name: part.copy() for name, part in self.arrays().items()}
        for name, part in by.arrays().items():
            parts[name][rows] = part
        return Estimate.of(parts)

    def arrays(self) -> dict[str, FloatArray]:
        """All that it holds, by name, the state as `hidden` and `cell`."""
        parts = {name: getattr(self, name) for name in ("landmarks_px", "confidence", "identity", "presence")}
        parts |= {"hidden": self.state.hidden, "cell": self.state.cell} if self.state else {}
        return {name: part for name, part in parts.items() if part is not None}

    @classmethod
    def of(cls, arrays: Mapping[str, FloatArray]) -> Estimate:
        """The inverse of `arrays`."""
        state = FaceState(arrays["hidden"], arrays["cell"]) if "hidden" in arrays else None
        return cls(arrays["landmarks_px"], arrays["confidence"], arrays.get("identity"), state, arrays.get("presence"))
