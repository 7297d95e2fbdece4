"""replay.launch.py from beginning to end, with a stand-in for `ros2 bag play`: the images of a bag are tracked."""

import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest

pytestmark = [pytest.mark.ros_launch, pytest.mark.slow]

WAIT_S = 240.0
STAMPS_S = (100, 101, 102)


@pytest.fixture
def bag(tmp_path):
    """A bag of three small images."""
    rosbag2 = pytest.importorskip("rosbags.rosbag2", reason="rosbags not installed")
    from rosbags.typesys import Stores, get_typestore

    store = get_typestore(Stores.ROS2_JAZZY)
    types = store.types
    kind = "sensor_msgs/msg/Image"
    with rosbag2.Writer(tmp_path / "drive", version=9, storage_plugin=rosbag2.StoragePlugin.MCAP) as writer:
        connection = writer.add_connection("/camera/image_raw", kind, typestore=store)
        for stamp_s in STAMPS_S:
            stamp = types["builtin_interfaces/msg/Time"](sec=stamp_s, nanosec=0)
            header = types["std_msgs/msg/Header"](stamp=stamp, frame_id="head")
            image = types[kind](
                header=header,
                height=48,
                width=64,
                encoding="mono8",
                is_bigendian=0,
                step=64,
                data=np.zeros(48 * 64, np.uint8),
            )
            writer.write(connection, stamp_s * 1_000_000_000, store.serialize_cdr(image, kind))
    return tmp_path / "drive"


@pytest.fixture
def environment(tmp_path):
    """Where `ros2` is the stand-in, and a package ros2bag is installed."""
    index = tmp_path / "prefix" / "share" / "ament_index" / "resource_index" / "packages"
    index.mkdir(parents=True)
    (index / "ros2bag").write_text("")
    (tmp_path / "prefix" / "share" / "ros2bag").mkdir()
    script = tmp_path / "bin" / "ros2"
    script.parent.mkdir()
    player = Path(__file__).parent / "bag_player.py"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{player}" "$@"\n')
    script.chmod(0o755)
    return {
        "PATH": f"{script.parent}{os.pathsep}{os.environ['PATH']}",
        "AMENT_PREFIX_PATH": f"{tmp_path / 'prefix'}{os.pathsep}{os.environ['AMENT_PREFIX_PATH']}",
    }


def test_a_bag_is_tracked_and_everything_ends_after_it(launch_file, observer, weights, bag, environment):
    from rclpy.executors import SingleThreadedExecutor

    from rednet_ros.msg import FaceLandmarks

    messages = []
    observer.create_subscription(FaceLandmarks, "/faces", messages.append, 10)
    executor = SingleThreadedExecutor(context=observer.context)
    executor.add_node(observer)
    arguments = (f"bag:={bag}", f"weights:={weights}", "device:=cpu", "start_after_s:=0.5")
    process = launch_file("replay", *arguments, environment=environment)
    end_s = time.monotonic() + WAIT_S
    while process.poll() is None and time.monotonic() < end_s:
        executor.spin_once(timeout_sec=0.1)
    executor.shutdown()

    text = process.log.read_text()
    assert process.poll() == 0, text
    assert {(message.header.stamp.sec, message.header.frame_id) for message in messages} == {
        (stamp_s, "head") for stamp_s in STAMPS_S
    }
    played = (bag.parent / "arguments.txt").read_text().split("\n")
    assert played[:3] == ["bag", "play", str(bag)]
    assert "/faces:=/recorded/faces" in played
