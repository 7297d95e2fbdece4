import cv2
import numpy as np
import pytest

from rednet_ros.tracking.camera_model import CameraModel
from rednet_ros.tracking.head_pose import FACING, estimate_head_pose, estimate_head_poses, face_axes, landmarks_in_space
from rednet_ros.tracking.mean_head import MEAN_HEAD_M, SPREAD_M
from rednet_ros.tracking.types import FloatArray, HeadPose

CAMERA = CameraModel(640, 480, (600.0, 600.0), (319.5, 239.5))
SURE = np.full(68, 0.9, np.float32)
AHEAD = (0.0, 0.0, 0.7)


def about(axis: int, angle_rad: float) -> FloatArray:
    vector = np.zeros(3)
    vector[axis] = angle_rad
    return cv2.Rodrigues(vector)[0]


def seen(
    roll_deg: float = 0.0,
    pitch_deg: float = 0.0,
    yaw_deg: float = 0.0,
    place_m: tuple[float, float, float] = AHEAD,
    head_m: FloatArray = MEAN_HEAD_M,
) -> FloatArray:
    """Landmarks of a head in the camera's image."""
    roll, pitch, yaw = np.radians([roll_deg, pitch_deg, yaw_deg])
    turn = FACING @ about(2, yaw) @ about(1, pitch) @ about(0, roll)
    points_m = head_m @ turn.T + place_m
    return (points_m[:, :2] / points_m[:, 2:] * CAMERA.focal_px + CAMERA.center_px).astype(np.float32)


def pose_of(landmarks_px: FloatArray, confidence: FloatArray = SURE, camera: CameraModel = CAMERA) -> HeadPose:
    pose = estimate_head_pose(landmarks_px, confidence, camera)
    assert pose is not None
    return pose


@pytest.mark.parametrize("roll_deg", [-40, 0, 25])
@pytest.mark.parametrize("pitch_deg", [-25, 0, 30])
@pytest.mark.parametrize("yaw_deg", [-60, -20, 0, 45])
@pytest.mark.parametrize("place_m", [AHEAD, (0.5, -0.3, 1.4), (-0.1, 0.1, 3.0)])
def test_the_pose_of_a_mean_head_is_found(
    roll_deg: float, pitch_deg: float, yaw_deg: float, place_m: tuple[float, float, float]
) -> None:
    pose = pose_of(seen(roll_deg, pitch_deg, yaw_deg, place_m))
    np.testing.assert_allclose(np.degrees(pose.rotation_rad), (roll_deg, pitch_deg, yaw_deg), atol=0.1)
    np.testing.assert_allclose(pose.translation_m, place_m, rtol=0.003, atol=1e-4)


def test_signs_are_as_documented() -> None:
    straight = seen()
    nose, eyes, chin = straight[30], straight[36:48].mean(axis=0), straight[8]
    assert straight[36, 0] < straight[45, 0]  # the person's right eye is on the left of the image
    assert abs(nose[0] - eyes[0]) < 0.1
    to_own_left = seen(yaw_deg=20)
    assert to_own_left[30, 0] > nose[0] + 5  # that is to the right of the image
    chin_down = seen(pitch_deg=20)
    assert chin_down[30, 1] > nose[1] + 2
    to_right_shoulder = seen(roll_deg=20)
    assert to_right_shoulder[8, 0] > chin[0] + 5  # the top goes to the left of the image, the chin to the right


def test_a_head_far_off_and_a_head_of_another_size() -> None:
    small = pose_of(seen(head_m=0.9 * MEAN_HEAD_M))
    assert small.translation_m[2] == pytest.approx(0.7 / 0.9, rel=0.01)
    assert np.degrees(np.abs(small.rotation_rad)).max() < 1.0


def test_people_who_differ_from_the_mean_are_read_within_some_degrees() -> None:
    """Each landmark displaced by as much as people differ in it."""
    random = np.random.default_rng(3)
    errors_deg, errors = [], []
    for _ in range(60):
        head_m = MEAN_HEAD_M + random.normal(size=(68, 3)) * SPREAD_M[:, None] / np.sqrt(2)
        pose = pose_of(seen(5, 10, -30, head_m=head_m))
        errors_deg.append(np.abs(np.degrees(pose.rotation_rad) - (5, 10, -30)).max())
        errors.append(abs(pose.translation_m[2] / 0.7 - 1))
    assert np.median(errors_deg) < 3
    assert np.percentile(errors_deg, 95) < 8
    assert np.median(errors) < 0.04


def test_a_few_wild_landmarks_do_not_turn_the_head() -> None:
    landmarks = seen(yaw_deg=30)
    landmarks[48:56] += 60
    landmarks[3:7] -= 40
    assert np.degrees(pose_of(landmarks).rotation_rad) == pytest.approx((0, 0, 30), abs=2.0)


def test_a_fifth_of_the_landmarks_far_off_do_not_cost_the_pose() -> None:
    rng = np.random.default_rng(4)
    misses_deg = []
    for yaw_deg in range(-40, 41, 4):
        landmarks_px = seen(yaw_deg=yaw_deg)
        wild = rng.random(68) < 0.2
        landmarks_px[wild] += rng.normal(0, 40, (np.count_nonzero(wild), 2)).astype(np.float32)
        misses_deg.append(abs(np.degrees(pose_of(landmarks_px).rotation_rad[2]) - yaw_deg))
    assert np.max(misses_deg) < 5


def test_landmarks_that_the_network_guessed_count_less() -> None:
    """The same wrong jaw, with and without confidence."""
    landmarks = seen()
    landmarks[4:13] += (0, 12)
    unsure = SURE.copy()
    unsure[:17] = 0.01
    trusting, doubting = (abs(pose_of(landmarks, confidence).rotation_rad[1]) for confidence in (SURE, unsure))
    assert doubting < 0.5 * trusting


def test_a_mouth_wide_open_is_no_nod() -> None:
    head_m = MEAN_HEAD_M.copy()
    head_m[[*range(4, 13), *range(54, 60), *range(64, 68)]] -= (0, 0, 0.02)
    assert abs(np.degrees(pose_of(seen(head_m=head_m)).rotation_rad[1])) < 6


@pytest.mark.parametrize("seed", range(5))
def test_points_that_are_no_head_have_no_pose(seed: int) -> None:
    random = np.random.default_rng(seed)
    scattered = random.uniform(100, 300, (68, 2)).astype(np.float32)
    assert estimate_head_pose(scattered, SURE, CAMERA) is None


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_points_that_are_no_numbers_have_no_pose(value: float) -> None:
    landmarks = seen()
    landmarks[5, 0] = value
    assert estimate_head_pose(landmarks, SURE, CAMERA) is None


def test_points_in_one_place_have_no_pose() -> None:
    assert estimate_head_pose(np.full((68, 2), 200, np.float32), SURE, CAMERA) is None
    assert estimate_head_pose(seen(), np.zeros(68, np.float32), CAMERA) is None


def test_the_faces_of_an_image_have_the_poses_that_each_has_alone() -> None:
    none, scattered = np.full((68, 2), np.nan, np.float32), np.random.default_rng(0).uniform(0, 300, (68, 2))
    faces = [seen(yaw_deg=30), none, scattered.astype(np.float32), seen(roll_deg=-20), seen()]
    confidences = [SURE, SURE, SURE, SURE * 0.5, np.zeros(68, np.float32)]
    poses = estimate_head_poses(faces, confidences, CAMERA)
    assert [pose is None for pose in poses] == [False, True, True, False, True]
    for pose, alone in zip(poses, map(estimate_head_pose, faces, confidences, [CAMERA] * 5), strict=True):
        assert (pose is None) == (alone is None)
        if pose is not None and alone is not None:
            np.testing.assert_allclose(pose.rotation_rad, alone.rotation_rad, atol=1e-9)
            np.testing.assert_allclose(pose.translation_m, alone.translation_m, atol=1e-9)
    assert estimate_head_poses([], [], CAMERA) == []


WIDE_LENSES = {
    "plumb_bob": CameraModel(640, 480, (400.0, 405.0), (310.0, 250.0), (-0.35, 0.14, 0.001, -0.002, -0.02)),
    "rational": CameraModel(
        1280, 720, (600.0, 600.0), (640.0, 360.0), (5.3, 2.1, 0.0003, -0.0002, 0.08, 5.7, 3.9, 0.5)
    ),
    "fisheye": CameraModel(640, 480, (200.0, 200.0), (320.0, 240.0), (0.05, -0.02, 0.003, -0.0005), is_fisheye=True),
}


@pytest.mark.parametrize("lens", WIDE_LENSES)
@pytest.mark.parametrize("place_m", [(0.0, 0.0, 0.6), (0.5, -0.3, 0.7), (-0.9, 0.4, 1.1)])
def test_the_lens_is_taken_out_of_the_pose(lens: str, place_m: tuple[float, float, float]) -> None:
    camera = WIDE_LENSES[lens]
    pose = HeadPose(tuple(np.radians([10.0, -15.0, 35.0])), place_m)
    landmarks_px = camera.project(MEAN_HEAD_M @ face_axes(pose).T + place_m).astype(np.float32)
    found = pose_of(landmarks_px, camera=camera)
    np.testing.assert_allclose(np.degrees(found.rotation_rad), (10, -15, 35), atol=0.2)
    np.testing.assert_allclose(found.translation_m, place_m, rtol=0.004, atol=0.002)
    ignorant = CameraModel(camera.width_px, camera.height_px, camera.focal_px, camera.center_px)
    if place_m[0]:
        taken_for_straight = estimate_head_pose(landmarks_px, SURE, ignorant)
        assert taken_for_straight is None or np.abs(np.subtract(taken_for_straight.translation_m, place_m)).max() > 0.02


def test_a_face_beside_a_fisheye_camera_has_a_pose() -> None:
    """At a right angle to where the camera looks; its face turned to the camera."""
    camera = WIDE_LENSES["fisheye"]
    pose = HeadPose((0.0, 0.0, np.radians(80.0)), (-0.8, 0.0, 0.0))
    landmarks_px = camera.project(MEAN_HEAD_M @ face_axes(pose).T + pose.translation_m).astype(np.float32)
    found = pose_of(landmarks_px, camera=camera)
    np.testing.assert_allclose(found.translation_m, pose.translation_m, atol=0.005)
    assert np.degrees(found.rotation_rad) == pytest.approx((0, 0, 80), abs=0.5)


def test_landmarks_beyond_what_the_lens_sees_are_left_out() -> None:
    """Its chin lies where the polynomial of the lens has turned back."""
    narrow = CameraModel(640, 480, (300.0, 300.0), (320.0, 240.0), (-0.3, 0.0, 0.0, 0.0))
    pose = HeadPose((0.0, 0.0, 0.0), (0.0, 0.22, 0.35))
    landmarks_px = narrow.project(MEAN_HEAD_M @ face_axes(pose).T + pose.translation_m).astype(np.float32)
    landmarks_px[4:13, 1] += 60
    assert 3 < np.isnan(narrow.rays(landmarks_px)[:, 0]).sum() < 20
    found = pose_of(landmarks_px, camera=narrow)
    np.testing.assert_allclose(found.translation_m, pose.translation_m, atol=0.01)
    assert np.isnan(landmarks_in_space(found, landmarks_px, narrow)[8]).all()


def test_landmarks_in_space_are_seen_where_they_were_and_lie_on_the_head() -> None:
    pose = HeadPose((0.1, -0.2, 0.4), (0.2, -0.1, 0.9))
    random = np.random.default_rng(1)
    head_m = MEAN_HEAD_M + random.normal(size=(68, 3)) * 0.003
    place_m = head_m @ face_axes(pose).T + pose.translation_m
    landmarks_px = CAMERA.project(place_m).astype(np.float32)
    found_m = landmarks_in_space(pose, landmarks_px, CAMERA)
    assert (found_m.shape, found_m.dtype) == ((68, 3), np.float32)
    np.testing.assert_allclose(CAMERA.project(found_m.astype(float)), landmarks_px, atol=0.01)
    assert np.linalg.norm(found_m - place_m, axis=1).max() < 0.02


def test_scattered_points_are_no_head_in_the_lens_itself() -> None:
    """So near, any points would fit."""
    random = np.random.default_rng(4)
    for _ in range(40):
        landmarks_px = random.uniform(100, 300, (68, 2)).astype(np.float32)
        pose = estimate_head_pose(landmarks_px, SURE, CAMERA)
        assert pose is None or pose.translation_m[2] > 0.1


def test_the_mean_head_is_symmetric_and_of_a_persons_size() -> None:
    from rednet_ros.landmarks import FLIP_ORDER

    np.testing.assert_array_equal(MEAN_HEAD_M[list(FLIP_ORDER)] * (1, -1, 1), MEAN_HEAD_M)
    np.testing.assert_array_equal(SPREAD_M[list(FLIP_ORDER)], SPREAD_M)
    pupils = MEAN_HEAD_M[42:48].mean(axis=0) - MEAN_HEAD_M[36:42].mean(axis=0)
    assert 0.058 < np.linalg.norm(pupils) < 0.068
    assert np.linalg.norm(MEAN_HEAD_M[27]) < 0.001
