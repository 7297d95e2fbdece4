"""Similarities between sets of points, and what they are for: faces of which only some landmarks are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rednet_ros.tracking.crops import CropTransform
from rednet_ros.tracking.mean_shape import MEAN_SHAPE
from rednet_ros.tracking.types import FloatArray


@dataclass(frozen=True)
class Similarity:
    """z -> `turn` z + `shift` on points (x, y) taken as complex numbers x + y i: turn, scale and shift."""

    turn: complex
    shift: complex

    def __call__(self, points: FloatArray) -> FloatArray:
        """... x 2 points, moved."""
        moved = self.turn * (points.astype(np.float64) @ (1, 1j)) + self.shift
        return np.stack([moved.real, moved.imag], axis=-1).astype(np.float32)


def fit_similarity(source: FloatArray, target: FloatArray) -> Similarity:
    """The similarity (no mirroring) that brings `source` closest to `target`, both N x 2, N >= 2, by least squares.

    Raises:
        ValueError: fewer than two points, or the source's points coincide.
    """
    a, b = source.astype(np.float64) @ (1, 1j), target.astype(np.float64) @ (1, 1j)
    centred = a - a.mean() if len(a) else a
    spread = np.vdot(centred, centred).real
    if len(a) < 2 or spread == 0:
        raise ValueError("a similarity needs two different points")
    turn = np.vdot(centred, b - b.mean()) / spread
    return Similarity(complex(turn), complex(b.mean() - turn * a.mean()))


def complete(points_px: FloatArray) -> FloatArray:
    """68 x 2 landmarks whose NaN rows are filled in from the mean shape, placed upon the others: where a face lies.

    Raises:
        ValueError: fewer than two landmarks are known.
    """
    known = np.asarray(np.isfinite(points_px).all(axis=1))
    if known.all():
        return points_px
    placed = fit_similarity(MEAN_SHAPE[known], points_px[known])(MEAN_SHAPE)
    return np.where(known[:, None], points_px, placed).astype(np.float32)


def crop_from_major(major_px: FloatArray, mean_points: FloatArray, size_px: int) -> CropTransform:
    """The crop in which 7 landmarks of the image (7 x 2) lie as near as can be to `mean_points`, fractions of it."""
    to_image = fit_similarity(mean_points * size_px, major_px)
    center = to_image(np.full((1, 2), (size_px - 1) / 2, np.float32))[0]
    return CropTransform(
        (float(center[0]), float(center[1])), size_px * abs(to_image.turn), float(np.angle(to_image.turn)), size_px
    )
