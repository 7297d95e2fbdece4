"""Tracked faces as ROS messages."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point, Pose, Quaternion
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from rednet_ros.msg import Face as FaceMessage
from rednet_ros.msg import FaceLandmarks, Landmark
from rednet_ros.tracking.types import Face, HeadPose, ImageArray


def seconds(stamp: Time) -> float:
    """A stamp as seconds since its clock's zero."""
    return stamp.sec + stamp.nanosec * 1e-9


def face_landmarks(header: Header, image_shape: Sequence[int], weights: str, faces: Sequence[Face]) -> FaceLandmarks:
    """The message for one image of `image_shape` (height, width, ...); `header` is passed on as it is."""
    return FaceLandmarks(
        header=header,
        image_height=image_shape[0],
        image_width=image_shape[1],
        weights=weights,
        faces=[_face(face) for face in faces],
    )


def _face(face: Face) -> FaceMessage:
    values = np.column_stack([face.landmarks_px, face.landmark_confidence]).tolist()
    identity_known = not math.isnan(face.identity_similarity)
    return FaceMessage(
        id=face.id,
        state=int(face.status),
        confidence=float(face.confidence),
        box_x=float(face.box.x),
        box_y=float(face.box.y),
        box_width=float(face.box.width),
        box_height=float(face.box.height),
        landmarks=[Landmark(x=x, y=y, confidence=confidence) for x, y, confidence in values],
        head_pose_valid=face.head_pose is not None,
        head_pose=_pose(face.head_pose) if face.head_pose is not None else Pose(),
        identity_known=identity_known,
        identity_similarity=float(face.identity_similarity) if identity_known else 0.0,
    )


def _pose(head_pose: HeadPose) -> Pose:
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


def bgr_image(header: Header, image: ImageArray) -> Image:
    """A BGR picture as sensor_msgs/Image of encoding bgr8."""
    height, width = image.shape[:2]
    message = Image(header=header, height=height, width=width, encoding="bgr8", is_bigendian=0, step=width * 3)
    # The generated setter takes an array of bytes as it is, but checks anything else value by value.
    message.data.frombytes(np.ascontiguousarray(image).data)
    return message
