"""The upright picture of a face that recognition networks see."""

from __future__ import annotations

import cv2
import numpy as np

from rednet_ros.landmarks import REGIONS
from rednet_ros.tracking.motion import as_complex, similarity
from rednet_ros.tracking.types import Box, FloatArray, ImageArray

TEMPLATE_PX = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float32
)
"""Where ArcFace (Deng et al., 2019), and most networks since, have the eyes, the tip of the nose and the corners of the
mouth in a chip of 112 px: (x, y), the eye first that is left in the picture."""

MAX_FACE_PX = 200.0
"""Larger faces are shrunk before a chip is taken, which skips pixels of theirs otherwise."""

_NOSE_TIP, _MOUTH_CORNERS = 30, (48, 54)


def five_points(landmarks_px: FloatArray) -> FloatArray:
    """5 x 2: the places of `TEMPLATE_PX` on a face with these 68 x 2 landmarks."""
    eyes = [landmarks_px[list(REGIONS[name])].mean(axis=0) for name in ("right_eye", "left_eye")]
    return np.stack([*eyes, landmarks_px[_NOSE_TIP], *landmarks_px[list(_MOUTH_CORNERS)]])


def chip(image: ImageArray, landmarks_px: FloatArray, size_px: int = 112, margin_px: int = 0) -> ImageArray:
    """The face of 68 x 2 landmarks, upright, as `TEMPLATE_PX` has it, in S x S pixels with S = size + 2 margins.

    What lies outside the image repeats its border.
    """
    scale = size_px / 112
    target = as_complex(TEMPLATE_PX * scale + margin_px)
    points = as_complex(five_points(landmarks_px))
    shift, growth = similarity(points, target)
    factor = 1 + growth
    offset = points.mean() * (1 - factor) + shift
    matrix = np.array([[factor.real, -factor.imag, offset.real], [factor.imag, factor.real, offset.imag]])
    side_px = size_px + 2 * margin_px
    return cv2.warpAffine(image, matrix, (side_px, side_px), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def surroundings(image: ImageArray, landmarks_px: FloatArray) -> tuple[ImageArray, FloatArray] | None:
    """The part of an image around a face, one face wider on every side, and the 68 x 2 landmarks in its pixels; the
    face `MAX_FACE_PX` large at most. None where the landmarks are no face inside the image."""
    if not np.isfinite(landmarks_px).all():
        return None
    box = Box.around(landmarks_px)
    side_px = max(box.width, box.height)
    left, top = max(0, int(box.x - side_px)), max(0, int(box.y - side_px))
    right, bottom = int(box.x + box.width + side_px) + 1, int(box.y + box.height + side_px) + 1
    part = image[top : max(bottom, 0), left : max(right, 0)]
    if part.size == 0 or side_px < 1:
        return None
    points_px = landmarks_px - np.array([left, top], np.float32)
    if side_px > MAX_FACE_PX:
        height, width = part.shape[:2]
        size = (max(1, round(width * MAX_FACE_PX / side_px)), max(1, round(height * MAX_FACE_PX / side_px)))
        scale = np.array([size[0] / width, size[1] / height])
        part = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)
        points_px = (points_px + 0.5) * scale - 0.5
    return part, points_px.astype(np.float32)
