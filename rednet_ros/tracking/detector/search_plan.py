"""Which part of an image the detector searches next, and how finely: all of it at once, small first, then in pieces.

A detector sees about half a megapixel in reasonable time. The whole of a large image, shrunk to that, shows near faces
only; far ones show in its pieces. One piece at a time costs no more than the whole, so nothing ever waits for long.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

from rednet_ros.tracking.types import Box, ImageArray

SEEN_PX = 20.0
"""A face whose landmarks' box is this large in what the detector sees is found."""

LEVEL_RATIO = 2.0
"""Each level of pieces is finer by this than the one before."""

SMALL = 0.5
"""A small search sees an image shrunk by this much more, in a quarter of the time: it finds faces twice as large."""

PLACE = 3.0
"""Side of a face's place, as a multiple of the longer side of its landmarks' box."""

MIN_GAIN = 1.5
"""A level that is finer by less is not worth its time."""

OVERLAP = 0.25
"""Of a piece, shared with its neighbour: a face up to this large lies wholly in one of them."""

BORDER = 0.01
"""A box that comes so near to a piece's inner border, as a fraction of its side, is cut by it."""


@dataclass(frozen=True)
class Region:
    """A rectangle of an image, whole pixels; `scale`: pixels that the detector sees for one of the image, at most 1.

    `inner`: of its left, top, right and bottom border, whether the image goes on beyond. `is_small`: the detector is
    given it shrunk to `scale`; otherwise it does that itself.
    """

    x: int
    y: int
    width: int
    height: int
    scale: float
    inner: tuple[bool, bool, bool, bool]
    is_small: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether it is all of the image."""
        return not any(self.inner)

    def of(self, image: ImageArray) -> ImageArray:
        """What the detector is given: the image's part, a view, or a shrunken copy of it."""
        part = image[self.y : self.y + self.height, self.x : self.x + self.width]
        if not self.is_small:
            return part
        size = max(1, round(self.width * self.scale)), max(1, round(self.height * self.scale))
        return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)

    def place(self, x_px: float, y_px: float) -> tuple[float, float]:
        """Where in the image a place of `of` is; pixel centres are at integers in both."""
        scale = self.scale if self.is_small else 1.0
        return self.x + (x_px + 0.5) / scale - 0.5, self.y + (y_px + 0.5) / scale - 0.5

    def shows(self, box: Box) -> bool:
        """Whether a face with this landmarks' box, in pixels of the image, can be found here: all there, and large
        enough."""
        is_large_enough = max(box.width, box.height) * self.scale >= SEEN_PX
        return is_large_enough and self.has_room_for(box)

    def has_room_for(self, box: Box) -> bool:
        """Whether a box lies wholly inside, and is no larger than neighbouring pieces share; the whole has all room."""
        if self.is_whole:
            return True
        side_px = max(self.width, self.height)
        rooms_px = (
            box.x - self.x,
            box.y - self.y,
            self.x + self.width - box.x - box.width,
            self.y + self.height - box.y - box.height,
        )
        is_cut = any(inner and room_px < BORDER * side_px for inner, room_px in zip(self.inner, rooms_px, strict=True))
        return not is_cut and max(box.width, box.height) <= 2 * OVERLAP * side_px


def whole(width_px: int, height_px: int, detector_px: int) -> Region:
    """All of an image, for a detector that sees `detector_px` pixels on the longer side."""
    return _region(0, 0, max(width_px, height_px), _scale(max(width_px, height_px), detector_px), width_px, height_px)


def small(region: Region) -> Region:
    """The same part of the image for a small search."""
    return replace(region, scale=SMALL * region.scale, is_small=True)


def around(box: Box, width_px: int, height_px: int, detector_px: int) -> Region:
    """The surroundings of a small face in which it shows twice as large as the detector needs; as quick as a small
    search of the whole."""
    scale = _scale_for(box)
    return _square(box, math.ceil(SMALL * detector_px / scale), scale, width_px, height_px)


def at(box: Box, width_px: int, height_px: int) -> Region:
    """The place of a face of any size, for a small search that is the quickest of all."""
    side_px = math.ceil(PLACE * max(box.width, box.height, SEEN_PX))
    return replace(_square(box, side_px, _scale_for(box), width_px, height_px), is_small=True)


@functools.lru_cache(maxsize=16)
def pieces(width_px: int, height_px: int, detector_px: int, min_face_px: float) -> tuple[Region, ...]:
    """The pieces in which faces down to `min_face_px` (longer side of the landmarks' box) show, the coarsest first.

    None where the whole shows them, and where pieces would be hardly finer than the whole.
    """
    found: list[Region] = []
    scale = _scale(max(width_px, height_px), detector_px)
    while min_face_px * scale < SEEN_PX and scale * MIN_GAIN < 1.0:
        scale = min(1.0, scale * LEVEL_RATIO)
        side_px = math.ceil(detector_px / scale)
        found += [
            _region(x, y, side_px, scale, width_px, height_px)
            for y in _starts(height_px, side_px)
            for x in _starts(width_px, side_px)
        ]
    return tuple(found)


def smallest_face_px(width_px: int, height_px: int, detector_px: int, min_face_px: float) -> float:
    """The smallest face that is found in images of this size, by all pieces together."""
    fine = pieces(width_px, height_px, detector_px, min_face_px)
    scale = fine[-1].scale if fine else _scale(max(width_px, height_px), detector_px)
    return max(min_face_px, SEEN_PX / scale)


def _scale_for(box: Box) -> float:
    """At which a face shows twice as large as the detector needs."""
    return min(1.0, 2 * SEEN_PX / max(box.width, box.height, 1.0))


def _square(box: Box, side_px: int, scale: float, width_px: int, height_px: int) -> Region:
    """The square of this side about the box's middle, moved into the image."""
    x, y = (round(middle - side_px / 2) for middle in box.center)
    left, top = (max(0, min(start, length - side_px)) for start, length in ((x, width_px), (y, height_px)))
    return _region(left, top, side_px, scale, width_px, height_px)


def _region(x: int, y: int, side_px: int, scale: float, width_px: int, height_px: int) -> Region:
    """The square of this side whose corner is at (x, y), or as much of it as an image of this size has."""
    right, bottom = min(x + side_px, width_px), min(y + side_px, height_px)
    return Region(x, y, right - x, bottom - y, scale, (x > 0, y > 0, right < width_px, bottom < height_px))


def _scale(side_px: int, detector_px: int) -> float:
    return min(1.0, detector_px / side_px)


def _starts(length_px: int, side_px: int) -> list[int]:
    """Where pieces of a side begin, evenly, so that they cover the length and overlap."""
    if side_px >= length_px:
        return [0]
    count = 1 + math.ceil((length_px - side_px) / ((1 - OVERLAP) * side_px))
    return [round(number * (length_px - side_px) / (count - 1)) for number in range(count)]
