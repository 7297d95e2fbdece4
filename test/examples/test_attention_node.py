"""The example's node on real topics: messages in, what it says of them out."""

import json
import threading

import pytest

pytestmark = pytest.mark.ros


@pytest.fixture
def talk():
    """`talk(messages, **parameters)`: what the node publishes on its topics for messages of faces."""
    import rclpy
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.parameter import Parameter
    from rclpy.qos import DurabilityPolicy, QoSProfile
    from std_msgs.msg import Bool, String

    from rednet_attention.attention_node import AttentionNode
    from rednet_ros.msg import FaceLandmarks

    context = rclpy.Context()
    rclpy.init(context=context)
    executor = SingleThreadedExecutor(context=context)
    client = rclpy.create_node("client", context=context)
    executor.add_node(client)
    nodes = [client]

    def run(messages, **parameters):
        overrides = [Parameter(name, value=value) for name, value in parameters.items()]
        nodes.append(AttentionNode(context=context, parameter_overrides=overrides))
        executor.add_node(nodes[-1])
        said = {"attention": [], "someone_is_looking": [], "looking_faces": []}
        kept = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        for topic, kind, qos in (
            ("attention", String, 10),
            ("someone_is_looking", Bool, kept),
            ("looking_faces", FaceLandmarks, 10),
        ):
            client.create_subscription(kind, topic, said[topic].append, qos)
        publisher = client.create_publisher(FaceLandmarks, "faces", 10)
        ready = threading.Event()
        client.create_timer(0.02, lambda: publisher.get_subscription_count() and ready.set())
        spin_until(ready.is_set)
        for number, message in enumerate(messages, start=1):
            publisher.publish(message)
            spin_until(lambda number=number: min(len(said["attention"]), len(said["looking_faces"])) == number)
        spin_until(lambda: said["someone_is_looking"])
        return said

    def spin_until(condition):
        for _ in range(500):
            if condition():
                return
            executor.spin_once(timeout_sec=0.02)
        raise AssertionError("the node did not answer")

    yield run
    executor.shutdown()
    for node in nodes:
        node.destroy_node()
    context.shutdown()


def message_of(stamp_s, **yaws):
    """A message with one frontal face a keyword, turned by so many radians about the vertical axis."""
    import math

    from rednet_ros.msg import Face, FaceLandmarks, Landmark

    message = FaceLandmarks()
    message.header.stamp.sec = stamp_s
    message.header.frame_id = "camera"
    for name, yaw_rad in yaws.items():
        face = Face(id=name, head_pose_valid=True, landmarks=[Landmark(x=float(i), y=float(i % 7)) for i in range(68)])
        face.head_pose.position.z = 1.0
        orientation = face.head_pose.orientation
        cosine, sine = math.cos(yaw_rad / 2) / 2, math.sin(yaw_rad / 2) / 2
        orientation.x, orientation.y, orientation.z, orientation.w = (
            cosine - sine,
            cosine + sine,
            -cosine - sine,
            cosine - sine,
        )
        message.faces.append(face)
    return message


def test_it_says_who_looks(talk):
    said = talk([message_of(1, f1=0.0, f2=1.2), message_of(2, f2=1.2), message_of(3)])
    people = json.loads(said["attention"][0].data)
    assert people["stamp_s"] == 1
    assert [(person["id"], person["is_looking"]) for person in people["people"]] == [("f1", True), ("f2", False)]
    assert people["people"][0]["eyes_open"] is None  # landmarks of confidence 0
    assert [[face.id for face in message.faces] for message in said["looking_faces"]] == [["f1"], [], []]
    assert said["looking_faces"][0].header.frame_id == "camera"
    assert [message.data for message in said["someone_is_looking"]] == [True, False]


def test_a_wider_angle_is_a_parameter(talk):
    said = talk([message_of(1, f1=0.5)], looking_angle_deg=45.0)
    assert said["someone_is_looking"][0].data is True
    assert json.loads(said["attention"][0].data)["people"][0]["angle_deg"] == pytest.approx(28.6, abs=0.1)


def test_a_target_that_is_no_point_is_refused():
    import rclpy
    from rclpy.parameter import Parameter

    from rednet_attention.attention_node import AttentionNode

    context = rclpy.Context()
    rclpy.init(context=context)
    try:
        with pytest.raises(ValueError, match=r"parameter 'target_m' must be x, y and z in metres"):
            AttentionNode(context=context, parameter_overrides=[Parameter("target_m", value=[1.0, 2.0])])
    finally:
        context.shutdown()
