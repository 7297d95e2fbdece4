"""sensor_msgs/CameraInfo as the library's camera model."""

from __future__ import annotations

from sensor_msgs.msg import CameraInfo

from rednet_ros.errors import InputError
from rednet_ros.tracking.camera_model import CameraModel

_LENSES = ("plumb_bob", "rational_polynomial", "equidistant")
"""Models of distortion; the last one is that of fisheye lenses."""


def info_topic(image_topic: str) -> str:
    """Where a camera that publishes images on `image_topic` publishes its calibration: beside it, by convention."""
    return image_topic.rsplit("/", 1)[0] + "/camera_info"


def camera_model(message: CameraInfo) -> CameraModel:
    """The calibration in `message`. Raises InputError where it holds none (drivers send zeros) or an unknown one."""
    distortion = tuple(message.d) if any(message.d) else ()
    if distortion and message.distortion_model not in _LENSES:
        raise InputError(f"unknown distortion model {message.distortion_model!r}: known are {', '.join(_LENSES)}")
    return CameraModel(
        message.width,
        message.height,
        (float(message.k[0]), float(message.k[4])),
        (float(message.k[2]), float(message.k[5])),
        distortion,
        is_fisheye=message.distortion_model == "equidistant",
    )
