"""Values that go into and come out of the network at run time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class FaceState:
    """Temporal state of N faces: by name the `parts` of `REDNetConfig.state_shapes`, N x shape float32 each.

    One row a face; rows never influence each other. A face without history has a row of zeros. `left_in`: of one face,
    the crop of the image that the state is of: x and y of its middle, side, all in pixels, and roll in radians; None
    where it is new, seen from the crop to come already, or knows of no places.
    """

    parts: Mapping[str, FloatArray]
    left_in: tuple[float, float, float, float] | None = None

    @classmethod
    def zeros(cls, shapes: Mapping[str, tuple[int, ...]], faces: int) -> FaceState:
        """Of faces without history. `shapes`: `REDNetConfig.state_shapes`."""
        return cls({name: np.zeros((faces, *shape), np.float32) for name, shape in shapes.items()})

    def __len__(self) -> int:
        return len(next(iter(self.parts.values())))

    def row(self, index: int) -> FaceState:
        """The state of one face, as a batch of one."""
        return FaceState({name: part[index : index + 1] for name, part in self.parts.items()})

    def rows(self, indices: NDArray[np.intp]) -> FaceState:
        """The states of several faces."""
        return FaceState({name: part[indices] for name, part in self.parts.items()})

    @staticmethod
    def stack(rows: Sequence[FaceState]) -> FaceState:
        """One batch from the states of several faces, in their order."""
        return FaceState({name: np.concatenate([row.parts[name] for row in rows]) for name in rows[0].parts})

    def forgotten(self) -> FaceState:
        """Of the same faces, without history."""
        return FaceState({name: np.zeros_like(part) for name, part in self.parts.items()})

    @property
    def knows_places(self) -> bool:
        """Whether it has to be `seen_from` the next crop."""
        return "memory" in self.parts

    def seen_from(self, motion: FloatArray) -> FaceState:
        """Of one face, for another crop than that it was left in. `motion`: 2 x 3 of `CropTransform.seen_from`."""
        (memory,) = self.parts["memory"]
        return FaceState({**self.parts, "memory": warped(memory, motion)[None]})


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
        """All that it holds, by name, with the parts of the state."""
        parts = {name: getattr(self, name) for name in _FIELDS}
        parts |= self.state.parts if self.state else {}
        return {name: part for name, part in parts.items() if part is not None}

    @classmethod
    def of(cls, arrays: Mapping[str, FloatArray]) -> Estimate:
        """The inverse of `arrays`."""
        parts = {name: part for name, part in arrays.items() if name not in _FIELDS}
        state = FaceState(parts) if parts else None
        return cls(arrays["landmarks_px"], arrays["confidence"], arrays.get("identity"), state, arrays.get("presence"))


_FIELDS = ("landmarks_px", "confidence", "identity", "presence")


def warped(memory: FloatArray, motion: FloatArray) -> FloatArray:
    """`network.temporal.warp` of one face in NumPy: C x M x M, as it lies in another crop, 0 where it has nothing."""
    channels, side, _ = memory.shape
    # A rim of zeros stands for all that is outside. Whole rows of channels are taken at once: OpenCV's remap is no
    # faster, and rounds places to a 32nd of a cell, which would add up from frame to frame.
    rim = np.zeros((channels, side + 2, side + 2), np.float32)
    rim[:, 1:-1, 1:-1] = memory
    flat = rim.reshape(channels, -1)
    axis = (np.arange(side, dtype=np.float32) + np.float32(0.5)) * np.float32(2 / side) - 1
    places = motion[:, 0, None, None] * axis + motion[:, 1, None, None] * axis[:, None] + motion[:, 2, None, None]
    x, y = np.clip((places + 1) * np.float32(side / 2) + np.float32(0.5), 0, side + 1).reshape(2, -1)
    column, row = np.minimum(x.astype(np.intp), side), np.minimum(y.astype(np.intp), side)
    right, low = x - column.astype(np.float32), y - row.astype(np.float32)
    first = row * (side + 2) + column
    seen = flat.take(first, axis=1) * ((1 - right) * (1 - low))
    seen += flat.take(first + 1, axis=1) * (right * (1 - low))
    seen += flat.take(first + side + 2, axis=1) * ((1 - right) * low)
    seen += flat.take(first + side + 3, axis=1) * (right * low)
    return np.asarray(seen.reshape(memory.shape), np.float32)
