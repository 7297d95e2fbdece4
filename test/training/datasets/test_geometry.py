"""Faces of which some landmarks are known still lie where they lie."""

import numpy as np
import pytest

from rednet_ros.landmarks import DETECTION_INDICES
from rednet_ros.tracking.crops import CropTransform
from rednet_ros.tracking.mean_shape import MEAN_SHAPE
from rednet_ros.training.datasets.geometry import complete, crop_from_major, fit_similarity


def turned(points: np.ndarray, angle: float, scale: float) -> np.ndarray:
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (scale * points @ rotation.T + (30, 50)).astype(np.float32)


def test_a_similarity_is_found_again() -> None:
    source = np.random.default_rng(1).normal(size=(9, 2)).astype(np.float32)
    moved = fit_similarity(source, turned(source, 0.7, 12.0))(source)
    np.testing.assert_allclose(moved, turned(source, 0.7, 12.0), atol=1e-4)


@pytest.mark.parametrize("points", [np.zeros((1, 2)), np.zeros((0, 2)), np.ones((4, 2))])
def test_points_that_say_nothing_are_refused(points: np.ndarray) -> None:
    with pytest.raises(ValueError, match="two different points"):
        fit_similarity(points, points)


def test_missing_landmarks_are_placed_by_the_mean_shape_and_known_ones_stay() -> None:
    whole = turned(MEAN_SHAPE, -0.4, 80.0)
    part = whole.copy()
    part[:30] = np.nan
    part[40] += 3
    filled = complete(part)
    np.testing.assert_array_equal(filled[30:], part[30:])
    np.testing.assert_allclose(filled[:30], whole[:30], atol=0.5)


def test_the_crop_of_seven_landmarks_puts_them_where_they_belong(shape: np.ndarray) -> None:
    upright = CropTransform.from_landmarks((shape * 100).astype(np.float32), 96)
    mean_points = upright.to_crop((shape * 100).astype(np.float32))[list(DETECTION_INDICES)] / 96
    face = turned(shape, 0.5, 60.0)
    crop = crop_from_major(face[list(DETECTION_INDICES)], mean_points, 96)
    expected = CropTransform.from_landmarks(face, 96)
    assert crop.side_px == pytest.approx(expected.side_px, rel=0.02)
    assert crop.roll_rad == pytest.approx(expected.roll_rad, abs=0.02)
    np.testing.assert_allclose(crop.center_px, expected.center_px, atol=1.0)
    np.testing.assert_allclose(crop.to_crop(face)[list(DETECTION_INDICES)] / 96, mean_points, atol=0.01)
