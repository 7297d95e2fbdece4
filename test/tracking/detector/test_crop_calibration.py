from typing import Any

import numpy as np
import pytest

from rednet_ros.tracking.crops import CropTransform
from rednet_ros.tracking.detector.crop_calibration import crop_from_detection, landmark_box
from rednet_ros.tracking.types import Box, Detection


def five(points: Any) -> Any:
    return np.array([points[36:42].mean(axis=0), points[42:48].mean(axis=0), points[30], points[48], points[54]])


@pytest.mark.parametrize("degrees", [0, 25, -80, 170])
def test_five_points_give_nearly_the_crop_of_the_landmarks(person: Any, degrees: float) -> None:
    angle = np.radians(degrees)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    landmarks = (person(1, 0, 0, 80).landmarks() @ rotation.T + (200, 150)).astype(np.float32)
    truth = CropTransform.from_landmarks(landmarks, 128)
    crop = crop_from_detection(Detection(Box(0, 0, 1, 1), 0.9, five(landmarks)), 128)
    np.testing.assert_allclose(crop.center_px, truth.center_px, atol=0.06 * 80)
    assert crop.side_px == pytest.approx(truth.side_px, rel=0.1)
    assert crop.roll_rad == pytest.approx(truth.roll_rad, abs=0.02)


def test_a_box_alone_gives_an_upright_crop_a_little_lower() -> None:
    crop = crop_from_detection(Detection(Box(100, 100, 80, 100), 0.9), 128)
    assert crop.roll_rad == 0
    assert crop.center_px[0] == 140
    assert 155 < crop.center_px[1] < 170
    assert crop.side_px == pytest.approx(1.4 * 0.916 * np.sqrt(8000))


def test_the_landmark_box_is_the_crop_without_its_margin(person: Any) -> None:
    landmarks = person(1, 200, 150, 80).landmarks()
    box = landmark_box(Detection(Box(0, 0, 1, 1), 0.9, five(landmarks)))
    assert box.overlap(Box.around(landmarks)) > 0.85
    assert box.width == box.height


def test_collapsed_points_do_not_divide_by_zero() -> None:
    crop = crop_from_detection(Detection(Box(5, 5, 0, 0), 0.9, np.full((5, 2), 5.0, np.float32)), 128)
    assert crop.side_px == pytest.approx(1.4)
