"""The ROS node around `attention`: `faces` in, `attention` and `someone_is_looking` out.

Subscribes `faces` (rednet_ros/FaceLandmarks). Publishes `attention` (std_msgs/String, JSON, one for every message of
faces), `someone_is_looking` (std_msgs/Bool, when it changes, kept for late subscribers) and `looking_faces`
(rednet_ros/FaceLandmarks: those of the faces that look at the robot with open eyes).
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence

import numpy as np
import rclpy
from rcl_interfaces.msg import FloatingPointRange, ParameterDescriptor
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import Bool, String

from rednet_attention.attention import AttentionSettings, AttentionTracker, Person, SeenFace
from rednet_ros.msg import Face, FaceLandmarks


class AttentionNode(Node):
    """Says who looks at the robot. Parameters are read once, at the start."""

    def __init__(self, **node_options: object) -> None:
        super().__init__("attention", **node_options)
        looking_deg = self.declare_parameter("looking_angle_deg", 20.0, _angle()).value
        target_m = self.declare_parameter(
            "target_m", [0.0, 0.0, 0.0], ParameterDescriptor(description="What is looked at, in the optical frame.")
        ).value
        if len(target_m) != 3:
            raise ValueError(f"parameter 'target_m' must be x, y and z in metres, not {list(target_m)}")
        settings = AttentionSettings(
            looking_rad=math.radians(looking_deg), away_rad=math.radians(looking_deg + 5), target_m=tuple(target_m)
        )
        self._attention = AttentionTracker(settings)
        self._was_looking: bool | None = None
        kept = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._people = self.create_publisher(String, "attention", 10)
        self._anyone = self.create_publisher(Bool, "someone_is_looking", kept)
        self._faces = self.create_publisher(FaceLandmarks, "looking_faces", 10)
        self.create_subscription(FaceLandmarks, "faces", self._faces_received, 10)

    def _faces_received(self, message: FaceLandmarks) -> None:
        stamp_s = message.header.stamp.sec + message.header.stamp.nanosec * 1e-9
        people = self._attention.update([seen_face(face) for face in message.faces], stamp_s)
        self._people.publish(String(data=as_json(people, stamp_s)))
        attentive = {person.id for person in people if person.is_looking and person.eyes_open is not False}
        message.faces = [face for face in message.faces if face.id in attentive]
        self._faces.publish(message)
        if self._was_looking != bool(attentive):
            self._was_looking = bool(attentive)
            self._anyone.publish(Bool(data=self._was_looking))
            who = " and ".join(sorted(attentive))
            self.get_logger().info(f"{who} looks at the robot" if attentive else "nobody looks at the robot")


def seen_face(face: Face) -> SeenFace:
    """One face of the message."""
    values = np.array([(point.x, point.y, point.confidence) for point in face.landmarks]).reshape(-1, 3)
    position, orientation = face.head_pose.position, face.head_pose.orientation
    is_valid = face.head_pose_valid
    return SeenFace(
        id=face.id,
        points_px=values[:, :2],
        point_confidence=values[:, 2],
        position_m=(position.x, position.y, position.z) if is_valid else None,
        orientation=(orientation.x, orientation.y, orientation.z, orientation.w) if is_valid else None,
    )


def as_json(people: Sequence[Person], stamp_s: float) -> str:
    """`{"stamp_s": ..., "people": [{"id", "is_looking", "eyes_open", "mouth_moving", "angle_deg"}]}`, null: unknown."""
    entries = [
        {
            "id": person.id,
            "is_looking": person.is_looking,
            "eyes_open": person.eyes_open,
            "mouth_moving": person.mouth_moving,
            "angle_deg": None if person.angle_rad is None else round(math.degrees(person.angle_rad), 1),
        }
        for person in people
    ]
    return json.dumps({"stamp_s": round(stamp_s, 6), "people": entries})


def _angle() -> ParameterDescriptor:
    return ParameterDescriptor(
        description="A face looks at the robot when it points at most so far away from it.",
        floating_point_range=[FloatingPointRange(from_value=1.0, to_value=90.0)],
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of `attention_node`."""
    rclpy.init(args=arguments)
    try:
        rclpy.spin(AttentionNode())
    except (KeyboardInterrupt, ExternalShutdownException):
        pass  # its ordinary end
    finally:
        rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
