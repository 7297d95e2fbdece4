from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.tracking.mean_shape import MEAN_SHAPE
from rednet_ros.tracking.types import Box, FloatArray
from rednet_ros.training.datasets.annotation import choose_unit, estimated_yaw_rad, landmark_box, unit_px
from rednet_ros.training.datasets.labels import LabelledFace

FACE = LabelledFace(Path("face.png"), (MEAN_SHAPE * 80 + 200).astype(np.float32), box=Box(100, 100, 160, 250))


def without(*indices: int) -> LabelledFace:
    points = FACE.points_px.copy()
    points[list(indices)] = np.nan
    return replace(FACE, points_px=points)


def turned(yaw_rad: float) -> FloatArray:
    """Eye corners 100 apart and a nose tip 40 in front of them, seen from `yaw_rad`; rolled by 20 degrees."""
    x = np.array([-50.0, 50.0, 0.0])
    z = np.array([0.0, 0.0, 40.0])
    y = np.array([0.0, 0.0, 30.0])
    flat = np.column_stack([x * np.cos(yaw_rad) + z * np.sin(yaw_rad), y])
    cosine, sine = np.cos(0.35), np.sin(0.35)
    points = np.zeros((68, 2), np.float32)
    points[[36, 45, 30]] = flat @ np.array([[cosine, sine], [-sine, cosine]])
    return points


@pytest.mark.parametrize("degrees", [0, 20, 29, 31, 60, 80])
def test_yaw_is_told_from_nose_and_eye_corners(degrees: float) -> None:
    for sign in (1, -1):
        assert np.degrees(estimated_yaw_rad(turned(sign * np.radians(degrees)))) == pytest.approx(degrees, abs=0.5)


def test_a_hidden_eye_is_a_profile() -> None:
    assert estimated_yaw_rad(without(45).points_px) == pytest.approx(np.pi / 2)


def test_the_box_does_not_shrink_with_the_annotation() -> None:
    whole, part = landmark_box(FACE.points_px), landmark_box(without(*range(17)).points_px)
    assert whole == Box.around(FACE.points_px)
    assert (part.x, part.y, part.width, part.height) == pytest.approx((whole.x, whole.y, whole.width, whole.height))


def test_units_are_lengths_in_pixels() -> None:
    assert unit_px(FACE, "interocular") == pytest.approx(80)
    assert unit_px(FACE, "box") == pytest.approx(200)
    tight = Box.around(FACE.points_px)
    assert unit_px(FACE, "landmarks") == pytest.approx(np.sqrt(tight.width * tight.height))


def test_the_unit_is_one_that_all_faces_have() -> None:
    assert choose_unit([FACE, FACE]) == "interocular"
    assert choose_unit([FACE, without(36)]) == "box"
    assert choose_unit([FACE, replace(without(36), box=None)]) == "landmarks"
    assert choose_unit([FACE], "landmarks") == "landmarks"


def test_faces_that_cannot_be_measured_are_named() -> None:
    with pytest.raises(InputError, match="face.png: errors have no unit here, the distance of the outer eye corners"):
        choose_unit([FACE, without(36)], "interocular")
    with pytest.raises(InputError, match="face.png: needs at least two annotated landmarks"):
        choose_unit([without(*range(67))])
