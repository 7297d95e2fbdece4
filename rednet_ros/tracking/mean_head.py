"""The 68 landmarks on a mean head, in three dimensions, and how far a person's own are from it.

Measured on the heads of this project's renderer, whose geometry comes from MakeHuman's CC0 data: the mean over 2,000
faces of 509 adults in all kinds of expressions. The jaw line is no part of the skin but the outline that a camera sees:
here it is that of a frontal face, which is why its spread is large.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rednet_ros.tracking.mean_shape import both_halves

_RIGHT_HALF_MM: dict[int, tuple[tuple[float, float, float, float], ...]] = {
    0: (
        (-77.6, -70.1, 2.0, 21.8),
        (-76.5, -69.8, -16.3, 20.4),
        (-75.2, -67.8, -34.3, 20.9),
        (-73.7, -63.5, -52.2, 21.4),
        (-66.9, -57.8, -69.7, 20.6),
        (-54.7, -49.3, -85.9, 16.9),
        (-36.3, -35.0, -97.2, 11.9),
        (-20.5, -18.1, -104.2, 10.2),
        (-18.7, 0.0, -107.2, 10.0),
    ),
    17: (
        (-21.9, -53.0, 10.4, 6.8),
        (-7.4, -42.2, 15.4, 5.0),
        (-1.3, -31.5, 15.6, 4.0),
        (1.4, -20.9, 13.2, 3.8),
        (-0.2, -10.5, 8.6, 3.6),
    ),
    27: (
        (0.2, 0.0, -0.2, 0.5),
        (4.7, 0.0, -12.4, 1.8),
        (11.2, 0.0, -22.8, 2.8),
        (18.4, 0.0, -35.5, 4.4),
    ),
    31: (
        (0.9, -12.6, -42.3, 4.0),
        (6.1, -6.0, -43.6, 3.9),
        (7.5, 0.0, -45.5, 4.1),
    ),
    36: (
        (-14.6, -41.1, -0.6, 4.5),
        (-11.0, -36.3, 0.3, 5.5),
        (-8.7, -25.5, 1.1, 5.3),
        (-10.8, -16.7, -1.5, 3.7),
        (-9.4, -25.1, -3.9, 4.2),
        (-11.1, -36.5, -3.8, 4.6),
    ),
    48: (
        (-6.6, -24.2, -66.0, 8.7),
        (2.4, -16.9, -59.9, 6.3),
        (7.6, -7.2, -56.8, 5.7),
        (9.6, 0.0, -56.5, 5.7),
    ),
    57: (
        (2.6, 0.0, -78.8, 10.1),
        (0.5, -10.4, -76.5, 9.4),
        (-2.8, -18.4, -72.0, 8.8),
    ),
    60: (
        (-7.6, -22.8, -65.5, 8.4),
        (1.2, -10.3, -63.5, 6.1),
        (3.3, 0.0, -63.7, 5.8),
    ),
    66: (
        (1.9, 0.0, -70.1, 9.6),
        (-1.1, -10.6, -68.6, 8.8),
    ),
}
"""First landmark of a run -> x, y, z and spread of the landmarks: the person's right half and the middle line."""


RUNS = {first: len(rows) for first, rows in _RIGHT_HALF_MM.items()}
"""First landmark of a run -> how many; the others mirror them."""


def _build() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    values = both_halves(_RIGHT_HALF_MM, (1.0, -1.0, 1.0, 1.0)) / 1000.0
    points, spread = np.ascontiguousarray(values[:, :3]), np.ascontiguousarray(values[:, 3])
    for array in (points, spread):
        array.setflags(write=False)
    return points, spread


MEAN_HEAD_M, SPREAD_M = _build()
"""68 x 3 float64, metres: x out of the face, y to the person's left, z up (REP 155), from the sellion, where the nose
meets the forehead. And 68 float64, metres: standard deviation across the line of sight between a person's landmark and
the mean head's, over people, expressions and turns. Both read-only."""
