"""One motion model of a face: where it is expected in the next image, and where it stands in this one.

The face as a whole (the similarity that fits its landmarks best) is expected to move on as it did: an alpha-beta filter
of position and velocity (Benedict and Bordner, 1962), whose gains grow with what it misses. Of the rest, what a
landmark moves within the face, a part is taken for jitter. Not in the paper, whose temporal module passes on pooled
features that hardly say where a landmark is.

Points and vectors are complex numbers, x + iy, so a similarity is a product and a sum. Leading axes are faces.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rednet_ros.errors import WeightsError
from rednet_ros.tracking.types import FloatArray

Complex = NDArray[np.complexfloating]

NOMINAL_STEP_S = 1 / 30
"""Between two frames of an ordinary camera; also where the stamps do not say: equal, or slightly out of order."""

MAX_STEP = 0.3
"""A face is expected to move on as it did, but by no more than this fraction of its side in a nominal step, and to turn
and grow by no more than this."""

STEADY_S = 0.5
"""A face keeps its velocity for about so long; after that it may as well have turned back."""

COASTING_S = 1.1
"""A face out of sight, behind another one perhaps, loses its velocity with this time constant."""

UNIT = 1 / 16
"""Of the face's radius (root mean square of its landmarks' distances from their mean): about the size of jitter."""

DRIFT_S = 0.1
"""Time constant of the mean miss."""


@dataclass(frozen=True)
class Motion:
    """What is known of a face's motion: ... x 2 complex numbers each, for the centre, and for turn and growth.

    `velocity`: in pixels a second, and in 1/s (real: growth, imaginary: turn in radians). `drift`: the mean of what was
    missed of late, in `UNIT`: large where the misses point the same way.
    """

    velocity: Complex
    drift: Complex

    @classmethod
    def of_new_face(cls, velocity_px_s: tuple[float, float] = (0.0, 0.0)) -> Motion:
        """Of a face that has just been found."""
        return cls(np.array([complex(*velocity_px_s), 0]), np.zeros(2, complex))

    @staticmethod
    def stack(motions: Sequence[Motion]) -> Motion:
        """Of N faces, in their order: N x 2 each."""
        return Motion(np.array([one.velocity for one in motions]), np.array([one.drift for one in motions]))

    def rows(self) -> list[Motion]:
        """`stack` undone: each face's own."""
        return [Motion(velocity, drift) for velocity, drift in zip(self.velocity, self.drift, strict=True)]

    @property
    def velocity_px_s(self) -> tuple[float, float]:
        """(x, y) of the centre."""
        return float(self.velocity[0].real), float(self.velocity[0].imag)


def expected(landmarks_px: FloatArray, motion: Motion, step_s: float) -> FloatArray:
    """Where landmarks, ... x 68 x 2 pixels, are expected `step_s` later."""
    kept_s = min(step_s, NOMINAL_STEP_S) + STEADY_S * -math.expm1(min(0.0, NOMINAL_STEP_S - step_s) / STEADY_S)
    way = motion.velocity * kept_s
    extent_px = np.maximum.reduce(landmarks_px, axis=-2) - np.minimum.reduce(landmarks_px, axis=-2)
    side_px = np.maximum.reduce(extent_px, axis=-1, keepdims=True)
    size = np.maximum(abs(way[..., :1]) / side_px, abs(way[..., 1:]))
    limit = MAX_STEP * max(1.0, step_s / NOMINAL_STEP_S)
    ahead = moved(as_complex(landmarks_px), way * np.minimum(1.0, limit / np.maximum(size, 1e-6)))
    return as_pairs(ahead).astype(landmarks_px.dtype)


def velocity(way_px: tuple[float, float], elapsed_s: float) -> tuple[float, float]:
    """In pixels a second, (x, y), of what went this way; a shorter time than a nominal step counts as one.

    Drivers that stamp images on arrival give some a thousandth of a second apart: that says nothing of speed.
    """
    counted_s = max(elapsed_s, NOMINAL_STEP_S)
    return way_px[0] / counted_s, way_px[1] / counted_s


def coasted(motion: Motion, step_s: float) -> Motion:
    """The motion of a face that was out of sight for `step_s`."""
    return Motion(motion.velocity * math.exp(-step_s / COASTING_S), motion.drift)


@dataclass(frozen=True)
class MotionFilter:
    """The filter's parameters, fitted to a network (docs/training.md).

    Each gain is the logistic of a weighted sum; sizes are logarithms, log(1 + size / `UNIT`). `alpha`: 2 x 3, for the
    centre and for turn and growth: of 1, of the miss and of the drift; the share of the miss by which the face moves.
    `beta`: 2 x 2: of 1 and of the drift; the share of that which changes its velocity in a nominal step. `pull`: 2: of
    1 and of a landmark's own motion; the share of that which is taken for jitter in a nominal step.
    """

    alpha: NDArray[np.float64]
    beta: NDArray[np.float64]
    pull: NDArray[np.float64]

    @classmethod
    def of(cls, parameters: Mapping[str, Any] | None) -> MotionFilter:
        """With the parameters of a weights file: name -> nested lists of numbers. None: `UNFITTED`.

        Raises WeightsError for anything else than all of the parameters, finite and of their shapes.
        """
        if parameters is None:
            return UNFITTED
        if set(parameters) != set(SHAPES):
            raise WeightsError(f"a motion filter has the parameters {sorted(SHAPES)}, not {sorted(parameters)}")
        try:
            values = {name: np.array(parameters[name], np.float64) for name in SHAPES}
        except (TypeError, ValueError) as error:
            raise WeightsError(f"the motion filter's parameters are no numbers: {error}") from error
        for name, value in values.items():
            if value.shape != SHAPES[name] or not np.isfinite(value).all():
                raise WeightsError(f"the motion filter's {name} must be finite and of the shape {SHAPES[name]}")
        return cls(**values)

    def parameters(self) -> dict[str, Any]:
        """As `of` takes them."""
        return {name: getattr(self, name).tolist() for name in SHAPES}

    def update(
        self, ahead_px: FloatArray, motion: Motion, seen_px: FloatArray, step_s: float
    ) -> tuple[FloatArray, Motion]:
        """Landmarks where `ahead_px` were `expected` in an image `step_s` after the one before, and the network sees
        `seen_px`; and the motion from then on. All landmarks: ... x 68 x 2 pixels.
        """
        middle, ahead = _centred(as_complex(ahead_px))
        aim, seen = _centred(as_complex(seen_px))
        growth, square = _growth(ahead, seen)
        miss: Complex = np.concatenate([aim - middle, growth], axis=-1)
        own = seen - (1 + growth) * ahead
        radius_px = np.sqrt(np.maximum(square / ahead.shape[-1], 1.0))
        in_units: Complex = miss / (UNIT * np.concatenate([radius_px, np.ones_like(radius_px)], axis=-1))
        size, drift = np.log1p(_norm(in_units)), np.log1p(_norm(motion.drift))
        alpha = _logistic(self.alpha[:, 0] + self.alpha[:, 1] * size + self.alpha[:, 2] * drift)
        beta = _logistic(self.beta[:, 0] + self.beta[:, 1] * drift)
        pull = _logistic(self.pull[0] + self.pull[1] * np.log1p(abs(own) / (UNIT * radius_px)))
        steps = max(1.0, step_s / NOMINAL_STEP_S)
        taken = alpha * miss
        smooth = middle + taken[..., :1] + (1 + taken[..., 1:]) * ahead + (1 - pull**steps) * own
        kept = math.exp(-step_s / DRIFT_S)
        after = Motion(
            motion.velocity + (1 - (1 - beta) ** steps) * taken / (steps * NOMINAL_STEP_S),
            kept * motion.drift + (1 - kept) * in_units,
        )
        return as_pairs(smooth).astype(seen_px.dtype), after


SHAPES = {"alpha": (2, 3), "beta": (2, 2), "pull": (2,)}

UNFITTED = MotionFilter(
    alpha=np.array([[50.0, 0.0, 0.0], [50.0, 0.0, 0.0]]),
    beta=np.array([[50.0, 0.0], [-50.0, 0.0]]),
    pull=np.array([-50.0, 0.0]),
)
"""Believes all that is seen: nothing is smoothed, and the centre is expected to move on as in the last step."""


def similarity(before: Complex, now: Complex) -> Complex:
    """The similarity that fits ... x 68 points best onto others, ... x 2: shift of their mean, turn and growth."""
    (middle, old), (aim, new) = _centred(before), _centred(now)
    return np.concatenate([aim - middle, _growth(old, new)[0]], axis=-1)


def moved(points: Complex, way: Complex) -> Complex:
    """Points, ... x 68, moved, turned and scaled as a whole by ... x 2 of `similarity`."""
    middle, around = _centred(points)
    return middle + way[..., :1] + (1 + way[..., 1:]) * around


def _centred(points: Complex) -> tuple[Complex, Complex]:
    """The mean, ... x 1, of ... x 68 points, and the points less it."""
    middle = np.add.reduce(points, axis=-1, keepdims=True) / points.shape[-1]
    return middle, points - middle


def _growth(old: Complex, new: Complex) -> tuple[Complex, NDArray[np.floating]]:
    """... x 1 each: turn and growth that fit centred points best onto others, and the sum of the first's squares."""
    mirrored = old.conj()
    square = np.add.reduce(mirrored * old, axis=-1, keepdims=True).real
    growth: Complex = (mirrored * new).sum(axis=-1, keepdims=True) / (square + 1e-6) - 1
    return growth, square


def _norm(vectors: Complex) -> NDArray[np.floating]:
    return np.sqrt(np.add.reduce(abs(vectors) ** 2, axis=-1, keepdims=True))


def _logistic(logits: NDArray[np.floating]) -> NDArray[np.floating]:
    return 1 / (1 + np.exp(-logits))


def as_complex(points_px: FloatArray) -> Complex:
    """Points ... x 2 as ... complex numbers."""
    numbers: Complex = np.ascontiguousarray(points_px).view(np.result_type(points_px, np.complex64))[..., 0]
    return numbers


def as_pairs(points: Complex) -> FloatArray:
    """`as_complex` undone."""
    return np.ascontiguousarray(points)[..., None].view(points.real.dtype)
