"""The messages agree with the library's constants, and survive the wire."""

import pytest

from rednet_ros.landmarks import LANDMARK_COUNT, REGIONS
from rednet_ros.tracking.types import FaceStatus

pytestmark = pytest.mark.ros


def test_regions_are_those_of_the_library() -> None:
    from rednet_ros.msg import Face

    for name, indices in REGIONS.items():
        assert getattr(Face, f"{name.upper()}_FIRST") == indices.start
        assert getattr(Face, f"{name.upper()}_LAST") == indices.stop - 1
    assert Face.LANDMARK_COUNT == LANDMARK_COUNT


@pytest.mark.parametrize("status", FaceStatus)
def test_states_are_those_of_the_library(status: FaceStatus) -> None:
    from rednet_ros.msg import Face

    assert getattr(Face, f"STATE_{status.name}") == status


def test_a_message_survives_serialisation() -> None:
    from rclpy.serialization import deserialize_message, serialize_message

    from rednet_ros.msg import Face, FaceLandmarks, Landmark

    landmarks = [Landmark(x=float(i), y=-0.5 * i, confidence=i / 128) for i in range(LANDMARK_COUNT)]
    face = Face(id="f1", state=Face.STATE_RECOVERED, confidence=0.5, box_x=-3.0, box_width=67.0, landmarks=landmarks)
    face.head_pose_valid = True
    face.head_pose.position.z = 0.75
    sent = FaceLandmarks(image_width=640, image_height=480, weights="rednet-lite", faces=[face, Face(id="f2")])
    sent.header.frame_id = "camera_optical"
    sent.header.stamp.sec, sent.header.stamp.nanosec = 12, 345

    received = deserialize_message(serialize_message(sent), FaceLandmarks)

    assert received == sent
    assert received.faces[0].landmarks[67].y == -33.5


def test_a_message_reaches_a_subscriber() -> None:
    import rclpy
    from rclpy.executors import SingleThreadedExecutor

    from rednet_ros.msg import Face, FaceLandmarks

    received: list[FaceLandmarks] = []
    context = rclpy.Context()
    rclpy.init(context=context)
    try:
        node = rclpy.create_node("message_test", context=context)
        executor = SingleThreadedExecutor(context=context)
        executor.add_node(node)
        publisher = node.create_publisher(FaceLandmarks, "faces", 1)
        node.create_subscription(FaceLandmarks, "faces", received.append, 1)
        for _ in range(50):
            publisher.publish(FaceLandmarks(faces=[Face(id="f1")]))
            executor.spin_once(timeout_sec=0.1)
            if received:
                break
        node.destroy_node()
    finally:
        rclpy.shutdown(context=context)
    assert [face.id for face in received[0].faces] == ["f1"]
