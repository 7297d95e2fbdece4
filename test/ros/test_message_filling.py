"""Tracked faces as messages and markers."""

import math

import numpy as np
import pytest

from rednet_ros.tracking.types import Box, FaceStatus, HeadPose

pytestmark = pytest.mark.ros


@pytest.fixture
def header():
    from builtin_interfaces.msg import Time
    from std_msgs.msg import Header

    return Header(stamp=Time(sec=3, nanosec=500_000_000), frame_id="camera")


def test_every_field_of_a_face_is_filled(make_face, header):
    from rednet_ros.nodes.messages import face_landmarks

    pose = HeadPose(rotation_rad=(0.1, 0.2, 0.3), translation_m=(0.01, -0.02, 0.6))
    tracked = make_face(
        "f7",
        status=FaceStatus.RECOVERED,
        box=Box(-4.0, 5.0, 60.0, 70.0),
        head_pose=pose,
        identity=np.ones(256, np.float32) / 16,
        identity_similarity=0.875,
    )
    message = face_landmarks(header, (480, 640, 3), "rednet-lite", [tracked])
    assert message.header == header
    assert (message.image_width, message.image_height, message.weights) == (640, 480, "rednet-lite")
    (face,) = message.faces
    assert (face.id, face.state, face.confidence) == ("f7", face.STATE_RECOVERED, 0.75)
    assert (face.box_x, face.box_y, face.box_width, face.box_height) == (-4.0, 5.0, 60.0, 70.0)
    received = np.array([(point.x, point.y, point.confidence) for point in face.landmarks])
    np.testing.assert_allclose(received[:, :2], tracked.landmarks_px)
    np.testing.assert_allclose(received[:, 2], tracked.landmark_confidence)
    assert face.head_pose_valid
    assert (face.head_pose.position.x, face.head_pose.position.z) == (0.01, 0.6)
    assert (face.head_pose.orientation.w, face.head_pose.orientation.x) != (1.0, 0.0)
    assert (face.identity_known, face.identity_similarity) == (True, 0.875)


def test_what_is_not_known_is_marked_so(make_face, header):
    from rednet_ros.nodes.messages import face_landmarks

    (face,) = face_landmarks(header, (480, 640, 3), "", [make_face("f1")]).faces
    assert not face.head_pose_valid
    assert not face.identity_known
    assert not math.isnan(face.identity_similarity)


@pytest.mark.parametrize("rotation_rad", [(0.0, 0.0, 0.0), (0.4, 0.0, 0.0), (0.3, -0.5, 1.1)])
def test_the_quaternion_turns_about_x_then_y_then_z(rotation_rad):
    from rednet_ros.nodes.messages import quaternion

    def about(axis, angle_rad):
        first, second = [number for number in range(3) if number != axis]
        sign = -1 if axis == 1 else 1
        matrix = np.eye(3)
        matrix[first, first] = matrix[second, second] = math.cos(angle_rad)
        matrix[first, second], matrix[second, first] = -sign * math.sin(angle_rad), sign * math.sin(angle_rad)
        return matrix

    roll, pitch, yaw = rotation_rad
    expected = about(2, yaw) @ about(1, pitch) @ about(0, roll)
    q = quaternion(*rotation_rad)
    actual = np.array(
        [
            [1 - 2 * (q.y**2 + q.z**2), 2 * (q.x * q.y - q.z * q.w), 2 * (q.x * q.z + q.y * q.w)],
            [2 * (q.x * q.y + q.z * q.w), 1 - 2 * (q.x**2 + q.z**2), 2 * (q.y * q.z - q.x * q.w)],
            [2 * (q.x * q.z - q.y * q.w), 2 * (q.y * q.z + q.x * q.w), 1 - 2 * (q.x**2 + q.y**2)],
        ]
    )
    np.testing.assert_allclose(actual, expected, atol=1e-12)


@pytest.mark.parametrize("angles_rad", [(0.0, 0.0, 0.0), (0.3, 0.0, 0.0), (0.2, -0.4, 0.7)])
def test_the_axes_of_a_face_are_those_of_rep_155(angles_rad):
    """The orientation takes the face's own axes into the optical frame; checked against the library's matrix."""
    import cv2

    from rednet_ros.nodes.messages import face_orientation
    from rednet_ros.tracking.head_pose import FACING

    turn = np.eye(3)
    for axis, angle in enumerate(angles_rad):
        turn = cv2.Rodrigues(angle * np.eye(3)[axis])[0] @ turn
    q = face_orientation(*angles_rad)
    vector = np.array([q.x, q.y, q.z])
    angle = 2 * np.arctan2(np.linalg.norm(vector), q.w)
    rotation = cv2.Rodrigues(angle * vector / np.linalg.norm(vector))[0]
    np.testing.assert_allclose(rotation, FACING @ turn, atol=1e-9)
    if angles_rad == (0.0, 0.0, 0.0):
        np.testing.assert_allclose(rotation @ (1, 0, 0), (0, 0, -1), atol=1e-9)  # out of the face: to the camera


def test_a_picture_survives_the_way_through_a_message(header):
    from rednet_ros.nodes.image_conversion import to_bgr
    from rednet_ros.nodes.messages import bgr_image

    picture = np.random.default_rng(1).integers(0, 256, (24, 32, 3), np.uint8)
    message = bgr_image(header, picture[:, ::-1])  # not contiguous
    assert (message.header, message.step) == (header, 96)
    np.testing.assert_array_equal(to_bgr(message), picture[:, ::-1])


def test_markers_lie_on_a_plane_in_front_of_the_camera(make_face, header):
    from rednet_ros.nodes.markers import face_markers, on_plane

    corners = np.array([(0, 0), (319.5, 239.5), (639, 479)], np.float32)
    np.testing.assert_allclose(
        on_plane(corners, (480, 640)), [(-0.499, -0.374, 1), (0, 0, 1), (0.499, 0.374, 1)], atol=1e-3
    )
    markers = face_markers(header, (480, 640), [make_face("f1"), make_face("f2")]).markers
    assert markers[0].action == markers[0].DELETEALL
    assert [marker.text for marker in markers if marker.ns == "ids"] == ["f1", "f2"]
    assert len({(marker.ns, marker.id) for marker in markers[1:]}) == 6
    points = next(marker for marker in markers if marker.ns == "landmarks")
    assert len(points.points) == 68
    assert points.points[10].x == pytest.approx((10 - 319.5) / 640)
    lines = next(marker for marker in markers if marker.ns == "contours")
    assert len(lines.points) == 2 * (16 + 4 + 4 + 3 + 4 + 6 + 6 + 12 + 8)
    assert all(marker.header == header for marker in markers)


def test_markers_of_a_face_that_left_are_deleted(header):
    from rednet_ros.nodes.markers import face_markers

    markers = face_markers(header, (480, 640), []).markers
    assert [marker.action for marker in markers] == [markers[0].DELETEALL]
