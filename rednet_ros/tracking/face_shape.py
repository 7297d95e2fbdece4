"""Do 68 points have the shape of a face? Geometry only; how sure the network is, is judged elsewhere.

The limits are those that all 4,453 labelled faces of our development data keep (300-W's Helen and AFW, frames of
YouTube Faces), with some room. Points scattered around by 0.15 of the face's size break them in nine of ten cases.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rednet_ros.landmarks import LANDMARK_COUNT, LEFT_OUTER_EYE_CORNER, REGIONS, RIGHT_OUTER_EYE_CORNER
from rednet_ros.tracking.mean_shape import MEAN_SHAPE
from rednet_ros.tracking.types import Box, FloatArray

MAX_SHAPE_DISTANCE = 0.46
"""Of `shape_distance`; labelled faces: median 0.18, largest 0.43 (a profile)."""

MIN_EYES_TO_MOUTH, MIN_EYE_DISTANCE = 0.25, 0.2
"""Height of the eyes above the mouth, and distance of the outer eye corners, as fractions of the longer side of the
upright box; labelled faces: smallest 0.28 and 0.24."""

ASPECT_RANGE = (0.6, 1.8)
"""Width of the upright box by its height; labelled faces: 0.69 to 1.66."""

_EYES = [*REGIONS["right_eye"], *REGIONS["left_eye"]]
_MOUTH = [*REGIONS["outer_mouth"], *REGIONS["inner_mouth"]]

_MOUTH_BELOW_EYES = np.zeros(LANDMARK_COUNT)
"""Weights of the landmarks' heights that give the mouth's mean less that of the eyes."""
_MOUTH_BELOW_EYES[_MOUTH], _MOUTH_BELOW_EYES[_EYES] = 1 / len(_MOUTH), -1 / len(_EYES)


def is_face_shape(landmarks_px: FloatArray) -> bool:
    """Whether 68 x 2 points may be a face: finite, not collapsed, in order, near the mean shape; turned by any roll."""
    if not np.isfinite(landmarks_px).all():
        return False
    eyes = landmarks_px[LEFT_OUTER_EYE_CORNER] - landmarks_px[RIGHT_OUTER_EYE_CORNER]
    eye_distance = float(np.hypot(*eyes))
    if eye_distance < 1e-3:
        return False
    cosine, sine = (eyes / eye_distance).tolist()
    upright = landmarks_px @ np.array([[cosine, -sine], [sine, cosine]])
    box = Box.around(upright)
    side = max(box.width, box.height)
    eyes_to_mouth = float(_MOUTH_BELOW_EYES @ upright[:, 1])
    return (
        eye_distance >= MIN_EYE_DISTANCE * side
        and eyes_to_mouth >= MIN_EYES_TO_MOUTH * side
        and ASPECT_RANGE[0] * box.height <= box.width <= ASPECT_RANGE[1] * box.height
        and shape_distance(landmarks_px) <= MAX_SHAPE_DISTANCE
    )


def shape_distance(landmarks_px: FloatArray) -> float:
    """How far 68 x 2 points are from the mean shape once turned, moved and scaled onto it: 0 (same) to 1 (unlike).

    The sine of the angle between the two shapes as unit vectors (Procrustes distance); a mirrored face is far.
    """
    likeness = min(abs(complex(np.vdot(_MEAN, _as_unit_complex(landmarks_px)))), 1.0)
    return math.sqrt(1.0 - likeness**2)


def fraction_inside(landmarks_px: FloatArray, width_px: int, height_px: int) -> float:
    """Fraction of the points (N x 2) that lie inside an image of this size, 0..1."""
    return float(np.count_nonzero(inside(landmarks_px, width_px, height_px))) / len(landmarks_px)


def inside(landmarks_px: FloatArray, width_px: int, height_px: int) -> np.ndarray:
    """N bool: which points (N x 2, pixel centres at integers) lie inside an image of this size."""
    x, y = landmarks_px.T
    return np.asarray((x >= -0.5) & (y >= -0.5) & (x < width_px - 0.5) & (y < height_px - 0.5))


def _as_unit_complex(points: FloatArray) -> NDArray[np.complex128]:
    """68 points as complex numbers around 0 whose squared lengths add up to 1."""
    numbers = np.ascontiguousarray(points, np.float64).view(np.complex128)[:, 0]
    centred = numbers - numbers.sum() / len(numbers)
    length = math.sqrt(np.vdot(centred, centred).real)
    unit: NDArray[np.complex128] = centred / max(length, 1e-12)
    return unit


_MEAN = _as_unit_complex(MEAN_SHAPE)
