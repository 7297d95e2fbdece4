"""Recorded faces: written and read with `rosbags`, which shares no code with ROS 2 or with this package."""

import json

import numpy as np
import pytest

rosbags = pytest.importorskip("rosbags", reason="rosbags not installed: requirements/checks.txt names it")

from rosbags.highlevel import AnyReader  # noqa: E402
from rosbags.rosbag2 import StoragePlugin, Writer  # noqa: E402
from rosbags.typesys import Stores, get_types_from_msg, get_typestore  # noqa: E402

STORAGES = (StoragePlugin.SQLITE3, StoragePlugin.MCAP)
KIND = "rednet_ros/msg/FaceLandmarks"


@pytest.fixture
def typestore(repository):
    """ROS 2 Jazzy's types, and those in msg/."""
    store = get_typestore(Stores.ROS2_JAZZY)
    for file in sorted((repository / "msg").glob("*.msg")):
        store.register(get_types_from_msg(file.read_text(), f"rednet_ros/msg/{file.stem}"))
    return store


def faces_message(types, stamp_s, count):
    """A message of `count` faces, made of `rosbags`' classes."""
    point = types["rednet_ros/msg/Landmark"]
    position, orientation = types["geometry_msgs/msg/Point"], types["geometry_msgs/msg/Quaternion"]
    faces = [
        types["rednet_ros/msg/Face"](
            id=f"f{number}",
            state=1,
            confidence=0.75,
            box_x=-3.5,
            box_y=2.0,
            box_width=67.0,
            box_height=80.0,
            landmarks=[point(x=float(i), y=-0.5 * i, confidence=i / 128) for i in range(68)],
            head_pose_valid=True,
            head_pose=types["geometry_msgs/msg/Pose"](position(0.1, -0.2, 1.5), orientation(0.5, 0.5, -0.5, 0.5)),
            identity_known=False,
            identity_similarity=0.0,
        )
        for number in range(1, count + 1)
    ]
    stamp = types["builtin_interfaces/msg/Time"](sec=stamp_s, nanosec=125)
    header = types["std_msgs/msg/Header"](stamp=stamp, frame_id="camera_optical")
    return types[KIND](header=header, image_width=640, image_height=480, weights="rednet-lite", faces=faces)


def write_bag(folder, storage, typestore, messages):
    """A bag of serialised `messages`, one a second on /faces."""
    with Writer(folder, version=9, storage_plugin=storage) as writer:
        connection = writer.add_connection("/faces", KIND, typestore=typestore)
        for second, data in enumerate(messages, start=1):
            writer.write(connection, second * 1_000_000_000, data)


def read_bag(folder):
    """(time in ns, message) of each message on /faces, by the types that the bag itself carries where it does."""
    with AnyReader([folder]) as reader:
        connections = [connection for connection in reader.connections if connection.topic == "/faces"]
        return [(stamp, reader.deserialize(data, kind.msgtype)) for kind, stamp, data in reader.messages(connections)]


def as_json(message):
    """Every value of a message of `rosbags`, for comparisons: numbers at the precision of their fields."""

    def plain(value):
        if isinstance(value, np.ndarray):
            return value.tolist()
        return {name: getattr(value, name) for name in value.__dataclass_fields__ if not name.isupper()}

    return json.dumps(message, default=plain)


@pytest.mark.parametrize("storage", STORAGES, ids=lambda storage: storage.name.lower())
def test_a_bag_gives_back_what_was_written(tmp_path, typestore, storage):
    sent = [faces_message(typestore.types, second, count) for second, count in ((1, 1), (2, 0), (3, 12))]
    write_bag(tmp_path / "bag", storage, typestore, [typestore.serialize_cdr(message, KIND) for message in sent])
    received = read_bag(tmp_path / "bag")
    assert [stamp for stamp, _ in received] == [1_000_000_000, 2_000_000_000, 3_000_000_000]
    assert [as_json(message) for _, message in received] == [as_json(message) for message in sent]


@pytest.mark.ros
@pytest.mark.parametrize("storage", STORAGES, ids=lambda storage: storage.name.lower())
def test_what_ros_serialises_is_read_from_a_bag(tmp_path, typestore, storage):
    from rclpy.serialization import serialize_message

    from rednet_ros.msg import Face, FaceLandmarks, Landmark

    face = Face(id="f1", state=Face.STATE_RECOVERED, confidence=0.5, box_x=-3.0, head_pose_valid=True)
    face.landmarks = [Landmark(x=float(i), y=-0.5 * i, confidence=i / 128) for i in range(68)]
    face.head_pose.position.z = 0.75
    message = FaceLandmarks(image_width=640, image_height=480, weights="rednet-lite", faces=[face, Face(id="f2")])
    message.header.frame_id = "camera_optical"
    message.header.stamp.sec = 12
    write_bag(tmp_path / "bag", storage, typestore, [serialize_message(message)])

    ((_, received),) = read_bag(tmp_path / "bag")
    assert (received.header.frame_id, received.header.stamp.sec) == ("camera_optical", 12)
    assert (received.image_width, received.image_height, received.weights) == (640, 480, "rednet-lite")
    first, second = received.faces
    assert (first.id, first.state, first.confidence, first.box_x) == ("f1", Face.STATE_RECOVERED, 0.5, -3.0)
    assert [(point.x, point.y, point.confidence) for point in first.landmarks] == [
        (i, -0.5 * i, i / 128) for i in range(68)
    ]
    assert (first.head_pose_valid, first.head_pose.position.z) == (True, 0.75)
    assert (second.id, second.landmarks, second.head_pose_valid) == ("f2", [], False)


@pytest.mark.ros
def test_what_a_bag_holds_is_published_again(tmp_path, typestore):
    """Replay: the bag's bytes become ROS messages, and reach a subscriber."""
    import rclpy
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.serialization import deserialize_message

    from rednet_ros.msg import FaceLandmarks

    sent = [faces_message(typestore.types, second, count) for second, count in ((1, 2), (2, 0), (3, 1))]
    write_bag(tmp_path / "bag", StoragePlugin.MCAP, typestore, [typestore.serialize_cdr(one, KIND) for one in sent])
    received = []
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node("replay", context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    publisher = node.create_publisher(FaceLandmarks, "faces", 10)
    node.create_subscription(FaceLandmarks, "faces", received.append, 10)
    try:
        with AnyReader([tmp_path / "bag"]) as reader:
            for _, _, data in reader.messages():
                publisher.publish(deserialize_message(bytes(data), FaceLandmarks))
        for _ in range(100):
            if len(received) == len(sent):
                break
            executor.spin_once(timeout_sec=0.1)
    finally:
        executor.shutdown()
        node.destroy_node()
        context.shutdown()
    assert [[face.id for face in message.faces] for message in received] == [["f1", "f2"], [], ["f1"]]
    assert received[0].faces[0].landmarks[67].y == -33.5
    assert received[2].header.stamp.sec == 3
