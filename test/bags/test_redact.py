"""`rednet-redact` on small bags: images are redacted, everything else is copied or named."""

import numpy as np
import pytest

rosbags = pytest.importorskip("rosbags", reason="rosbags not installed: requirements/checks.txt names it")

from rosbags.highlevel import AnyReader  # noqa: E402
from rosbags.rosbag2 import StoragePlugin, Writer  # noqa: E402
from rosbags.typesys import Stores, get_typestore  # noqa: E402

from rednet_ros.nodes import redact as redact_bag  # noqa: E402
from rednet_ros.tracking.types import Box, Detection  # noqa: E402

STORE = get_typestore(Stores.ROS2_JAZZY)
FACE = Box(100, 60, 80, 90)


class OneFace:
    """Sees one face everywhere."""

    def detect(self, image_bgr):
        return [Detection(FACE, 0.25)]


def header(second):
    types = STORE.types
    return types["std_msgs/msg/Header"](types["builtin_interfaces/msg/Time"](second, 0), "camera")


def write(folder, storage, frames):
    import cv2

    types = STORE.types
    image = types["sensor_msgs/msg/Image"]
    kinds = {
        "/rgb": "sensor_msgs/msg/Image",
        "/depth": "sensor_msgs/msg/Image",
        "/rgb/compressed": "sensor_msgs/msg/CompressedImage",
        "/note": "std_msgs/msg/String",
        "/packets": "std_msgs/msg/UInt8MultiArray",
    }
    with Writer(folder, version=9, storage_plugin=storage) as writer:
        topics = {topic: writer.add_connection(topic, kind, typestore=STORE) for topic, kind in kinds.items()}
        for n, frame in enumerate(frames):
            height, width = frame.shape[:2]
            jpeg = cv2.imencode(".jpg", frame)[1].reshape(-1)
            layout = types["std_msgs/msg/MultiArrayLayout"]([], 0)
            messages = {
                "/rgb": image(header(n), height, width, "rgb8", 0, 3 * width, frame[..., ::-1].reshape(-1).copy()),
                "/depth": image(header(n), 2, 2, "32FC1", 0, 8, np.zeros(16, np.uint8)),
                "/rgb/compressed": types["sensor_msgs/msg/CompressedImage"](header(n), "jpeg", jpeg),
                "/note": types["std_msgs/msg/String"](f"note {n}"),
                "/packets": types["std_msgs/msg/UInt8MultiArray"](layout, np.zeros(3, np.uint8)),
            }
            for topic, message in messages.items():
                writer.write(topics[topic], n * 40_000_000, STORE.serialize_cdr(message, kinds[topic]))


def read(folder):
    with AnyReader([folder]) as reader:
        found = {}
        for connection, time_ns, data in reader.messages():
            found.setdefault(connection.topic, []).append((time_ns, reader.deserialize(data, connection.msgtype)))
        return found


@pytest.mark.parametrize("storage", [StoragePlugin.SQLITE3, StoragePlugin.MCAP], ids=["sqlite3", "mcap"])
def test_images_are_redacted_and_the_rest_is_copied_or_named(tmp_path, storage, monkeypatch, caplog):
    import cv2

    monkeypatch.setattr(redact_bag, "redaction_detector", lambda detector_px: OneFace())
    frames = [np.random.default_rng(n).integers(0, 255, (240, 320, 3)).astype(np.uint8) for n in range(15)]
    write(tmp_path / "bag", storage, frames)
    before = {path.name: path.read_bytes() for path in (tmp_path / "bag").iterdir()}
    arguments = [str(tmp_path / "bag"), "--output", str(tmp_path / "copy"), "--style", "landmarks"]
    assert redact_bag.main(arguments) == 0
    found = read(tmp_path / "copy")
    assert {topic: len(messages) for topic, messages in found.items()} == {
        "/rgb": 15,
        "/rgb/compressed": 15,
        "/note": 15,
    }
    assert [message.data for _, message in found["/note"]] == [f"note {n}" for n in range(15)]
    for n, (time_ns, message) in enumerate(found["/rgb"]):
        assert (time_ns, message.header.stamp.sec, message.encoding) == (n * 40_000_000, n, "bgr8")
        shown = message.data.reshape(240, 320, 3)
        assert float(shown[60:150, 100:180].std()) == 0
        assert (shown[:, 270:] == frames[n][:, 270:]).all()
    decoded = cv2.imdecode(found["/rgb/compressed"][3][1].data, cv2.IMREAD_COLOR)
    assert float(decoded[70:140, 110:170].std()) < 3
    assert "/depth: 15 messages left out: images that cannot be read" in caplog.text
    assert "/packets: 15 messages left out: std_msgs/msg/UInt8MultiArray may hold pictures" in caplog.text
    assert {path.name: path.read_bytes() for path in (tmp_path / "bag").iterdir()} == before

    arguments[2] = str(tmp_path / "kept")
    assert redact_bag.main([*arguments, "--keep", "/packets"]) == 0
    assert len(read(tmp_path / "kept")["/packets"]) == 15


def test_what_cannot_be_used_is_one_line(tmp_path, caplog):
    assert redact_bag.main([str(tmp_path), "--output", str(tmp_path / "copy")]) == 2
    assert "no ROS 2 bag" in caplog.text
    write(tmp_path / "bag", StoragePlugin.MCAP, [])
    assert redact_bag.main([str(tmp_path / "bag"), "--output", str(tmp_path)]) == 2
    assert "exists already" in caplog.text
    assert not list(tmp_path.glob(".*.part"))
