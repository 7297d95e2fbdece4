"""Tracked faces as ROS messages."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Pose
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from rednet_ros.msg import Face as FaceMessage
from rednet_ros.msg import FaceLandmarks, Landmark
from rednet_ros.nodes.outputs.poses import pose_message
from rednet_ros.tracking.types import Face, ImageArray


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
        head_pose=pose_message(face.head_pose) if face.head_pose is not None else Pose(),
        identity_known=identity_known,
        identity_similarity=float(face.identity_similarity) if identity_known else 0.0,
    )


def bgr_image(header: Header, image: ImageArray) -> Image:
    """A BGR picture as sensor_msgs/Image of encoding bgr8."""
    height, width = image.shape[:2]
    message = Image(header=header, height=height, width=width, encoding="bgr8", is_bigendian=0, step=width * 3)
    # The generated setter takes an array of bytes as it is, but checks anything else value by value.
    message.data.frombytes(np.ascontiguousarray(image).data)
    return message
