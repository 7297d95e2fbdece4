"""The square crop that the network sees, and the way between its pixels and the image's."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from rednet_ros.landmarks import LEFT_OUTER_EYE_CORNER, RIGHT_OUTER_EYE_CORNER
from rednet_ros.tracking.types import Box, FloatArray, ImageArray

CROP_SCALE = 1.4
"""Side of the crop, as a multiple of the longer side of the tight box around the upright landmarks."""


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
        roll_rad = float(np.arctan2(eyes[1], eyes[0]))
        upright = Box.around(landmarks_px @ _rotation(-roll_rad).T)
        center = _rotation(roll_rad) @ np.array(upright.center)
        side_px = CROP_SCALE * max(upright.width, upright.height, 1.0)
        return cls((float(center[0]), float(center[1])), side_px, roll_rad, size_px)

    def matrix(self) -> FloatArray:
        """2 x 3 float32, image pixels to crop pixels (pixel centres at integers in both)."""
        scale = self.size_px / self.side_px
        linear = scale * _rotation(-self.roll_rad)
        middle = (self.size_px - 1) / 2
        offset = middle - linear @ np.array(self.center_px)
        return np.column_stack([linear, offset]).astype(np.float32)

    def extract(self, image: ImageArray) -> ImageArray:
        """The crop of `image`, size_px x size_px x 3 uint8; what lies outside the image repeats its border."""
        size = (self.size_px, self.size_px)
        shrink = self.side_px / self.size_px
        if shrink <= 2.0:
            return cv2.warpAffine(image, self.matrix(), size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        # Bilinear sampling skips pixels when it shrinks: warp to a multiple of the size, then average.
        factor = min(int(np.ceil(shrink)), 8)
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
        matrix = cv2.invertAffineTransform(self.matrix().astype(np.float64))
        return (points_px @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)


def _rotation(angle_rad: float) -> FloatArray:
    cosine, sine = np.cos(angle_rad), np.sin(angle_rad)
    return np.array([[cosine, -sine], [sine, cosine]])
