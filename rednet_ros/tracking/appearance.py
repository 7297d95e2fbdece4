"""Is it still the same face? Cuts of edited video, and what a face looks like from one frame to the next.

A track looks for its face where it was a moment ago. After a cut, or when two faces pass each other, another person may
be there, and the network, which is made to find any face, goes on as if nothing had happened. So then a face must look
alike to keep its id.

A camera that turns quickly changes the picture, too; but a face that turns with it looks alike. An occluder changes the
face, but not the whole picture. Only both together part a track from a face.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from rednet_ros.tracking.crops import CROP_SCALE, CropTransform
from rednet_ros.tracking.types import Box, FloatArray, ImageArray

MAX_CUT_LIKENESS = 0.25
"""Of the overviews of two successive images. In ten clips: at the four cuts 0.02 at most, and else 0.34 at least, in
the fastest pan."""

MIN_FACE_LIKENESS = 0.65
"""Of two appearances. With landmarks off by 2 % of the face 99 of 100 of one picture's are above 0.74; of two people
of 300-W 0.2 in the median, and above 0.7 in 5 of 100."""

MIN_LIKENESS_AFTER_CUT = 0.75
"""Likewise, of a face after a cut: nearly always another one, or else the camera turned and the face is as it was."""

SLOW_STEP_S, MIN_LIKENESS_AFTER_PAN = 0.15, 0.4
"""Between images so far apart a camera that turns changes the whole picture, too, and the face in it moves on: after
0.4 s it is like itself by 0.57 or more in nine of ten cases."""

_OVERVIEW_PX = (32, 24)
_APPEARANCE_PX = 16
MAX_SAME_COLOUR = 30.0
"""Grey levels; a cell of the overview whose colour changes by more shows something else, or in another light."""

MAX_NOISE = 10.0
"""Grey levels; a cell whose colour changes by less may show the same."""

_DETAIL = 2.0
"""Grey levels, from which on a cell of an overview shows something; in real scenes 70 of 100 cells do, or more."""
_MIN_SHOWN = 0.5
"""Share of such cells, in either overview, without which nothing is said: next to nothing shows, or one thing alone."""


@dataclass(frozen=True, eq=False)
class Overview:
    """A small picture of an image. `colours`: blue, green, red, each 24 x 32, 3 x 24 x 32 float32."""

    colours: FloatArray

    @cached_property
    def details(self) -> FloatArray:
        """Its grey levels, 24 x 32, less those of what is around."""
        grey = self.colours.mean(axis=0)
        return np.asarray(grey - cv2.GaussianBlur(grey, (0, 0), 2.0), np.float32)


def overview(image: ImageArray) -> Overview:
    """Of an image, H x W x 3, uint8."""
    width, height = _OVERVIEW_PX
    step = max(1, min(image.shape[0] // (2 * height), image.shape[1] // (2 * width)))
    small = cv2.resize(image[::step, ::step].copy(), _OVERVIEW_PX, interpolation=cv2.INTER_AREA)
    return Overview(np.ascontiguousarray(small.transpose(2, 0, 1), np.float32))


def is_cut(before: Overview, now: Overview) -> bool:
    """Whether two overviews show different scenes: other details, or other colours in most places.

    Details count where both show some: neither is blank or dark, or one thing alone.
    """
    changed = np.abs(before.colours - now.colours).max(axis=0) > MAX_SAME_COLOUR
    if np.count_nonzero(changed) > _MIN_SHOWN * changed.size:
        return True
    for details in (before.details, now.details):
        if np.count_nonzero(np.abs(details) > _DETAIL) < _MIN_SHOWN * details.size:
            return False
    return _correlation(before.details, now.details) < MAX_CUT_LIKENESS


def has_not_changed(before: Overview, now: Overview, but_for: Sequence[Box], size_px: tuple[int, int]) -> bool:
    """Whether two overviews of images of this size (width, height) are the same but for boxes, in pixels, and half of
    their sides around them."""
    changed = np.abs(before.colours - now.colours).max(axis=0) > MAX_NOISE
    width_px, height_px = (length / cells for length, cells in zip(size_px, _OVERVIEW_PX, strict=True))
    for box in but_for:
        room_px = max(box.width, box.height) / 2
        left, right = (box.x - room_px) / width_px, (box.x + box.width + room_px) / width_px
        top, bottom = (box.y - room_px) / height_px, (box.y + box.height + room_px) / height_px
        changed[max(0, int(top)) : max(0, math.ceil(bottom)), max(0, int(left)) : max(0, math.ceil(right))] = False
    return not changed.any()


def least_likeness(step_s: float) -> float:
    """How alike a face must look to be the same after a cut between two images that are `step_s` apart."""
    return MIN_LIKENESS_AFTER_CUT if step_s < SLOW_STEP_S else MIN_LIKENESS_AFTER_PAN


def appearance(image: ImageArray, wide: CropTransform) -> FloatArray:
    """A face without what is around it, upright, 16 x 16 float32, zero mean. `wide`: the crop around its landmarks."""
    crop = CropTransform(wide.center_px, wide.side_px / CROP_SCALE, wide.roll_rad, 2 * _APPEARANCE_PX)
    size = (crop.size_px, crop.size_px)
    fine = cv2.warpAffine(image, crop.matrix(), size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    grey = cv2.resize(cv2.cvtColor(fine, cv2.COLOR_BGR2GRAY), (_APPEARANCE_PX,) * 2, interpolation=cv2.INTER_AREA)
    centred = grey.astype(np.float32)
    return np.asarray(centred - centred.mean(), np.float32)


def likeness(first: FloatArray | None, second: FloatArray | None) -> float:
    """Of two appearances, -1..1; 1 where one is not known."""
    return 1.0 if first is None or second is None else _correlation(first, second)


def _correlation(first: FloatArray, second: FloatArray) -> float:
    """Of two arrays of mean zero, -1..1."""
    lengths = math.sqrt(float(np.vdot(first, first)) * float(np.vdot(second, second)))
    return float(np.vdot(first, second)) / max(lengths, 1e-9)
