"""Augmentation moves pixels and landmarks together."""

import cv2
import numpy as np
import pytest

from rednet_ros.tracking.crops import CropTransform
from rednet_ros.tracking.types import Box
from rednet_ros.training.augmentation.crops import change_looks, disturb, disturb_previous, mirror
from rednet_ros.training.config import AugmentationSettings

SETTINGS = AugmentationSettings()


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def spots(size: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """A black image with 68 white spots, and where they are."""
    columns, rows = np.meshgrid(np.linspace(40, 160, 10), np.linspace(50, 150, 7))
    points = np.stack([columns, rows], axis=-1).reshape(-1, 2)[:68].astype(np.float32)
    image = np.zeros((size, size, 3), np.uint8)
    for x, y in points:
        cv2.circle(image, (round(float(x)), round(float(y))), 2, (255, 255, 255), -1)
    return image, points


def brightness_at(image: np.ndarray, points: np.ndarray) -> np.ndarray:
    x, y = np.round(points).astype(int).T
    inside = (x >= 0) & (y >= 0) & (x < image.shape[1]) & (y < image.shape[0])
    return image[y[inside], x[inside]].mean(axis=1)


def test_a_disturbed_crop_shows_the_spots_where_the_landmarks_say(rng: np.random.Generator) -> None:
    image, points = spots()
    for _ in range(20):
        crop = disturb(CropTransform.from_box(Box.around(points), 160), SETTINGS, rng)
        assert (brightness_at(crop.extract(image), crop.to_crop(points)) > 120).all()


def test_disturbances_have_the_spread_that_the_settings_say(rng: np.random.Generator) -> None:
    crop = CropTransform((100.0, 100.0), 80.0, 0.0, 64)
    made = [disturb(crop, SETTINGS, rng) for _ in range(2000)]
    assert np.std([m.center_px[0] for m in made]) / 80 == pytest.approx(SETTINGS.shift, rel=0.1)
    assert np.std(np.log([m.side_px for m in made])) == pytest.approx(SETTINGS.log_scale, rel=0.1)
    assert np.std(np.rad2deg([m.roll_rad for m in made])) == pytest.approx(SETTINGS.roll_deg, rel=0.1)


def test_a_mirrored_face_keeps_its_landmarks_on_their_spots_in_the_new_order() -> None:
    image, points = spots()
    mirrored, moved = mirror(image, points)
    assert (brightness_at(mirrored, moved) > 200).all()
    assert moved[36, 0] == pytest.approx(image.shape[1] - 1 - points[45, 0])
    twice, back = mirror(mirrored, moved)
    np.testing.assert_array_equal(twice, image)
    np.testing.assert_allclose(back, points, atol=1e-4)


def test_looks_change_but_shape_and_type_stay(rng: np.random.Generator) -> None:
    crop = rng.integers(0, 256, (64, 64, 3)).astype(np.uint8)
    before = crop.copy()
    for _ in range(50):
        changed = change_looks(crop, SETTINGS, rng)
        assert changed.shape == crop.shape
        assert changed.dtype == np.uint8
        assert (changed != crop).any()
    np.testing.assert_array_equal(crop, before)


def test_the_previous_landmarks_are_near_but_not_true(rng: np.random.Generator) -> None:
    points = rng.uniform(10, 54, (7, 2)).astype(np.float32)
    errors = np.array([disturb_previous(points, 64, rng) - points for _ in range(300)])
    distance = np.linalg.norm(errors, axis=2).mean()
    assert 0.01 * 64 < distance < 0.08 * 64
