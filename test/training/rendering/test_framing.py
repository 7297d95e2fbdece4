"""The true pose of a rendered head, against its own landmarks."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rednet_ros.tracking.camera_model import CameraModel
from rednet_ros.training.rendering.framing import pinhole, true_pose
from rednet_ros.training.rendering.geometry import rotation
from rednet_ros.training.rendering.scene import Pose
from rednet_ros.training.rendering.still import FaceRenderer, Moment


@pytest.fixture(scope="module")
def moment(face_renderer: FaceRenderer) -> Moment:
    return face_renderer.moment(3, 1, 0)[0]


def turned(moment: Moment, yaw_deg: float, pitch_deg: float, roll_deg: float) -> Moment:
    pose = Pose(*np.radians([yaw_deg, pitch_deg, roll_deg]).tolist(), body_share=0.0)
    return replace(moment, scene=replace(moment.scene, pose=pose))


def truth_of(face_renderer: FaceRenderer, moment: Moment) -> Any:
    return true_pose(face_renderer.head(moment), moment.scene.pose, face_renderer.lens(moment))


def test_a_head_that_looks_ahead_faces_the_camera(face_renderer: FaceRenderer, moment: Moment) -> None:
    truth = truth_of(face_renderer, turned(moment, 0, 0, 0))
    np.testing.assert_allclose(truth.axes @ (1, 0, 0), (0, 0, -1), atol=1e-6)  # out of the face: to the camera
    np.testing.assert_allclose(truth.axes @ (0, 0, 1), (0, -1, 0), atol=1e-6)  # up
    assert truth.place_m[2] == pytest.approx(moment.scene.camera.distance_dm / 10, abs=0.15)


@pytest.mark.parametrize(("yaw_deg", "pitch_deg", "roll_deg"), [(30, 0, 0), (0, 20, 0), (-25, 10, 15)])
def test_the_sellion_is_seen_at_landmark_27(
    face_renderer: FaceRenderer, moment: Moment, yaw_deg: float, pitch_deg: float, roll_deg: float
) -> None:
    shown = turned(moment, yaw_deg, pitch_deg, roll_deg)
    lens = face_renderer.lens(shown)
    focal_px, center_px = pinhole(lens, face_renderer.size_px)
    camera = CameraModel(face_renderer.size_px, face_renderer.size_px, (focal_px, focal_px), center_px)
    truth = truth_of(face_renderer, shown)
    background = np.zeros((face_renderer.side_px, face_renderer.side_px, 3), np.uint8)
    picture = face_renderer.draw(shown, background, lens)
    np.testing.assert_allclose(camera.project(truth.place_m[None])[0], picture.points_px[27], atol=0.01)
    straight = truth_of(face_renderer, turned(moment, 0, 0, 0))
    in_scene = np.diag([1, -1, -1]) @ truth.axes @ straight.axes.T @ np.diag([1, -1, -1])
    np.testing.assert_allclose(in_scene, rotation(*np.radians([yaw_deg, pitch_deg, roll_deg])), atol=1e-6)
    if (yaw_deg, pitch_deg) == (30, 0):
        assert (truth.axes @ (1, 0, 0))[0] > 0.4  # to its own left: to the right of the picture
    if pitch_deg == 20:
        assert (truth.axes @ (1, 0, 0))[1] > 0.3  # the chin lowered: looks down


def test_what_is_drawn_is_what_still_gives(face_renderer: FaceRenderer) -> None:
    moment, rng = face_renderer.moment(3, 5, 1)
    np.testing.assert_array_equal(face_renderer.photograph(moment, rng).image, face_renderer.still(3, 5, 1).image)
