"""What a frame costs in the node outside the tracker: the image message, its copies, and filling the faces' message."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence

import cv2
import numpy as np
from rclpy.serialization import deserialize_message, serialize_message
from std_msgs.msg import Float32MultiArray, Header

from rednet_ros.evaluation.speed.results import FramePath, MessageRow
from rednet_ros.evaluation.speed.timing import Timing, measure
from rednet_ros.landmarks import LANDMARK_COUNT
from rednet_ros.msg import FaceLandmarks
from rednet_ros.nodes.outputs.messages import bgr_image, face_landmarks
from rednet_ros.nodes.tracker.image_conversion import to_bgr
from rednet_ros.tracking.types import Box, Face, FaceStatus, HeadPose, ImageArray

FACE_COUNTS = (1, 8, 32)


def measure_frame_path(image: ImageArray, seconds: float, counts: Sequence[int] = FACE_COUNTS) -> FramePath:
    """For messages of this image (H x W x 3 uint8 BGR); each figure takes about `seconds`."""
    message = bgr_image(Header(), image)
    other = bgr_image(Header(), np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8))
    other.encoding = "rgb8"
    return FramePath(
        is_view=np.shares_memory(to_bgr(message), np.frombuffer(message.data, np.uint8)),
        view=measure(lambda: to_bgr(message), seconds),
        convert=measure(lambda: to_bgr(other), seconds),
        copy=measure(image.copy, seconds),
        messages=tuple(_message_row(count, image, seconds) for count in counts),
    )


def _message_row(count: int, image: ImageArray, seconds: float) -> MessageRow:
    faces = [_face(number) for number in range(count)]
    header = Header()
    layout = _way(lambda: face_landmarks(header, image.shape, "benchmark", faces), seconds)
    flat = _way(lambda: _flat(faces), seconds)
    return MessageRow(count, *layout, *flat)


def _way(fill: Callable[[], FaceLandmarks | Float32MultiArray], seconds: float) -> tuple[Timing, Timing, Timing]:
    """Of a message: filling it, to bytes, and back."""
    message = fill()
    data = serialize_message(message)
    kind = type(message)
    return (
        measure(fill, seconds),
        measure(lambda: serialize_message(message), seconds),
        measure(lambda: deserialize_message(data, kind), seconds),
    )


def _flat(faces: Sequence[Face]) -> Float32MultiArray:
    """The numbers that a `Landmark` holds, of all faces, in one array."""
    values = np.concatenate([np.column_stack([face.landmarks_px, face.landmark_confidence]) for face in faces])
    return Float32MultiArray(data=array("f", values.astype(np.float32).tobytes()))


def _face(number: int) -> Face:
    points = np.random.default_rng(number).uniform(100, 300, (LANDMARK_COUNT, 2)).astype(np.float32)
    confidence = np.linspace(0, 1, LANDMARK_COUNT, dtype=np.float32)
    pose = HeadPose((0.1, 0.2, 0.3), (0.0, 0.1, 1.0))
    return Face(f"f{number}", FaceStatus.TRACKED, 0.9, Box.around(points), points, confidence, pose)
