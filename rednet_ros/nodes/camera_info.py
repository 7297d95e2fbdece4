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


def is_rectified(image_topic: str) -> bool:
    """Whether images on this topic have the lens's distortion taken out, by the names that image_proc gives them."""
    return image_topic.removesuffix("/compressed").rsplit("/", 1)[-1].startswith("image_rect")


def camera_model(message: CameraInfo, *, rectified: bool = False) -> CameraModel:
    """The calibration in `message`: of the images as they come, or `rectified` (by its projection matrix, no lens).

    Binning and region of interest are reckoned with. Raises InputError where it holds none (drivers send zeros) or an
    unknown one.
    """
    distortion = tuple(message.d) if any(message.d) and not rectified else ()
    if distortion and message.distortion_model not in _LENSES:
        raise InputError(f"unknown distortion model {message.distortion_model!r}: known are {', '.join(_LENSES)}")
    if rectified and any(message.p):
        focal_px, center_px = (message.p[0], message.p[5]), (message.p[2], message.p[6])
    else:
        focal_px, center_px = (message.k[0], message.k[4]), (message.k[2], message.k[5])
    window = message.roi
    binning_x, binning_y = max(1, message.binning_x), max(1, message.binning_y)
    return CameraModel(
        (window.width or message.width) // binning_x,
        (window.height or message.height) // binning_y,
        (float(focal_px[0]) / binning_x, float(focal_px[1]) / binning_y),
        (
            (float(center_px[0]) - window.x_offset + 0.5) / binning_x - 0.5,
            (float(center_px[1]) - window.y_offset + 0.5) / binning_y - 0.5,
        ),
        distortion,
        is_fisheye=message.distortion_model == "equidistant" and not rectified,
    )
