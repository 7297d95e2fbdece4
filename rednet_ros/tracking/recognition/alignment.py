"""Faces brought into the position in which recognition networks saw them in training."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rednet_ros.tracking.types import Box, FloatArray, ImageArray

ARCFACE_PX = 112

ARCFACE_POINTS = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
"""Where the eyes, the nose tip and the corners of the mouth are in a picture of 112 x 112 pixels, as of ArcFace (Deng
et al. 2019), CosFace and SFace: the person's right eye and corner first, which are left in the picture."""


def five_points(landmarks_px: FloatArray) -> FloatArray:
    """5 x 2 of 68 x 2 landmarks: middles of the right and left eye, nose tip, right and left corner of the mouth."""
    eyes = [landmarks_px[36:42].mean(axis=0), landmarks_px[42:48].mean(axis=0)]
    return np.stack([*eyes, landmarks_px[30], landmarks_px[48], landmarks_px[54]])


def aligned(image_bgr: ImageArray, landmarks_px: FloatArray) -> ImageArray | None:
    """The face with these 68 x 2 landmarks in ArcFace's position, 112 x 112 x 3; None where they have none."""
    if not np.isfinite(landmarks_px).all():
        return None
    matrix = similarity(five_points(landmarks_px), ARCFACE_POINTS)
    if matrix is None:
        return None
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < 0.5:  # else pixels of a large face are skipped
        image_bgr, shift = _shrunk(image_bgr, scale)
        matrix = matrix @ shift
    size = (ARCFACE_PX, ARCFACE_PX)
    warped = cv2.warpAffine(image_bgr, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, np.uint8)


def similarity(points: FloatArray, goal: NDArray[np.floating]) -> NDArray[np.float64] | None:
    """2 x 3: the rotation, scale and shift that brings N x 2 `points` nearest to `goal` (least squares; Umeyama 1991);
    None where they lie in one place."""
    start, end = np.asarray(points, np.float64), np.asarray(goal, np.float64)
    start_middle, end_middle = start.mean(axis=0), end.mean(axis=0)
    # As complex numbers a similarity is one factor.
    first, second = (start - start_middle) @ (1, 1j), (end - end_middle) @ (1, 1j)
    spread = float((abs(first) ** 2).sum())
    if not spread > 0:
        return None
    factor = complex((first.conj() * second).sum()) / spread
    turn = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
    return np.column_stack([turn, end_middle - turn @ start_middle])


def surroundings(image_bgr: ImageArray, landmarks_px: FloatArray) -> tuple[ImageArray, FloatArray] | None:
    """The part of an image around a face, one face wider on every side, and the landmarks in its pixels."""
    if not np.isfinite(landmarks_px).all():
        return None
    box = Box.around(landmarks_px)
    margin = max(box.width, box.height)
    left, top = max(0, int(box.x - margin)), max(0, int(box.y - margin))
    right, bottom = int(box.x + box.width + margin) + 1, int(box.y + box.height + margin) + 1
    part = image_bgr[top : max(bottom, 0), left : max(right, 0)]
    if part.size == 0:
        return None
    return part, (landmarks_px - np.array([left, top], np.float32)).astype(np.float32)


def _shrunk(image_bgr: ImageArray, scale: float) -> tuple[ImageArray, NDArray[np.float64]]:
    """The image, smaller, and 3 x 3 from its pixels to those of `image_bgr`."""
    height, width = image_bgr.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    back_x, back_y = width / size[0], height / size[1]
    back = np.array([[back_x, 0, back_x / 2 - 0.5], [0, back_y, back_y / 2 - 0.5], [0, 0, 1]])
    return np.asarray(cv2.resize(image_bgr, size, interpolation=cv2.INTER_AREA), np.uint8), back
