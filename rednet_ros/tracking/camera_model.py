"""How a camera maps directions to pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from rednet_ros.errors import InputError
from rednet_ros.tracking.types import FloatArray

Numbers = NDArray[np.float64]

_NO_TURN = np.zeros(3)
_PATIENCE = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 50, 1e-4)
"""OpenCV's five steps of undistorting are some pixels off at the border of a wide lens's picture."""
_MAX_MISS_PX = 0.3


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

    @classmethod
    def known_or_assumed(
        cls, calibration: CameraModel | None, width_px: int, height_px: int, assumed_fov_deg: float
    ) -> CameraModel | None:
        """For images of this size: `calibration` scaled to it, else one of this horizontal angle; None if that is 0."""
        if calibration is not None:
            return calibration.scaled_to(width_px, height_px)
        return cls.from_field_of_view(width_px, height_px, assumed_fov_deg) if assumed_fov_deg else None

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

    def rays(self, points_px: FloatArray) -> Numbers:
        """Where N x 2 pixels (finite) look: N x 3 float64, unit vectors in the optical frame (z forward, y down).

        NaN for a pixel to which the lens model leads no ray: beyond the rim of the calibrated picture the polynomial
        turns back. A fisheye lens may look sideways and backwards: z is 0 and less there.
        """
        flat: Numbers = (points_px.astype(np.float64) - self.center_px) / self.focal_px
        if self.is_fisheye:
            return self._fisheye_rays(flat)
        if self.distortion:
            flat = self._undistorted(points_px.astype(np.float64))
        ahead = np.ones((len(flat), 3))
        ahead[:, :2] = flat
        return ahead / np.sqrt(np.einsum("ij,ij->i", ahead, ahead))[:, None]

    def project(self, points_m: Numbers) -> Numbers:
        """Pixels (N x 2 float64) of N x 3 points in the optical frame; NaN for what is behind the lens."""
        if self.is_fisheye:
            across = np.linalg.norm(points_m[:, :2], axis=1)
            bent = _fisheye(np.arctan2(across, points_m[:, 2]), self.distortion)
            flat = points_m[:, :2] * (bent / np.maximum(across, 1e-12))[:, None]
            return flat * self.focal_px + self.center_px
        ahead = np.where(points_m[:, 2:] > 0, points_m, np.nan)
        lens = np.array(self.distortion) if self.distortion else None
        pixels: Numbers = cv2.projectPoints(ahead, _NO_TURN, _NO_TURN, self._matrix(), lens)[0][:, 0]
        return pixels

    def _undistorted(self, points_px: Numbers) -> Numbers:
        """x / z and y / z of N x 2 pixels; NaN where putting the distortion back does not lead to the pixel again."""
        lens = np.array(self.distortion)
        flat: Numbers = cv2.undistortPointsIter(points_px[:, None], self._matrix(), lens, None, None, _PATIENCE)[:, 0]
        again = self.project(np.column_stack([flat, np.ones(len(flat))]))
        return np.where(np.abs(again - points_px).max(axis=1, keepdims=True) < _MAX_MISS_PX, flat, np.nan)

    def _fisheye_rays(self, flat: Numbers) -> Numbers:
        """Rays of N x 2 places on the picture, in focal lengths from its centre."""
        angles = np.linspace(0.0, math.pi, 721)
        bent = _fisheye(angles, self.distortion)
        turns_back = np.flatnonzero(np.diff(bent) <= 0)
        until = turns_back[0] + 1 if len(turns_back) else len(bent)
        across = np.linalg.norm(flat, axis=1)
        angle = np.interp(across, bent[:until], angles[:until], right=np.nan)
        side = flat * (np.sin(angle) / np.maximum(across, 1e-12))[:, None]
        return np.column_stack([side, np.cos(angle)])

    def _matrix(self) -> Numbers:
        return np.array([[self.focal_px[0], 0, self.center_px[0]], [0, self.focal_px[1], self.center_px[1]], [0, 0, 1]])


def _fisheye(angle_rad: Numbers, distortion: tuple[float, ...]) -> Numbers:
    """Distance from the picture's centre, in focal lengths, of what is seen so far off the axis."""
    if not distortion:
        return angle_rad
    square = angle_rad**2
    k1, k2, k3, k4 = distortion
    return angle_rad * (1 + square * (k1 + square * (k2 + square * (k3 + square * k4))))
