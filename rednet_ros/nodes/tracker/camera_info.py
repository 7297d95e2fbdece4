"""sensor_msgs/CameraInfo as the library's camera model."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sensor_msgs.msg import CameraInfo

from rednet_ros.tracking.camera_model import CameraModel

_FISHEYE = "equidistant"
_COUNTS = {"plumb_bob": (4, 5, 8, 12, 14), "rational_polynomial": (4, 5, 8, 12, 14), _FISHEYE: (4,)}
"""Models of distortion, and how many coefficients they have."""


def info_topic(image_topic: str) -> str:
    """Where a camera that publishes images on `image_topic` publishes its calibration: beside it, by convention."""
    return image_topic.rsplit("/", 1)[0] + "/camera_info"


def is_rectified(image_topic: str) -> bool:
    """Whether images on this topic have the lens's distortion taken out, by the names that image_proc gives them."""
    return image_topic.removesuffix("/compressed").rsplit("/", 1)[-1].startswith("image_rect")


def camera_model(message: CameraInfo, *, rectified: bool = False) -> CameraModel:
    """The calibration in `message`: of the images as they come, or `rectified` (by its projection matrix, no lens).

    Binning and region of interest are reckoned with. Distortion that cannot be understood is left out:
    `distortion_problem` says so. Raises InputError where there is no focal length (drivers send zeros).
    """
    lens = _Lens() if rectified else _lens(message)
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
        lens.distortion,
        is_fisheye=lens.is_fisheye,
    )


def distortion_problem(message: CameraInfo, *, rectified: bool = False) -> str:
    """Why `camera_model` leaves the distortion in `message` out; empty where it does not."""
    return "" if rectified else _lens(message).problem


@dataclass(frozen=True)
class _Lens:
    """What is certain of a lens, and why that is not all of it."""

    distortion: tuple[float, ...] = ()
    is_fisheye: bool = False
    problem: str = ""


def _lens(message: CameraInfo) -> _Lens:
    """The message's lens. Zeros behind its coefficients are nothing: drivers fill arrays of a fixed length."""
    model, given = message.distortion_model, tuple(message.d)
    is_fisheye = model == _FISHEYE
    if not any(given):
        return _Lens(is_fisheye=is_fisheye)
    if model not in _COUNTS:
        return _Lens(problem=f"unknown distortion model {model!r}: known are {', '.join(_COUNTS)}")
    if not all(map(math.isfinite, given)):
        return _Lens((), is_fisheye, "its coefficients are not finite")
    fitting = [count for count in _COUNTS[model] if count <= len(given) and not any(given[count:])]
    if not fitting:
        known = ", ".join(map(str, _COUNTS[model]))
        return _Lens((), is_fisheye, f"{len(given)} coefficients fit no {model} lens: it has {known}")
    return _Lens(given[: fitting[-1]], is_fisheye)
