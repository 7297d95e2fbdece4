"""Head poses as messages and as TF frames."""

import math

import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.tracking.types import HeadPose

pytestmark = pytest.mark.ros

POSE = HeadPose(rotation_rad=(0.1, -0.2, 0.7), translation_m=(0.3, -0.1, 0.9))


@pytest.fixture
def header():
    from builtin_interfaces.msg import Time
    from std_msgs.msg import Header

    return Header(stamp=Time(sec=3, nanosec=500_000_000), frame_id="camera")


def matrix(q):
    """The rotation of a geometry_msgs/Quaternion."""
    return np.array(
        [
            [1 - 2 * (q.y**2 + q.z**2), 2 * (q.x * q.y - q.z * q.w), 2 * (q.x * q.z + q.y * q.w)],
            [2 * (q.x * q.y + q.z * q.w), 1 - 2 * (q.x**2 + q.z**2), 2 * (q.y * q.z - q.x * q.w)],
            [2 * (q.x * q.z - q.y * q.w), 2 * (q.y * q.z + q.x * q.w), 1 - 2 * (q.x**2 + q.y**2)],
        ]
    )


@pytest.mark.parametrize("rotation_rad", [(0.0, 0.0, 0.0), (0.4, 0.0, 0.0), (0.3, -0.5, 1.1)])
def test_the_quaternion_turns_about_x_then_y_then_z(rotation_rad):
    from rednet_ros.nodes.outputs.poses import quaternion

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

    from rednet_ros.nodes.outputs.poses import face_orientation
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


def test_a_pose_array_holds_the_known_poses_in_the_order_of_the_faces(make_face, header):
    from rednet_ros.nodes.outputs.poses import pose_array
    from rednet_ros.tracking.head_pose import face_axes

    other = HeadPose((0.0, 0.0, 0.0), (0.0, 0.0, 2.0))
    faces = [make_face("f1", head_pose=POSE), make_face("f2"), make_face("f3", head_pose=other)]
    message = pose_array(header, faces)
    assert message.header == header
    assert [pose.position.z for pose in message.poses] == [0.9, 2.0]
    np.testing.assert_allclose(matrix(message.poses[0].orientation), face_axes(POSE), atol=1e-9)


def test_a_face_and_its_gaze_are_frames(make_face, header):
    from rednet_ros.nodes.outputs.transforms import face_transforms
    from rednet_ros.tracking.head_pose import face_axes

    face, gaze = face_transforms(header, [make_face("f4"), make_face("f7", head_pose=POSE)])
    assert face.header == header
    assert (face.child_frame_id, gaze.child_frame_id) == ("face_f7", "gaze_f7")
    assert (face.transform.translation.x, face.transform.translation.z) == (0.3, 0.9)
    np.testing.assert_allclose(matrix(face.transform.rotation), face_axes(POSE), atol=1e-9)
    assert (gaze.header.frame_id, gaze.header.stamp) == ("face_f7", header.stamp)
    translation = gaze.transform.translation
    assert (translation.x, translation.y, translation.z) == (0.0, 0.0, 0.0)
    axes = matrix(gaze.transform.rotation)
    np.testing.assert_allclose(axes @ (0, 0, 1), (1, 0, 0), atol=1e-9)  # z of the gaze: out of the face
    np.testing.assert_allclose(axes @ (0, 1, 0), (0, 0, -1), atol=1e-9)  # y: down


def test_a_camera_without_a_frame_has_no_frames_of_faces(make_face, header):
    from rednet_ros.nodes.outputs.transforms import face_transforms

    header.frame_id = ""
    assert face_transforms(header, [make_face("f4")]) == []
    with pytest.raises(InputError, match="frame_id is empty"):
        face_transforms(header, [make_face("f7", head_pose=POSE)])
