"""Head poses as messages. Axes of a face are those of REP 155: x out of the face, y to its left, z up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from geometry_msgs.msg import Point, Pose, PoseArray, Quaternion
from std_msgs.msg import Header

from rednet_ros.tracking.types import Face, HeadPose


def pose_array(header: Header, faces: Sequence[Face]) -> PoseArray:
    """The poses of the faces that have one, in the order of `faces`."""
    return PoseArray(
        header=header, poses=[pose_message(face.head_pose) for face in faces if face.head_pose is not None]
    )


def pose_message(head_pose: HeadPose) -> Pose:
    """The pose of a face in the camera's optical frame."""
    x, y, z = head_pose.translation_m
    return Pose(position=Point(x=x, y=y, z=z), orientation=face_orientation(*head_pose.rotation_rad))


def face_orientation(roll_rad: float, pitch_rad: float, yaw_rad: float) -> Quaternion:
    """Of a face's axes (REP-155: x out of the face, z up) in the optical frame; the angles are those of HeadPose."""
    q = quaternion(roll_rad, pitch_rad, yaw_rad)
    # Multiplied from the left by (0.5, 0.5, -0.5; 0.5), the orientation of a face that looks straight at the camera.
    return Quaternion(
        x=(q.w + q.x + q.z + q.y) / 2,
        y=(q.w + q.y - q.x - q.z) / 2,
        z=(-q.w + q.z + q.y - q.x) / 2,
        w=(q.w - q.x - q.y + q.z) / 2,
    )


def quaternion(roll_rad: float, pitch_rad: float, yaw_rad: float) -> Quaternion:
    """The rotation about the fixed axes x by roll, then y by pitch, then z by yaw (REP-103)."""
    half = np.array([roll_rad, pitch_rad, yaw_rad]) / 2
    (cos_r, cos_p, cos_y), (sin_r, sin_p, sin_y) = np.cos(half).tolist(), np.sin(half).tolist()
    return Quaternion(
        x=sin_r * cos_p * cos_y - cos_r * sin_p * sin_y,
        y=cos_r * sin_p * cos_y + sin_r * cos_p * sin_y,
        z=cos_r * cos_p * sin_y - sin_r * sin_p * cos_y,
        w=cos_r * cos_p * cos_y + sin_r * sin_p * sin_y,
    )
