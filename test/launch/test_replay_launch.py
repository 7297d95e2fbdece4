"""replay.launch.py from beginning to end, with a stand-in for `ros2 bag play`: the images of a bag are tracked."""

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
def environment(stand_in):
    """Where `ros2` is the stand-in, and a package ros2bag is installed."""
    player = Path(__file__).parent / "bag_player.py"
    return stand_in("ros2bag", "ros2", f'#!/bin/sh\nexec "{sys.executable}" "{player}" "$@"\n')


@pytest.fixture
def arguments(bag, weights):
    """Of every launch here."""
    return f"bag:={bag}", f"weights:={weights}", "device:=cpu", "backend:=torch"


def test_a_bag_is_tracked_and_everything_ends_after_it(launch_file, observer, arguments, bag, environment):
    from rclpy.executors import SingleThreadedExecutor

    from rednet_ros.msg import FaceLandmarks

    messages = []
    observer.create_subscription(FaceLandmarks, "/faces", messages.append, 10)
    executor = SingleThreadedExecutor(context=observer.context)
    executor.add_node(observer)
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
    assert "no image on" not in text


def test_the_bag_waits_for_the_tracker_however_long_that_takes(
    launch_file, observer, wait_for, arguments, bag, environment
):
    from lifecycle_msgs.msg import Transition
    from lifecycle_msgs.srv import ChangeState

    def change_state(transition):
        answer = client.call_async(ChangeState.Request(transition=Transition(id=transition)))
        wait_for(process, answer.done, observer)
        assert answer.result().success

    def is_played():
        return (bag.parent / "arguments.txt").exists()

    process = launch_file("replay", *arguments, "autostart:=false", environment=environment)
    client = observer.create_client(ChangeState, "/rednet_tracker/change_state")
    wait_for(process, client.service_is_ready, observer)
    change_state(Transition.TRANSITION_CONFIGURE)
    time.sleep(2.0)
    assert not is_played()
    change_state(Transition.TRANSITION_ACTIVATE)
    wait_for(process, is_played, observer)


def test_a_tracker_that_does_not_become_active_is_named(launch_file, arguments, bag, environment):
    process = launch_file("replay", *arguments, "autostart:=false", "start_timeout_s:=3", environment=environment)
    assert process.wait(WAIT_S) != 0
    assert "/rednet_tracker is not active after 3 s: the bag is not played" in process.log.read_text()
    assert not (bag.parent / "arguments.txt").exists()


def test_a_tracker_that_does_not_start_ends_the_replay(launch_file, arguments, bag, environment, tmp_path):
    (tmp_path / "typo.yaml").write_text("/**:\n  ros__parameters:\n    max_face: 2\n")
    process = launch_file("replay", *arguments, f"params_file:={tmp_path}/typo.yaml", environment=environment)
    process.wait(120)  # not as long as start_timeout_s
    assert "there is no parameter 'max_face'" in process.log.read_text()
    assert not (bag.parent / "arguments.txt").exists()
