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
    from rednet_ros.nodes.outputs.messages import face_landmarks

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
    from rednet_ros.nodes.outputs.messages import face_landmarks

    (face,) = face_landmarks(header, (480, 640, 3), "", [make_face("f1")]).faces
    assert not face.head_pose_valid
    assert not face.identity_known
    assert not math.isnan(face.identity_similarity)


def test_a_picture_survives_the_way_through_a_message(header):
    from rednet_ros.nodes.outputs.messages import bgr_image
    from rednet_ros.nodes.tracker.image_conversion import to_bgr

    picture = np.random.default_rng(1).integers(0, 256, (24, 32, 3), np.uint8)
    message = bgr_image(header, picture[:, ::-1])  # not contiguous
    assert (message.header, message.step) == (header, 96)
    np.testing.assert_array_equal(to_bgr(message), picture[:, ::-1])
