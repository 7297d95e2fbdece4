from dataclasses import replace

import numpy as np
import pytest

from rednet_ros.tracking.camera_model import CameraModel
from rednet_ros.tracking.head_pose import face_axes
from rednet_ros.tracking.mean_head import MEAN_HEAD_M
from rednet_ros.tracking.posing import posed
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.sighting import Sighting
from rednet_ros.tracking.track import Track, after_relocation, begin
from rednet_ros.tracking.types import FloatArray, HeadPose

CAMERA = CameraModel(640, 480, (600.0, 600.0), (319.5, 239.5))
STEP_S = 1 / 30


def seen_at(distance_m: float) -> FloatArray:
    pose = HeadPose((0.0, 0.0, 0.2), (0.0, 0.0, distance_m))
    return CAMERA.project(MEAN_HEAD_M @ face_axes(pose).T + pose.translation_m).astype(np.float32)


def sighting(landmarks_px: FloatArray) -> Sighting:
    return Sighting(landmarks_px, np.full(68, 0.9, np.float32), 0.9, None, None)


@pytest.fixture
def track() -> Track:
    """A new face 0.8 m away."""
    return begin("f1", sighting(seen_at(0.8)), TrackerSettings(), STEP_S)


def with_pose(track: Track, smoothing_s: float = 0.5) -> Track:
    (there,) = posed([track], CAMERA, STEP_S, smoothing_s)
    return there


def distance_m(track: Track) -> float:
    pose = track.face().head_pose
    assert pose is not None
    return pose.translation_m[2]


def test_a_face_has_the_pose_that_its_landmarks_show(track: Track) -> None:
    assert track.face().head_pose is None
    there = with_pose(track)
    assert distance_m(there) == pytest.approx(0.8, abs=0.003)
    assert posed([there], None, STEP_S, 0.5)[0].face().head_pose is None
    nowhere = replace(there, landmarks_px=np.random.default_rng(1).uniform(0, 400, (68, 2)).astype(np.float32))
    assert with_pose(nowhere).face().head_pose is None


def test_small_changes_are_smoothed_where_that_is_asked_for(track: Track) -> None:
    before = with_pose(track)
    moved = replace(before, landmarks_px=seen_at(0.81))
    assert distance_m(with_pose(moved, smoothing_s=0.0)) == pytest.approx(0.81, abs=0.003)
    assert distance_m(with_pose(moved)) < 0.804


def test_a_face_that_was_put_elsewhere_does_not_glide_there(track: Track) -> None:
    before = with_pose(track)
    again = after_relocation(before, sighting(seen_at(1.6)), STEP_S)
    assert distance_m(with_pose(again)) == pytest.approx(1.6, abs=0.01)
