"""A schematic, symmetric, frontal face: drawn by hand, good enough to say what is a face and how it is turned.

In units of the distance between the outer eye corners, from the middle between them, x to the person's left, y down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rednet_ros.landmarks import FLIP_ORDER, LANDMARK_COUNT
from rednet_ros.tracking.types import FloatArray

_RIGHT_HALF: dict[int, tuple[tuple[float, float], ...]] = {
    0: ((-0.83, 0.03), (-0.81, 0.27), (-0.77, 0.50), (-0.70, 0.72), (-0.58, 0.93), (-0.43, 1.10), (-0.28, 1.23)),
    7: ((-0.13, 1.31), (0.00, 1.34)),
    17: ((-0.70, -0.22), (-0.58, -0.31), (-0.43, -0.33), (-0.28, -0.30), (-0.14, -0.25)),
    27: ((0.00, -0.05), (0.00, 0.12), (0.00, 0.28), (0.00, 0.45)),
    31: ((-0.17, 0.54), (-0.09, 0.57), (0.00, 0.60)),
    36: ((-0.50, 0.00), (-0.41, -0.06), (-0.28, -0.06), (-0.19, 0.01), (-0.29, 0.05), (-0.41, 0.05)),
    48: ((-0.32, 0.85), (-0.20, 0.79), (-0.08, 0.76), (0.00, 0.78)),
    57: ((0.00, 1.00), (-0.09, 0.99), (-0.21, 0.94)),
    60: ((-0.27, 0.85), (-0.09, 0.83), (0.00, 0.84)),
    66: ((0.00, 0.90), (-0.09, 0.89)),
}
"""First landmark of a run -> the positions of the run: the person's right half and the middle line."""


def both_halves(right: Mapping[int, Sequence[Sequence[float]]], mirror: Sequence[float]) -> NDArray[np.float64]:
    """68 x D numbers of a symmetric face. `right`: first landmark of a run -> its rows of D numbers, for the person's
    right half and the middle line; `mirror`: D factors, 1 or -1, that make the other half of it."""
    half = np.full((LANDMARK_COUNT, len(mirror)), np.nan)
    for first, rows in right.items():
        half[first : first + len(rows)] = rows
    return np.where(np.isnan(half), half[list(FLIP_ORDER)] * mirror, half)


MEAN_SHAPE: FloatArray = both_halves(_RIGHT_HALF, (-1.0, 1.0)).astype(np.float32)
"""68 x 2 float32, read-only."""
MEAN_SHAPE.setflags(write=False)
