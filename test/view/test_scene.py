"""What is drawn in space."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("viser", reason="viser is not installed: pip install viser")

from rednet_ros.view.page import shrunk
from rednet_ros.view.scene import AXIS_M, heads


def test_a_head_of_natural_size_stands_where_its_pose_says(make_face, camera):
    shown = heads([make_face(place_m=(0.1, -0.05, 0.8))], camera)
    assert shown.points.shape == (68, 3)
    width_m = np.ptp(shown.points[:17, 0])
    assert 0.11 < width_m < 0.17, "an adult's jaw"
    np.testing.assert_allclose(shown.axes[:, 0], [(0.1, -0.05, 0.8)] * 3, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(shown.axes[:, 1] - shown.axes[:, 0], axis=1), AXIS_M, rtol=1e-5)
    assert shown.labels["f1"].text == "f1  0.8 m"
    assert shown.labels["f1"].place[1] < shown.points[:, 1].min() + 0.02, "above the face: y points down"


def test_several_heads_are_drawn_together_and_those_without_a_pose_not_at_all(make_face, camera):
    unknown = replace(make_face("f3"), head_pose=None)
    shown = heads([make_face("f1"), unknown, make_face("f2", place_m=(0.2, 0, 1))], camera)
    assert len(shown.points) == len(shown.point_colors) == 2 * 68
    assert len(shown.lines) == len(shown.line_colors)
    assert set(shown.labels) == {"f1", "f2"}
    assert heads([unknown], camera) is None
    assert heads([], camera) is None


def test_a_large_image_is_shrunk_with_its_faces(make_face):
    image = np.zeros((960, 1280, 3), np.uint8)
    face = make_face()
    doubled = replace(face, landmarks_px=(face.landmarks_px + 0.5) * 2 - 0.5)
    small, (shown,) = shrunk(image, [doubled], 640)
    assert small.shape == (480, 640, 3)
    np.testing.assert_allclose(shown.landmarks_px, face.landmarks_px, atol=1e-3)
    same, _ = shrunk(small, [face], 640)
    assert same is small


@pytest.mark.parametrize("shape", [(1, 5000, 3), (5000, 1, 3), (2, 2, 3)])
def test_odd_shapes_are_shrunk_to_something(shape):
    small, _ = shrunk(np.zeros(shape, np.uint8), [], 640)
    assert min(small.shape[:2]) >= 1
    assert max(small.shape[:2]) <= 640
