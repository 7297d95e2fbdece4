"""Numbers that a plot shows of a face: how far eyes and mouth are open, how the head is turned."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from rednet_ros.tracking.types import Face, FloatArray

_EYES = ((36, 37, 38, 39, 40, 41), (42, 43, 44, 45, 46, 47))
"""Corner, two points of the upper lid, the other corner, two points of the lower lid."""
_UPPER_LIP, _LOWER_LIP = [61, 62, 63], [67, 66, 65]
_OUTER_EYE_CORNERS, _NOSE_BASE = [36, 45], 33


class FaceMeasures(NamedTuple):
    """`eye_opening`, `mouth_opening`: see the functions. Angles in degrees, as in HeadPose; NaN without a pose."""

    eye_opening: float
    mouth_opening: float
    yaw_deg: float
    pitch_deg: float
    roll_deg: float


def measures(face: Face) -> FaceMeasures:
    """All of them."""
    roll, pitch, yaw = (math.nan,) * 3 if face.head_pose is None else map(math.degrees, face.head_pose.rotation_rad)
    return FaceMeasures(eye_opening(face.landmarks_px), mouth_opening(face.landmarks_px), yaw, pitch, roll)


def eye_opening(landmarks_px: FloatArray) -> float:
    """Height of the eyes' opening over their width: about 0.3 where open, below 0.2 where shut (68 x 2 landmarks).

    The eye aspect ratio of Soukupová and Čech (2016). That eye counts more which is seen wider: the other is turned
    away.
    """
    corner, upper, other_upper, other_corner, other_lower, lower = (
        landmarks_px[[eye[place] for eye in _EYES]] for place in range(6)
    )
    heights = (_lengths(upper - lower) + _lengths(other_upper - other_lower)) / 2
    widths = _lengths(corner - other_corner)
    return _ratio(float(heights @ widths), float(widths @ widths))


def mouth_opening(landmarks_px: FloatArray) -> float:
    """Gap between the lips over the distance from the line of the eyes to the base of the nose: 0 where shut, about 1
    where wide open (68 x 2 landmarks). That distance does not change with the turn of the head to a side."""
    gap_px = float(_lengths(landmarks_px[_UPPER_LIP] - landmarks_px[_LOWER_LIP]).mean())
    nose = landmarks_px[_OUTER_EYE_CORNERS].mean(axis=0) - landmarks_px[_NOSE_BASE]
    return _ratio(gap_px, float(np.linalg.norm(nose)))


def _lengths(vectors: FloatArray) -> FloatArray:
    return np.asarray(np.hypot(vectors[:, 0], vectors[:, 1]), np.float32)


def _ratio(value: float, size: float) -> float:
    return value / size if size > 0 else math.nan
