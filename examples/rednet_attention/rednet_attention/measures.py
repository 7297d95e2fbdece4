"""What one face's landmarks and head pose say at one moment. Numbers in, numbers out; NumPy alone."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.floating]
"""68 x 2, pixels, in the iBUG order."""

RIGHT_EYE = (36, 37, 38, 39, 40, 41)
LEFT_EYE = (42, 43, 44, 45, 46, 47)
"""Outer or inner corner, two points of the upper lid, the other corner, two points of the lower lid."""
INNER_LIPS = ((61, 67), (62, 66), (63, 65))
"""Pairs of a point of the upper lip and the one of the lower lip below it."""
NOSE_BASE = 33
LANDMARK_COUNT = 68


def angle_from_target_rad(
    position_m: Sequence[float], orientation: Sequence[float], target_m: Sequence[float] = (0.0, 0.0, 0.0)
) -> float:
    """Angle between where a face points and the direction from it to `target_m`, 0 to pi.

    `position_m`: (x, y, z) of the face; `orientation`: its quaternion (x, y, z, w); both as in Face.head_pose, whose x
    axis leaves the face. `target_m`: in the same optical frame, by default the camera itself.
    """
    x, y, z, w = orientation
    ahead = np.array([1 - 2 * (y * y + z * z), 2 * (x * y + z * w), 2 * (x * z - y * w)])
    to_target = np.asarray(target_m, float) - np.asarray(position_m, float)
    length = float(np.linalg.norm(to_target))
    if length == 0:
        return 0.0
    cosine = float(ahead @ to_target) / length / max(float(np.linalg.norm(ahead)), 1e-9)
    return math.acos(min(1.0, max(-1.0, cosine)))


def eye_opening(points: Points) -> float:
    """Height of the opening of the eyes over their width; about 0.3 where open, below 0.2 where shut.

    Of both eyes together: that eye counts more which is seen wider, for the other one is turned away. Heights and
    widths shrink alike with the distance.
    """
    heights, widths = zip(*(_height_and_width(points, eye) for eye in (RIGHT_EYE, LEFT_EYE)), strict=True)
    squares = sum(width * width for width in widths)
    return sum(height * width for height, width in zip(heights, widths, strict=True)) / squares if squares > 0 else 0.0


def _height_and_width(points: Points, eye: Sequence[int]) -> tuple[float, float]:
    corner, upper, other_upper, other_corner, other_lower, lower = eye
    height = (_distance(points, upper, lower) + _distance(points, other_upper, other_lower)) / 2
    return height, _distance(points, corner, other_corner)


def mouth_opening(points: Points) -> float:
    """Height of the gap between the lips over the distance from the line of the eyes to the base of the nose."""
    eyes = (points[RIGHT_EYE[0]] + points[LEFT_EYE[3]]) / 2
    size_px = float(np.linalg.norm(eyes - points[NOSE_BASE]))
    gap_px = sum(_distance(points, upper, lower) for upper, lower in INNER_LIPS) / len(INNER_LIPS)
    return gap_px / size_px if size_px > 0 else 0.0


def _distance(points: Points, first: int, second: int) -> float:
    return float(np.linalg.norm(points[first] - points[second]))
