"""Other sets' points among the 68: what corresponds is copied, all else stays unannotated. Nothing is interpolated."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from rednet_ros.landmarks import LANDMARK_COUNT
from rednet_ros.tracking.types import FloatArray


def among_68(points: Iterable[tuple[int, float, float]]) -> FloatArray:
    """68 x 2 float32, nan but for the given (index, x, y)."""
    result = np.full((LANDMARK_COUNT, 2), np.nan, np.float32)
    for index, x, y in points:
        result[index] = x, y
    return result
