"""Faces as TF frames (REP 155): `face_<id>` in the camera's optical frame, and `gaze_<id>` in that.

Needs tf2_ros (of the ROS package tf2_ros_py), which comes with a ROS installation and not from PyPI; without it there
are no frames.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from geometry_msgs.msg import Quaternion, Transform, TransformStamped, Vector3
from rclpy.node import Node
from rclpy.publisher import Publisher
from std_msgs.msg import Header

from rednet_ros.errors import InputError
from rednet_ros.nodes.outputs.interface import FrameResult
from rednet_ros.nodes.outputs.poses import face_orientation
from rednet_ros.tracking.types import Face, HeadPose

GAZE_IN_FACE = Quaternion(x=-0.5, y=0.5, z=-0.5, w=0.5)
"""The axes of an optical frame that looks out of the face: z out, x to the person's right, y down. Gaze beyond the
turn of the head is not estimated."""


class Broadcaster(Protocol):
    """What is needed of `tf2_ros.TransformBroadcaster`."""

    pub_tf: Publisher

    def sendTransform(self, transform: list[TransformStamped]) -> None:
        """Publish transforms on /tf."""


class TransformOutput:
    """Broadcasts the faces of one camera; an `Output`."""

    def __init__(self, node: Node, broadcaster: Broadcaster) -> None:
        self._node = node
        self._broadcaster = broadcaster

    def is_wanted(self) -> bool:
        """See `Output`."""
        return self._broadcaster.pub_tf.get_subscription_count() > 0

    def has_subscribers(self) -> bool:
        """See `Output`; never: many nodes share /tf, and on a robot it always has subscribers."""
        return False

    def publish(self, result: FrameResult) -> None:
        """See `Output`. Raises InputError where the image's frame has no name."""
        self._broadcaster.sendTransform(face_transforms(result.header, result.faces))

    def pause(self) -> None:
        """See `Output`."""

    def close(self) -> None:
        """See `Output`."""
        self._node.destroy_publisher(self._broadcaster.pub_tf)


def broadcaster_type() -> Callable[[Node], Broadcaster] | None:
    """tf2_ros' broadcaster; None where tf2_ros is not installed, or does not work."""
    try:
        return importlib.import_module("tf2_ros").TransformBroadcaster
    except (ImportError, AttributeError):
        return None


def make_broadcasters(node: Node, cameras: Iterable[str]) -> dict[str, Broadcaster]:
    """A broadcaster on /tf for each of `cameras`; none where there is no `broadcaster_type`."""
    make = broadcaster_type()
    return {} if make is None else {camera: make(node) for camera in cameras}


def face_transforms(header: Header, faces: Sequence[Face]) -> list[TransformStamped]:
    """Two frames for each face that has a pose. Raises InputError where the image's frame has no name."""
    posed = [(face.id, face.head_pose) for face in faces if face.head_pose is not None]
    if posed and not header.frame_id:
        raise InputError("faces have no TF frames: the images' frame_id is empty (set the parameter frame_id)")
    transforms = []
    for face_id, pose in posed:
        face_frame = f"face_{face_id}"
        gaze_header = Header(stamp=header.stamp, frame_id=face_frame)
        transforms += [
            TransformStamped(header=header, child_frame_id=face_frame, transform=_transform(pose)),
            TransformStamped(
                header=gaze_header, child_frame_id=f"gaze_{face_id}", transform=Transform(rotation=GAZE_IN_FACE)
            ),
        ]
    return transforms


def _transform(pose: HeadPose) -> Transform:
    x, y, z = pose.translation_m
    return Transform(translation=Vector3(x=x, y=y, z=z), rotation=face_orientation(*pose.rotation_rad))
