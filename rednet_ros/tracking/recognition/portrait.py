"""Who a face is, as far as the network can tell: the running mean of its identity vectors. Lives in memory alone."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from rednet_ros.tracking.face_shape import fraction_inside
from rednet_ros.tracking.sighting import Sighting
from rednet_ros.tracking.types import FloatArray
from rednet_ros.tracking.yaw import turn

KNOWN_FRAMES = 5
"""A portrait of fewer frames is not compared with others."""

MAX_WEIGHT = 300.0
"""Beyond about so many frames the oldest count less and less: a face changes with the light, and a track may err."""

MAX_TURN = 0.6
"""Of `turn`: a yaw of about 35 degrees. Vectors of faces turned farther say more of the pose than of the person."""

MIN_INSIDE = 0.9
"""Share of the landmarks inside the image; the network sees the rest of such a face as a repeated border."""


@dataclass(frozen=True)
class Portrait:
    """Weighted sum of a face's identity vectors. `total`: 256 float32, None without any frame; `weight`: of all frames.

    `frames`: how many there were.
    """

    frames: int = 0
    weight: float = 0.0
    total: FloatArray | None = field(default=None, repr=False, compare=False)

    @property
    def is_known(self) -> bool:
        """Whether there were frames enough to compare the face with others."""
        return self.frames >= KNOWN_FRAMES

    def with_view(self, identity: FloatArray, quality: float) -> Portrait:
        """With one more frame: its vector of unit length, and its weight, 0..1."""
        return self.merged(Portrait(1, quality, (quality * identity).astype(np.float32)))

    def merged(self, other: Portrait) -> Portrait:
        """The portrait of two series of frames of one person."""
        if self.total is None or other.total is None:
            return other if self.total is None else self
        weight = self.weight + other.weight
        kept = min(1.0, MAX_WEIGHT / weight)
        total = (kept * (self.total + other.total)).astype(np.float32)
        return Portrait(self.frames + other.frames, kept * weight, total)

    def similarity(self, identity: FloatArray | None) -> float:
        """Cosine, -1..1, with the vector of one frame; nan while the face is not known, or without a vector."""
        return _cosine(self.total, identity) if self.is_known else float("nan")

    def likeness(self, other: Portrait) -> float:
        """Cosine, -1..1, with another portrait; nan where one of them is empty."""
        return _cosine(self.total, other.total)


def view_quality(sighting: Sighting, width_px: int, height_px: int, min_confidence: float) -> float:
    """How much a frame of this size says about who it is, 0..1; 0: nothing that should be kept.

    Counted are faces of at least `min_confidence`, inside the image, and turned to the side by 35 degrees at most.
    """
    if sighting.identity is None or not np.isfinite(sighting.identity).all():
        return 0.0
    turned = turn(sighting.landmarks_px)
    inside = fraction_inside(sighting.landmarks_px, width_px, height_px)
    if sighting.confidence < min_confidence or turned > MAX_TURN or inside < MIN_INSIDE:
        return 0.0
    return sighting.confidence * (1.0 - 0.5 * turned / MAX_TURN)


def _cosine(first: FloatArray | None, second: FloatArray | None) -> float:
    if first is None or second is None:
        return float("nan")
    lengths = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(np.dot(first, second)) / lengths if lengths > 0 else float("nan")
