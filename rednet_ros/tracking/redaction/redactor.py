"""Frames in, frames without faces out: later by some, where what comes later may be known."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from rednet_ros.tracking.detector.models import Detector, load_detector
from rednet_ros.tracking.redaction.areas import Area, areas
from rednet_ros.tracking.redaction.hiding import Style, hide
from rednet_ros.tracking.types import ImageArray, Place

LOOK_AHEAD_FRAMES = 12
"""A face that is found is hidden in so many frames before, too."""

HOLD_FRAMES = 15
"""A face that is no longer found is hidden for so many frames more."""

MIN_SCORE = 0.2
"""Of a detection: rather a wall hidden than a face shown."""

FINER = 2
"""The detector sees images finer by this than that of the tracker, whose faces may be small at first."""

T = TypeVar("T")


@dataclass(frozen=True)
class Moment:
    """The areas of one frame, and its stamp in seconds."""

    stamp_s: float
    areas: list[Area]


class Redactor(Generic[T]):
    """Hides the faces of one stream in the given style.

    What is hidden in a frame: the places of all the tracker's faces, the unconfirmed and the lost included; what
    `detector` sees, on every frame; and the same of `HOLD_FRAMES` frames before and `look_ahead` frames after, larger
    with the distance in time, but for faces that are seen in this frame themselves. With a `look_ahead` of 0, for live
    images, a face is shown until it is found for the first time.

    `T`: whatever belongs to a frame, and is given back with it.
    """

    def __init__(self, style: Style, detector: Detector, look_ahead: int = LOOK_AHEAD_FRAMES) -> None:
        self._style = style
        self._detector = detector
        self._look_ahead = look_ahead
        self._moments: deque[Moment] = deque()  # of the frames that wait, and of those before them that count
        self._waiting: deque[tuple[ImageArray, T]] = deque()

    def add(
        self, image_bgr: ImageArray, stamp_s: float, places: Sequence[Place], item: T
    ) -> list[tuple[ImageArray, T]]:
        """Take the next frame, H x W x 3 uint8, with the tracker's places in it. Returns the frames that are ready."""
        self._moments.append(Moment(stamp_s, areas(image_bgr, places, self._detector)))
        self._waiting.append((image_bgr, item))
        return [self._take() for _ in range(len(self._waiting) - self._look_ahead)]

    def finish(self) -> Iterator[tuple[ImageArray, T]]:
        """The frames that are left when no more come."""
        while self._waiting:
            yield self._take()

    def _take(self) -> tuple[ImageArray, T]:
        index = len(self._moments) - len(self._waiting)
        image_bgr, item = self._waiting.popleft()
        hidden = hide(image_bgr, hidden_areas(self._moments, index), self._style)
        if index == HOLD_FRAMES:
            self._moments.popleft()
        return hidden, item


def hidden_areas(moments: Sequence[Moment], index: int) -> list[Area]:
    """All that is to be hidden at one of the moments, which are those before and after it that count."""
    now = moments[index]
    seen = {area.track for area in now.areas if area.track and area.is_seen}
    result = list(now.areas)
    for moment in moments:
        if moment is not now:
            elapsed_s = abs(moment.stamp_s - now.stamp_s)
            result += [area.grown(elapsed_s) for area in moment.areas if area.track not in seen]
    return result


def redaction_detector(detector_px: int) -> Detector:
    """The face detector for a `Redactor` beside a tracker whose own detector sees `detector_px` at a time."""
    return load_detector(longest_side_px=FINER * detector_px, min_score=MIN_SCORE)
