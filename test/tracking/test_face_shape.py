from collections.abc import Callable

import numpy as np
import pytest

from rednet_ros.landmarks import FLIP_ORDER
from rednet_ros.tracking.face_shape import fraction_inside, is_face_shape, shape_distance
from rednet_ros.tracking.mean_shape import MEAN_SHAPE
from rednet_ros.tracking.types import FloatArray

FACE: FloatArray = 100 * MEAN_SHAPE + 200


def turned(points: FloatArray, degrees: float) -> FloatArray:
    angle = np.radians(degrees)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return ((points - 200) @ rotation.T + 200).astype(np.float32)


def half_profile(points: FloatArray) -> FloatArray:
    """The head turned by 45 degrees, with a nose that stands out by a third of the eyes' distance."""
    depth = np.zeros(68)
    depth[27:36] = 33
    depth[:17] = -60 + 40 * np.cos(np.linspace(-np.pi / 2, np.pi / 2, 17))
    x = (points[:, 0] - 200) * np.cos(np.pi / 4) + depth * np.sin(np.pi / 4)
    return np.column_stack([x + 200, points[:, 1]]).astype(np.float32)


def test_the_mean_shape_is_symmetric() -> None:
    np.testing.assert_allclose(MEAN_SHAPE[list(FLIP_ORDER)] * (-1, 1), MEAN_SHAPE, atol=1e-6)
    assert MEAN_SHAPE[45, 0] - MEAN_SHAPE[36, 0] == pytest.approx(1.0)


@pytest.mark.parametrize("degrees", [0, 30, -90, 180])
@pytest.mark.parametrize("view", [lambda points: points, half_profile])
def test_faces_of_any_roll_are_faces(view: Callable[[FloatArray], FloatArray], degrees: float) -> None:
    assert is_face_shape(turned(view(FACE), degrees))
    assert shape_distance(turned(FACE, degrees)) == pytest.approx(0, abs=1e-3)


def collapsed_mouth_on_eyes(points: FloatArray) -> FloatArray:
    moved = points.copy()
    moved[48:] -= (0, 85)
    return moved


def with_nan(points: FloatArray) -> FloatArray:
    broken = points.copy()
    broken[3, 1] = np.nan
    return broken


@pytest.mark.parametrize(
    "spoil",
    [
        lambda points: np.full_like(points, 50),
        with_nan,
        lambda points: points * (-1, 1),  # left and right exchanged
        lambda points: points * (0.25, 1),
        lambda points: points * (1, 0.3),
        collapsed_mouth_on_eyes,
        lambda points: points + np.random.default_rng(0).normal(scale=35, size=points.shape),
        lambda points: points[np.random.default_rng(0).permutation(68)],
        lambda points: np.random.default_rng(0).uniform(0, 200, points.shape),
    ],
)
def test_what_is_no_face_is_none(spoil: Callable[[FloatArray], FloatArray]) -> None:
    assert not is_face_shape(spoil(FACE).astype(np.float32))


def test_fraction_inside_counts_pixels_from_their_centres() -> None:
    points = np.array([[-0.4, 5], [-0.6, 5], [9.4, 5], [9.6, 5]], np.float32)
    assert fraction_inside(points, 10, 10) == 0.5
