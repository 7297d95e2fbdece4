"""Cuts of edited video: has the whole picture changed at once, and does a face still look as it did?

A track looks for its face where it was a moment ago. After a cut another person may be there, and the network, which is
made to find any face, goes on as if nothing had happened. So after a cut a face must look alike to keep its id.

A camera that turns quickly changes the picture, too; but a face that turns with it looks alike. An occluder changes the
face, but not the whole picture. Only both together part a track from a face.
"""

from __future__ import annotations

import cv2
import numpy as np

from rednet_ros.tracking.crops import CropTransform
from rednet_ros.tracking.types import FloatArray, ImageArray

MAX_CUT_LIKENESS = 0.25
"""Of the overviews of two successive images. In ten clips: at the four cuts 0.02 at most, and else 0.34 at least, in
the fastest pan."""

MIN_FACE_LIKENESS = 0.75
"""Of two appearances. Of one person in successive frames 0.74 at least, with 99 of 100 above 0.8; of two people of
300-W, upright and aligned, 0.15 in the median, and above 0.7 in 5 of 100."""

_OVERVIEW_PX = (32, 24)
_APPEARANCE_PX = 16
_DETAIL = 2.0
"""Grey levels, from which on a cell of an overview shows something; in real scenes 70 of 100 cells do, or more."""
_MIN_SHOWN = 0.5
"""Share of such cells, in either overview, without which nothing is said: next to nothing shows, or one thing alone."""


def overview(image: ImageArray) -> FloatArray:
    """The details of an image (H x W x 3, uint8) at 32 x 24 pixels, float32, without its brightness."""
    width, height = _OVERVIEW_PX
    step = max(1, min(image.shape[0] // (2 * height), image.shape[1] // (2 * width)))
    grey = cv2.cvtColor(np.ascontiguousarray(image[::step, ::step]), cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, _OVERVIEW_PX, interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray(small - cv2.GaussianBlur(small, (0, 0), 2.0), np.float32)


def is_cut(before: FloatArray, now: FloatArray) -> bool:
    """Whether two overviews show different scenes; never where one of them shows next to nothing."""
    if min(float((np.abs(view) > _DETAIL).mean()) for view in (before, now)) < _MIN_SHOWN:
        return False
    return _likeness(before, now) < MAX_CUT_LIKENESS


def appearance(image: ImageArray, landmarks_px: FloatArray) -> FloatArray:
    """A face (68 x 2 landmarks) and what is close around it, upright, 16 x 16 float32, zero mean."""
    crop = CropTransform.from_landmarks(landmarks_px, 2 * _APPEARANCE_PX)
    size = (crop.size_px, crop.size_px)
    fine = cv2.warpAffine(image, crop.matrix(), size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    grey = cv2.resize(cv2.cvtColor(fine, cv2.COLOR_BGR2GRAY), (_APPEARANCE_PX,) * 2, interpolation=cv2.INTER_AREA)
    centred = grey.astype(np.float32)
    return np.asarray(centred - centred.mean(), np.float32)


def looks_alike(first: FloatArray | None, second: FloatArray | None) -> bool:
    """Whether two appearances may be of one face; an unknown one may be of any."""
    return first is None or second is None or _likeness(first, second) >= MIN_FACE_LIKENESS


def _likeness(first: FloatArray, second: FloatArray) -> float:
    """Correlation, -1..1, of two arrays of mean zero."""
    lengths = float(np.linalg.norm(first)) * float(np.linalg.norm(second))
    return float((first * second).sum()) / max(lengths, 1e-9)
