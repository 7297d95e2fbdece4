"""What a run of the network is about: N faces, as crops or as places in images, ready for any device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rednet_ros.inference.sampling import reduction_for, shrink

Images = Sequence[NDArray[np.uint8]]


class Batch(Protocol):
    """Faces that are to be looked at. It lies on the host, so that it can be given to another backend."""

    def __len__(self) -> int:
        """How many faces."""
        ...

    def inputs(self, rows: Sequence[int], device: str) -> tuple[Tensor, ...]:
        """The graph's arguments but for the state, for some of the faces (again and again the same, to fill up)."""
        ...


@dataclass(frozen=True)
class CropBatch:
    """For `CropGraph`: `crops` N x S x S x 3 uint8 BGR, `previous_px` N x 68 x 2 float32 in their pixels."""

    crops: Tensor
    previous_px: Tensor

    def __len__(self) -> int:
        return len(self.crops)

    def inputs(self, rows: Sequence[int], device: str) -> tuple[Tensor, ...]:
        """See `Batch`."""
        if len(rows) == len(self) and list(rows) == list(range(len(self))):
            return self.crops.to(device), self.previous_px.to(device)
        return self.crops[rows].to(device), self.previous_px[rows].to(device)


@dataclass(frozen=True)
class FrameBatch:
    """For `FrameGraph`: `images` of all cameras, H x W x 3 uint8 BGR; for each face the index of its image in `which`,
    its crop's transform (`sampling`), N x 4, and `previous_px`, N x 68 x 2, in image pixels.
    """

    images: Images
    which: Sequence[int]
    transforms: Tensor
    previous_px: Tensor
    size_px: int
    _packed: dict[str, tuple[Tensor, Tensor]] = field(default_factory=dict)

    @classmethod
    def of_crops(cls, crops: NDArray[np.uint8], previous_px: Tensor) -> FrameBatch:
        """Crops as images that are wholly cut out: the graph then sees the very same pixels."""
        faces, size_px = len(crops), crops.shape[1]
        middle = (size_px - 1) / 2
        whole = torch.tensor([[middle, middle, float(size_px), 0.0]]).repeat(faces, 1)
        return cls(list(crops), range(faces), whole, previous_px, size_px)

    def __len__(self) -> int:
        return len(self.which)

    def inputs(self, rows: Sequence[int], device: str) -> tuple[Tensor, ...]:
        """See `Batch`. The images go to the device once, however often this is called."""
        if device not in self._packed:
            self._packed[device] = self._pack(device)
        pixels, sources = self._packed[device]
        return pixels, sources[rows].to(device), self.transforms[rows].to(device), self.previous_px[rows].to(device)

    def _pack(self, device: str) -> tuple[Tensor, Tensor]:
        """Every image and every reduction of one that a face needs, as one list of pixels; and the faces' sources."""
        reductions = [reduction_for(float(side_px), self.size_px) for side_px in self.transforms[:, 2]]
        places: dict[tuple[int, int], tuple[int, int, int, int]] = {}
        parts: list[Tensor] = []
        base = 0
        for number, image in enumerate(self.images):
            needed = [reduction for at, reduction in zip(self.which, reductions, strict=True) if at == number]
            level = torch.from_numpy(np.ascontiguousarray(image)).to(device, non_blocking=True)
            reduction = 1
            while needed and reduction <= max(needed):
                if reduction > 1 and min(level.shape[:2]) >= 2:
                    level = shrink(level)
                if reduction in needed:
                    places[number, reduction] = (base, level.shape[1], level.shape[0], reduction)
                    parts.append(level.reshape(-1, 3))
                    base += len(parts[-1])
                reduction *= 2
        sources = [places[at, reduction] for at, reduction in zip(self.which, reductions, strict=True)]
        return (parts[0] if len(parts) == 1 else torch.cat(parts)), torch.tensor(sources, dtype=torch.int64)
