import cv2
import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.tracking.camera_model import CameraModel
from rednet_ros.tracking.types import FloatArray

POINTS_M = np.array([(0.0, 0.0, 1.0), (0.3, -0.2, 1.0), (-0.8, 0.5, 2.0)])
EXPECTED = POINTS_M / np.linalg.norm(POINTS_M, axis=1, keepdims=True)
MATRIX = np.array([[500.0, 0, 310], [0, 510.0, 250], [0, 0, 1]])
BARREL = (-0.3, 0.1, 0.001, -0.002, 0.0)
RATIONAL = (5.3, 2.1, 0.0003, -0.0002, 0.08, 5.7, 3.9, 0.5)
FISHEYE = (0.1, -0.05, 0.02, -0.005)


def camera(distortion: tuple[float, ...] = (), is_fisheye: bool = False) -> CameraModel:
    return CameraModel(640, 480, (500.0, 510.0), (310.0, 250.0), distortion, is_fisheye)


def grid(width_px: int, height_px: int) -> FloatArray:
    """Pixels from corner to corner."""
    x, y = np.meshgrid(np.linspace(0, width_px - 1, 16), np.linspace(0, height_px - 1, 12))
    return np.stack([x, y], axis=-1).reshape(-1, 2)


def test_pixels_become_rays() -> None:
    pixels = (POINTS_M @ MATRIX.T)[:, :2] / POINTS_M[:, 2:]
    np.testing.assert_allclose(camera().rays(pixels.astype(np.float32)), EXPECTED, atol=1e-6)


@pytest.mark.parametrize("coefficients", [BARREL, BARREL[:4], RATIONAL, (*RATIONAL, 0.01, -0.01, 0.0, 0.02)])
def test_the_lens_is_reckoned_with(coefficients: tuple[float, ...]) -> None:
    pixels = cv2.projectPoints(POINTS_M, np.zeros(3), np.zeros(3), MATRIX, np.array(coefficients))[0][:, 0]
    assert abs(camera().rays(pixels) - EXPECTED).max() > 0.001
    np.testing.assert_allclose(camera(coefficients).rays(pixels), EXPECTED, atol=1e-6)


def test_so_is_a_fisheye() -> None:
    pixels = cv2.fisheye.projectPoints(POINTS_M[:, None], np.zeros(3), np.zeros(3), MATRIX, np.array(FISHEYE))[0]
    np.testing.assert_allclose(camera(FISHEYE, is_fisheye=True).rays(pixels[:, 0]), EXPECTED, atol=1e-5)


def test_a_fisheye_looks_sideways_and_back() -> None:
    wide = CameraModel(640, 480, (150.0, 150.0), (320.0, 240.0), (), is_fisheye=True)
    right, behind = wide.rays(np.float32([(320 + 150 * np.pi / 2, 240), (320 + 150 * 2.0, 240)]))
    np.testing.assert_allclose(right, (1, 0, 0), atol=1e-5)
    np.testing.assert_allclose(behind, (np.sin(2.0), 0, np.cos(2.0)), atol=1e-5)


@pytest.mark.parametrize(
    "wide",
    [
        CameraModel(640, 480, (400.0, 405.0), (310.0, 250.0), (-0.35, 0.14, 0.001, -0.002, -0.02)),
        CameraModel(1280, 720, (600.0, 600.0), (640.0, 360.0), RATIONAL),
        CameraModel(640, 480, (200.0, 200.0), (310.0, 250.0), FISHEYE, is_fisheye=True),
    ],
)
def test_rays_lead_back_to_their_pixels_up_to_the_corners(wide: CameraModel) -> None:
    pixels = grid(wide.width_px, wide.height_px)
    rays = wide.rays(pixels)
    seen = np.isfinite(rays).all(axis=1)
    assert seen.mean() > 0.9
    np.testing.assert_allclose(np.linalg.norm(rays[seen], axis=1), 1.0)
    np.testing.assert_allclose(wide.project(2.5 * rays[seen]), pixels[seen], atol=0.01)


def test_where_the_lens_model_turns_back_there_is_no_ray() -> None:
    """Calibrated near the middle only: farther out, no direction would be seen at such a pixel."""
    narrow = CameraModel(640, 480, (300.0, 300.0), (320.0, 240.0), (-0.3, 0.0, 0.0, 0.0))
    middle, corner = narrow.rays(np.float32([(330, 250), (0, 0)]))
    assert np.isfinite(middle).all()
    assert np.isnan(corner).all()
    fisheye = CameraModel(640, 480, (200.0, 200.0), (320.0, 240.0), (-0.2, 0.0, 0.0, 0.0), is_fisheye=True)
    assert np.isnan(fisheye.rays(np.float32([(0, 0)]))).all()


def test_what_is_behind_the_camera_is_not_in_the_picture() -> None:
    assert np.isnan(camera().project(np.array([(0.1, 0.1, -1.0)]))).all()
    assert np.isfinite(camera(FISHEYE, is_fisheye=True).project(np.array([(0.1, 0.1, -0.01)]))).all()


def test_an_assumed_field_of_view() -> None:
    assumed = CameraModel.from_field_of_view(640, 480, 90.0)
    borders = assumed.rays(np.float32([(-0.5, 239.5), (639.5, 239.5), (319.5, 239.5)]))
    np.testing.assert_allclose(borders[:, :2] / borders[:, 2:], [(-1, 0), (1, 0), (0, 0)], atol=1e-6)


def test_smaller_images_of_the_same_camera_look_the_same_way() -> None:
    half = camera().scaled_to(320, 240)
    corner, corner_of_half = np.float32([(639.5, 479.5)]), np.float32([(319.5, 239.5)])
    np.testing.assert_allclose(half.rays(corner_of_half), camera().rays(corner), atol=1e-6)
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
