import cv2
import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.tracking.camera_model import CameraModel

POINTS_M = np.array([(0.0, 0.0, 1.0), (0.3, -0.2, 1.0), (-0.8, 0.5, 2.0)])
EXPECTED = POINTS_M[:, :2] / POINTS_M[:, 2:]
MATRIX = np.array([[500.0, 0, 310], [0, 510.0, 250], [0, 0, 1]])


def camera(distortion: tuple[float, ...] = (), is_fisheye: bool = False) -> CameraModel:
    return CameraModel(640, 480, (500.0, 510.0), (310.0, 250.0), distortion, is_fisheye)


def test_pixels_become_directions() -> None:
    pixels = (POINTS_M @ MATRIX.T)[:, :2] / POINTS_M[:, 2:]
    np.testing.assert_allclose(camera().directions(pixels.astype(np.float32)), EXPECTED, atol=1e-6)


def test_the_lens_is_reckoned_with() -> None:
    coefficients = (-0.3, 0.1, 0.001, -0.002, 0.0)
    pixels = cv2.projectPoints(POINTS_M, np.zeros(3), np.zeros(3), MATRIX, np.array(coefficients))[0][:, 0]
    assert abs(pixels - camera().directions(pixels)).max() > 1
    np.testing.assert_allclose(camera(coefficients).directions(pixels), EXPECTED, atol=1e-4)


def test_so_is_a_fisheye() -> None:
    coefficients = (0.1, -0.05, 0.02, -0.005)
    pixels = cv2.fisheye.projectPoints(POINTS_M[:, None], np.zeros(3), np.zeros(3), MATRIX, np.array(coefficients))[0]
    np.testing.assert_allclose(camera(coefficients, is_fisheye=True).directions(pixels[:, 0]), EXPECTED, atol=1e-4)


def test_an_assumed_field_of_view() -> None:
    assumed = CameraModel.from_field_of_view(640, 480, 90.0)
    borders = assumed.directions(np.float32([(-0.5, 239.5), (639.5, 239.5), (319.5, 239.5)]))
    np.testing.assert_allclose(borders, [(-1, 0), (1, 0), (0, 0)], atol=1e-6)


def test_smaller_images_of_the_same_camera_look_the_same_way() -> None:
    half = camera().scaled_to(320, 240)
    corner, corner_of_half = np.float32([(639.5, 479.5)]), np.float32([(319.5, 239.5)])
    np.testing.assert_allclose(half.directions(corner_of_half), camera().directions(corner), atol=1e-6)
    assert camera().scaled_to(640, 480) == camera()


@pytest.mark.parametrize(
    ("focal_px", "distortion", "told"),
    [
        ((0.0, 0.0), (), "not calibrated"),
        ((float("nan"), 500.0), (), "not calibrated"),
        ((500.0, 500.0), (0.1,), "1 coefficients of distortion"),
    ],
)
def test_what_is_no_calibration_is_refused(
    focal_px: tuple[float, float], distortion: tuple[float, ...], told: str
) -> None:
    with pytest.raises(InputError, match=told):
        CameraModel(640, 480, focal_px, (310.0, 250.0), distortion)
