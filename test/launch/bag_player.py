"""A stand-in for `ros2 bag play`, which is in no wheel: plays a bag's images and its clock. See test_replay_launch.py.

bag_player.py bag play FOLDER --clock 100 --rate 1.0 --remap /faces:=/recorded/faces ...
"""

import sys
import time
from pathlib import Path

import rclpy
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message
from rosbags.highlevel import AnyReader
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image

PERIOD_S = 0.3
"""Between two messages: a busy machine tracks each of them."""


def main(arguments):
    folder, remapped = Path(arguments[2]), dict(entry.split(":=") for entry in arguments if ":=" in entry)
    (folder.parent / "arguments.txt").write_text("\n".join(arguments))
    rclpy.init(args=[])
    node = rclpy.create_node("bag_player")
    clock = node.create_publisher(Clock, "/clock", 10)
    publishers = {}
    with AnyReader([folder]) as bag:
        for connection in bag.connections:
            topic = remapped.get(connection.topic, connection.topic)
            publishers[connection.topic] = node.create_publisher(Image, topic, QoSProfile(depth=10))
        while publishers["/camera/image_raw"].get_subscription_count() == 0:
            time.sleep(0.1)
        time.sleep(1.0)  # discovery works in both directions
        for connection, _, data in bag.messages():
            message = deserialize_message(bytes(data), Image)
            clock.publish(Clock(clock=message.header.stamp))
            publishers[connection.topic].publish(message)
            time.sleep(PERIOD_S)
    rclpy.shutdown()


if __name__ == "__main__":
    main(sys.argv[1:])
