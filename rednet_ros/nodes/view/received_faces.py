"""rednet_ros/FaceLandmarks as the library's faces."""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import Pose

from rednet_ros.msg import Face as FaceMessage
from rednet_ros.msg import FaceLandmarks
from rednet_ros.tracking.head_pose import pose_of_axes
from rednet_ros.tracking.types import Box, Face, FaceStatus, HeadPose


def received_faces(message: FaceLandmarks) -> list[Face]:
    """The faces in `message`, without their identity vectors, which stay with the tracker."""
    return [_face(entry) for entry in message.faces]


def _face(message: FaceMessage) -> Face:
    values = np.array([(point.x, point.y, point.confidence) for point in message.landmarks], np.float32)
    return Face(
        message.id,
        FaceStatus(message.state),
        message.confidence,
        Box(message.box_x, message.box_y, message.box_width, message.box_height),
        values[:, :2],
        values[:, 2],
        head_pose=_head_pose(message.head_pose) if message.head_pose_valid else None,
        identity_similarity=message.identity_similarity if message.identity_known else float("nan"),
    )


def _head_pose(pose: Pose) -> HeadPose:
    """Of a unit quaternion."""
    q = pose.orientation
    x, y, z, w = q.x, q.y, q.z, q.w
    axes = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    return pose_of_axes(axes, (pose.position.x, pose.position.y, pose.position.z))
