"""The table of head poses: errors against poses that are known here."""

import numpy as np
import pose_accuracy
import pytest

from rednet_ros.tracking.camera_model import CameraModel
from rednet_ros.tracking.head_pose import face_axes
from rednet_ros.tracking.mean_head import MEAN_HEAD_M
from rednet_ros.tracking.types import HeadPose
from rednet_ros.training.rendering.framing import TruePose

CAMERA = CameraModel(256, 256, (400.0, 400.0), (127.5, 127.5))
SEEN = HeadPose((0.0, 0.0, 0.0), (0.0, 0.05, 0.6))


def view(turned_deg: float = 0.0, farther: float = 1.0, is_child: bool = False) -> pose_accuracy.View:
    """The mean head, of which the truth is said to be otherwise."""
    truth = face_axes(HeadPose((0.0, 0.0, np.radians(turned_deg)), SEEN.translation_m))
    landmarks_px = CAMERA.project(MEAN_HEAD_M @ face_axes(SEEN).T + SEEN.translation_m).astype(np.float32)
    place_m = farther * np.array(SEEN.translation_m)
    image = np.zeros((256, 256, 3), np.uint8)
    return pose_accuracy.View(image, landmarks_px, CAMERA, TruePose(truth, place_m), turned_deg, is_child)


def reading(seen: pose_accuracy.View) -> pose_accuracy.Reading:
    return pose_accuracy.read(seen, seen.landmarks_px, np.ones(68, np.float32))


def test_errors_are_the_angle_between_the_poses_and_the_share_of_the_distance() -> None:
    read = reading(view(turned_deg=20.0, farther=1.25))
    assert read.angle_deg == pytest.approx(20.0, abs=0.2)
    assert read.distance == pytest.approx(0.2, abs=0.005)


def test_points_that_are_no_head_are_counted_as_such() -> None:
    seen = view()
    scattered = np.random.default_rng(1).uniform(0, 255, (68, 2)).astype(np.float32)
    lost = pose_accuracy.read(seen, scattered, np.ones(68, np.float32))
    assert lost.pose is None
    rows = list(pose_accuracy.table({"some": [lost, reading(seen)]}))
    assert rows[2].startswith("| some | all | 2 | 0.0 °")
    assert rows[2].endswith("| 1 |")


def test_groups_are_those_of_age_and_yaw() -> None:
    views = [view(5.0), view(-40.0), view(70.0), view(0.0, is_child=True)]
    rows = list(pose_accuracy.table({"some": [reading(entry) for entry in views]}))
    counts = {row.split(" | ")[1]: int(row.split(" | ")[2]) for row in rows[2:]}
    assert counts == {
        "all": 4,
        "adults": 3,
        "children": 1,
        "yaw 0 to 30 degrees": 2,
        "yaw 30 to 60 degrees": 1,
        "yaw 60 to 90 degrees": 1,
    }
