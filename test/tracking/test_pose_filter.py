import cv2
import numpy as np
import pytest

from rednet_ros.tracking.head_pose import face_axes, pose_of_axes
from rednet_ros.tracking.pose_filter import steadied
from rednet_ros.tracking.types import HeadPose

STEP_S = 1 / 30


def through(poses: list[HeadPose], smoothing_s: float = 0.3, step_s: float = STEP_S) -> list[HeadPose]:
    kept, steady = [], None
    for pose in poses:
        steady = steadied(steady, pose, step_s, smoothing_s)
        kept.append(steady.pose)
    return kept


def angle_deg(one: HeadPose, other: HeadPose) -> float:
    return float(np.degrees(np.linalg.norm(cv2.Rodrigues(face_axes(one).T @ face_axes(other))[0])))


def shaken(pose: HeadPose, count: int) -> list[HeadPose]:
    """The pose with errors of one degree and 5 mm."""
    random = np.random.default_rng(2)
    poses = []
    for _ in range(count):
        axes = face_axes(pose) @ cv2.Rodrigues(np.radians(random.normal(size=3)))[0]
        x, y, z = np.array(pose.translation_m) + random.normal(size=3) * 0.005
        poses.append(pose_of_axes(axes, (float(x), float(y), float(z))))
    return poses


@pytest.mark.parametrize("yaw_rad", [0.0, 3.1])
def test_a_head_at_rest_becomes_steady_at_its_place(yaw_rad: float) -> None:
    """Also where the angles jump from pi to minus pi."""
    pose = HeadPose((0.1, -0.2, yaw_rad), (0.1, 0.0, 0.8))
    seen = shaken(pose, 150)
    kept = through(seen)[30:]
    jitter_deg = [angle_deg(pose, entry) for entry in seen[30:]], [angle_deg(pose, entry) for entry in kept]
    assert np.mean(jitter_deg[1]) < 0.5 * np.mean(jitter_deg[0])
    places = np.array([entry.translation_m for entry in kept])
    np.testing.assert_allclose(places.mean(axis=0), pose.translation_m, atol=0.002)
    assert places.std(axis=0).max() < 0.0025


def test_a_head_that_turns_is_followed_within_the_lag() -> None:
    """180 degrees a second, after a rest."""
    still = [HeadPose((0.0, 0.0, -0.8), (0.0, 0.0, 0.8))] * 30
    turning = [HeadPose((0.0, 0.0, -0.8 + np.pi * STEP_S * number), (0.0, 0.0, 0.8)) for number in range(16)]
    kept = through(still + turning)
    lags_deg = [angle_deg(*pair) for pair in zip(kept[30:], turning, strict=True)]
    assert lags_deg[-1] < 5.0
    assert lags_deg[-1] < 0.3 * angle_deg(turning[0], turning[-1])


def test_a_head_that_walks_is_followed_within_the_lag() -> None:
    walking = [HeadPose((0.0, 0.0, 0.0), (-1.0 + 1.2 * STEP_S * number, 0.0, 1.5)) for number in range(45)]
    kept = through(walking)
    assert abs(kept[-1].translation_m[0] - walking[-1].translation_m[0]) < 0.05


def test_long_steps_forget_more_than_short_ones() -> None:
    before, after = HeadPose((0.0, 0.0, 0.0), (0.0, 0.0, 1.0)), HeadPose((0.0, 0.0, 0.0), (0.0, 0.0, 1.01))
    quick, slow = (through([before, after], step_s=step_s)[-1].translation_m[2] for step_s in (1 / 30, 2.0))
    assert 1.0 < quick < 1.003
    assert slow > 1.007


def test_the_first_pose_and_no_smoothing_are_as_seen() -> None:
    poses = shaken(HeadPose((0.1, 0.2, 0.3), (0.0, 0.0, 1.0)), 5)
    assert through(poses, smoothing_s=0.0) == poses
    assert through(poses)[0] == poses[0]
    assert through(poses, step_s=0.0) == poses
