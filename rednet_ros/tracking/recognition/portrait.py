"""Who a face is, as far as a recogniser can tell: what it made of the face so far. Lives in memory alone."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from rednet_ros.tracking.face_shape import fraction_inside
from rednet_ros.tracking.sighting import Sighting
from rednet_ros.tracking.types import FloatArray
from rednet_ros.tracking.yaw import turn

KNOWN_FRAMES, KNOWN_LOOKS = 5, 3
"""A portrait of fewer frames, or looks of a recogniser of its own, is not compared with others."""

MAX_WEIGHT = 300.0
"""Beyond about so many frames the oldest count less and less: a face changes with the light, and a track may err."""

MAX_VIEWS = 6
"""Looks of a recogniser of its own that are kept, the most diverse ones."""

MAX_TURN = 0.6
"""Of `turn`: a yaw of about 35 degrees. Vectors of faces turned farther say more of the pose than of the person."""

MIN_INSIDE = 0.9
"""Share of the landmarks inside the image; the network sees the rest of such a face as a repeated border."""


@dataclass(frozen=True)
class Portrait:
    """Of a face of which every frame has a vector, their weighted sum: `total`, 256 float32, None without any frame;
    `weight`: of all frames. Of one that a recogniser looked at now and then, `views`: a few diverse vectors of unit
    length, D float32. `frames`: how many frames or looks there were.
    """

    frames: int = 0
    weight: float = 0.0
    total: FloatArray | None = field(default=None, repr=False, compare=False)
    views: tuple[FloatArray, ...] = field(default=(), repr=False, compare=False)

    @property
    def is_known(self) -> bool:
        """Whether there were frames enough to compare the face with others."""
        return self.frames >= (KNOWN_LOOKS if self.views else KNOWN_FRAMES)

    @property
    def vectors(self) -> tuple[FloatArray, ...]:
        """What may be kept of it: its views, or its sum, at unit length."""
        if self.views or self.total is None:
            return self.views
        return (np.asarray(self.total / np.linalg.norm(self.total), np.float32),)

    def with_view(self, identity: FloatArray, quality: float) -> Portrait:
        """With one more frame: its vector of unit length, and its weight, 0..1."""
        return self.merged(Portrait(1, quality, (quality * identity).astype(np.float32)))

    def with_look(self, identity: FloatArray) -> Portrait:
        """With one more look of a recogniser: its vector of unit length."""
        return Portrait(self.frames + 1, views=_diverse((*self.views, identity)))

    def merged(self, other: Portrait) -> Portrait:
        """The portrait of two series of frames of one person."""
        if self.views or other.views:
            return Portrait(self.frames + other.frames, views=_diverse((*self.views, *other.views)))
        if self.total is None or other.total is None:
            return other if self.total is None else self
        weight = self.weight + other.weight
        kept = min(1.0, MAX_WEIGHT / weight)
        total = (kept * (self.total + other.total)).astype(np.float32)
        return Portrait(self.frames + other.frames, kept * weight, total)

    def similarity(self, identity: FloatArray | None) -> float:
        """Cosine, -1..1, with the vector of one frame, or of one look with the view most like it; nan while the face is
        not known, or without a vector."""
        if not self.is_known:
            return float("nan")
        if self.views and identity is not None:
            return max(float(view @ identity) for view in self.views)
        return _cosine(self.total, identity)

    def likeness(self, other: Portrait) -> float:
        """Cosine, -1..1, of the two sums; of portraits with views, the median of those of each own view with the view
        of the other that is most like it. Nan where one of them is empty."""
        if self.views and other.views:
            return float(np.median((np.stack(self.views) @ np.stack(other.views).T).max(axis=1)))
        return _cosine(self.total, other.total)


def view_quality(sighting: Sighting, width_px: int, height_px: int, min_confidence: float) -> float:
    """How much the identity vector of a frame of this size says about who it is, 0..1; 0: nothing to be kept."""
    if sighting.identity is None or not np.isfinite(sighting.identity).all():
        return 0.0
    return face_quality(sighting.landmarks_px, sighting.confidence, width_px, height_px, min_confidence)


def face_quality(
    landmarks_px: FloatArray, confidence: float, width_px: int, height_px: int, min_confidence: float
) -> float:
    """How well a face (68 x 2 landmarks) shows who it is, in an image of this size, 0..1; 0: not at all.

    Counted are faces of at least `min_confidence`, inside the image, and turned to the side by 35 degrees at most.
    """
    turned = turn(landmarks_px)
    inside = fraction_inside(landmarks_px, width_px, height_px)
    if not (confidence >= min_confidence and turned <= MAX_TURN and inside >= MIN_INSIDE):
        return 0.0
    return confidence * (1.0 - 0.5 * turned / MAX_TURN)


def _diverse(views: tuple[FloatArray, ...]) -> tuple[FloatArray, ...]:
    """At most `MAX_VIEWS` of them: of the two that are most alike the older one goes, again and again."""
    while len(views) > MAX_VIEWS:
        stacked = np.stack(views)
        likeness = np.triu(stacked @ stacked.T + 2.0, 1)  # 0 below the diagonal
        older = int(likeness.argmax()) // len(views)
        views = views[:older] + views[older + 1 :]
    return views


def _cosine(first: FloatArray | None, second: FloatArray | None) -> float:
    if first is None or second is None:
        return float("nan")
    lengths = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(np.dot(first, second)) / lengths if lengths > 0 else float("nan")
