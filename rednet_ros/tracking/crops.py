"""The square crop that the network sees, and the way between its pixels and the image's."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from rednet_ros.landmarks import LEFT_OUTER_EYE_CORNER, RIGHT_OUTER_EYE_CORNER
from rednet_ros.tracking.types import Box, FloatArray, ImageArray

CROP_SCALE = 1.4
"""Side of the crop, as a multiple of the longer side of the tight box around the upright landmarks."""


FINEST_STEP_PX = 1.5
"""Where a crop shrinks, the image is sampled this densely or more densely, and then averaged."""


@dataclass(frozen=True)
class CropTransform:
    """A similarity between the image and a square crop of `size_px` pixels.

    `center_px`: (x, y) of the crop's centre in the image; `side_px`: its side in image pixels; `roll_rad`: turn of
    the crop's x axis in the image, clockwise as seen, so that a face rolled by as much stands upright in the crop.
    """

    center_px: tuple[float, float]
    side_px: float
    roll_rad: float
    size_px: int

    @classmethod
    def from_box(cls, box: Box, size_px: int) -> CropTransform:
        """For the tight box around a face's 68 landmarks, taken to be upright."""
        return cls(box.center, CROP_SCALE * max(box.width, box.height, 1.0), 0.0, size_px)

    @classmethod
    def from_landmarks(cls, landmarks_px: FloatArray, size_px: int) -> CropTransform:
        """For 68 x 2 landmarks of the image; the line between the outer eye corners becomes horizontal."""
        eyes = landmarks_px[LEFT_OUTER_EYE_CORNER] - landmarks_px[RIGHT_OUTER_EYE_CORNER]
        roll_rad = math.atan2(eyes[1], eyes[0])
        cosine, sine = math.cos(roll_rad), math.sin(roll_rad)
        upright = Box.around(landmarks_px @ np.array([[cosine, -sine], [sine, cosine]]))
        x, y = upright.center
        side_px = CROP_SCALE * max(upright.width, upright.height, 1.0)
        return cls((cosine * x - sine * y, sine * x + cosine * y), side_px, roll_rad, size_px)

    def matrix(self) -> FloatArray:
        """2 x 3 float32, image pixels to crop pixels (pixel centres at integers in both)."""
        return np.array(self._rows(), np.float32)

    def _rows(self) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
        # In plain numbers: it is asked for several times a face and frame, and NumPy takes longer for so few.
        scale, middle, (x, y) = self.size_px / self.side_px, (self.size_px - 1) / 2, self.center_px
        cosine, sine = scale * math.cos(self.roll_rad), scale * math.sin(self.roll_rad)
        return (cosine, sine, middle - cosine * x - sine * y), (-sine, cosine, middle + sine * x - cosine * y)

    def extract(self, image: ImageArray) -> ImageArray:
        """The crop of `image`, size_px x size_px x 3 uint8; what lies outside the image repeats its border."""
        size = (self.size_px, self.size_px)
        shrink = self.side_px / self.size_px
        if shrink <= 2.0:
            return cv2.warpAffine(image, self.matrix(), size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        # Bilinear sampling skips pixels when it shrinks: warp to a multiple of the size, then average.
        factor = min(math.ceil(shrink / FINEST_STEP_PX), 8)
        large = CropTransform(self.center_px, self.side_px, self.roll_rad, self.size_px * factor)
        warped = cv2.warpAffine(
            image,
            large.matrix(),
            (large.size_px, large.size_px),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return cv2.resize(warped, size, interpolation=cv2.INTER_AREA)

    def to_crop(self, points_px: FloatArray) -> FloatArray:
        """Points (N x 2) of the image in crop pixels."""
        matrix = self.matrix()
        return (points_px @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)

    def to_image(self, points_px: FloatArray) -> FloatArray:
        """Points (N x 2) of the crop in image pixels."""
        matrix = cv2.invertAffineTransform(np.array(self._rows()))
        return (points_px @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
