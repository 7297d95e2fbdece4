"""The crop shows the right pixels, and its way to the image and back is exact."""

import cv2
import numpy as np
import pytest

from rednet_ros.tracking.crops import CROP_SCALE, CropTransform
from rednet_ros.tracking.mean_shape import MEAN_SHAPE
from rednet_ros.tracking.types import Box


def face(center: tuple[float, float], size_px: float, roll_deg: float) -> np.ndarray:
    turn = cv2.getRotationMatrix2D((0, 0), -roll_deg, 1.0)[:, :2]
    return (size_px * np.asarray(MEAN_SHAPE) @ turn.T + center).astype(np.float32)


@pytest.mark.parametrize("roll_rad", [0.0, 0.4, -2.0])
def test_points_come_back_from_the_crop(roll_rad: float) -> None:
    crop = CropTransform((130.5, 70.25), 91.0, roll_rad, 96)
    points = np.random.default_rng(1).uniform(0, 200, (68, 2)).astype(np.float32)
    np.testing.assert_allclose(crop.to_image(crop.to_crop(points)), points, atol=1e-3)


def test_the_crops_middle_is_the_boxs_middle_and_its_side_covers_the_box() -> None:
    crop = CropTransform.from_box(Box(100, 50, 40, 60), 64)
    np.testing.assert_allclose(crop.to_crop(np.float32([[120, 80]])), [[31.5, 31.5]], atol=1e-4)
    assert crop.side_px == pytest.approx(60 * CROP_SCALE)


@pytest.mark.parametrize("roll_deg", [-120, -30, 0, 45, 179])
def test_a_rolled_face_stands_upright_in_its_crop(roll_deg: float) -> None:
    crop = CropTransform.from_landmarks(face((300, 200), 80, roll_deg), 96)
    upright = crop.to_crop(face((300, 200), 80, roll_deg))
    reference = CropTransform.from_landmarks(face((300, 200), 80, 0), 96)
    np.testing.assert_allclose(upright, reference.to_crop(face((300, 200), 80, 0)), atol=0.05)
    assert upright[45, 0] > upright[36, 0]
    assert upright[45, 1] == pytest.approx(upright[36, 1], abs=0.01)


@pytest.mark.parametrize("side_px", [60.0, 96.0, 300.0, 1500.0])
def test_a_spot_is_found_in_the_crop_where_the_transform_says(side_px: float) -> None:
    image = np.zeros((1600, 1600, 3), np.uint8)
    spot = np.float32([[800 + 0.2 * side_px, 800 - 0.3 * side_px]])
    cv2.circle(
        image, (round(float(spot[0, 0])), round(float(spot[0, 1]))), max(2, int(side_px / 40)), (255, 255, 255), -1
    )
    crop = CropTransform((800.0, 800.0), side_px, 0.3, 96)
    pixels = crop.extract(image)[:, :, 0].astype(float)
    rows, columns = np.mgrid[:96, :96]
    found = np.array([(columns * pixels).sum(), (rows * pixels).sum()]) / pixels.sum()
    np.testing.assert_allclose(found, crop.to_crop(spot)[0], atol=0.8)


def test_a_strongly_shrunk_crop_is_averaged_not_sampled() -> None:
    checkerboard = np.indices((800, 800)).sum(axis=0) % 2 * 255
    image = np.repeat(checkerboard[:, :, None], 3, axis=2).astype(np.uint8)
    crop = CropTransform((400.0, 400.0), 700.0, 0.0, 64).extract(image)
    assert np.abs(crop.astype(int) - 127).max() < 20


def test_outside_the_image_its_border_is_repeated() -> None:
    image = np.full((50, 50, 3), 200, np.uint8)
    assert (CropTransform((-40.0, 25.0), 80.0, 0.0, 64).extract(image) == 200).all()


def test_collapsed_landmarks_still_give_a_crop() -> None:
    crop = CropTransform.from_landmarks(np.full((68, 2), 20, np.float32), 64)
    assert np.isfinite(crop.matrix()).all()
    assert crop.side_px > 0
