"""How a camera maps directions to pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from rednet_ros.errors import InputError
from rednet_ros.tracking.types import FloatArray


@dataclass(frozen=True)
class CameraModel:
    """A pinhole camera with lens distortion; pixel centres at integers, as in sensor_msgs/CameraInfo.

    `focal_px`, `center_px`: (x, y) for images of `width_px` x `height_px`. `distortion`: OpenCV's coefficients (4, 5,
    8, 12 or 14 of them, 4 of a fisheye lens), empty for none. `is_fisheye`: they are of the equidistant model.

    Raises InputError for a size or a focal length that is none, and for coefficients of another count.
    """

    width_px: int
    height_px: int
    focal_px: tuple[float, float]
    center_px: tuple[float, float]
    distortion: tuple[float, ...] = ()
    is_fisheye: bool = False

    def __post_init__(self) -> None:
        numbers = (*self.focal_px, *self.center_px, *self.distortion)
        if min(self.width_px, self.height_px) < 1 or min(self.focal_px) <= 0 or not all(map(math.isfinite, numbers)):
            raise InputError(
                f"a camera of {self.width_px} x {self.height_px} pixels with focal length {self.focal_px} and centre "
                f"{self.center_px} is not calibrated"
            )
        if len(self.distortion) not in ((0, 4) if self.is_fisheye else (0, 4, 5, 8, 12, 14)):
            raise InputError(f"{len(self.distortion)} coefficients of distortion fit no lens model")

    @classmethod
    def from_field_of_view(cls, width_px: int, height_px: int, horizontal_deg: float) -> CameraModel:
        """A camera without distortion that sees this angle from the left to the right border, above 0 and below 180."""
        focal_px = width_px / 2 / math.tan(math.radians(horizontal_deg) / 2)
        return cls(width_px, height_px, (focal_px, focal_px), ((width_px - 1) / 2, (height_px - 1) / 2))

    def scaled_to(self, width_px: int, height_px: int) -> CameraModel:
        """The same camera giving smaller or larger images."""
        if (width_px, height_px) == (self.width_px, self.height_px):
            return self
        scale_x, scale_y = width_px / self.width_px, height_px / self.height_px
        return replace(
            self,
            width_px=width_px,
            height_px=height_px,
            focal_px=(self.focal_px[0] * scale_x, self.focal_px[1] * scale_y),
            center_px=((self.center_px[0] + 0.5) * scale_x - 0.5, (self.center_px[1] + 0.5) * scale_y - 0.5),
        )

    def directions(self, points_px: FloatArray) -> NDArray[np.float64]:
        """Where N x 2 pixels look: N x 2 float64, x / z and y / z in the optical frame (x right, y down, z forward)."""
        if not self.distortion:
            return (points_px.astype(np.float64) - self.center_px) / self.focal_px
        matrix = np.array(
            [[self.focal_px[0], 0, self.center_px[0]], [0, self.focal_px[1], self.center_px[1]], [0, 0, 1]]
        )
        undistort = cv2.fisheye.undistortPoints if self.is_fisheye else cv2.undistortPoints
        directions: NDArray[np.float64] = undistort(
            points_px.astype(np.float64)[:, None], matrix, np.array(self.distortion)
        )
        return directions[:, 0]
