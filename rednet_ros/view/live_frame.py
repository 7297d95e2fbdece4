"""What the view is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rednet_ros.tracking.camera_model import CameraModel
from rednet_ros.tracking.types import Face, ImageArray


@dataclass(frozen=True)
class LiveFrame:
    """One tracked image.

    `image_bgr`: H x W x 3 uint8, not changed by anyone from now on. `time_s`: its stamp, on any clock that only grows.
    `latency_s`: from the image's arrival until its faces were known. `camera`: of images of this size; None where
    neither a calibration nor a field of view is known: then no head has a place in space.
    """

    image_bgr: ImageArray
    faces: Sequence[Face]
    time_s: float
    latency_s: float
    camera: CameraModel | None = None
