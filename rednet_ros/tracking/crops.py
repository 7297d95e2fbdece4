"""The square crop that the network sees, and the way between its pixels and the image's."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from rednet_ros.landmarks import FLIP_ORDER, LEFT_OUTER_EYE_CORNER, RIGHT_OUTER_EYE_CORNER
from rednet_ros.tracking.types import Box, FloatArray, ImageArray

CROP_SCALE = 1.4
"""Side of the crop, as a multiple of the longer side of the tight box around the upright landmarks."""

_FLIPPED = list(FLIP_ORDER)

MAX_STEP_PX = 2.0
"""Between two samples of the image; bilinear ones farther apart would skip pixels."""


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

    def seen_from(self, before: CropTransform) -> FloatArray:
        """2 x 3 float32, places in this crop -> places in the one `before` it; both in half sides from the middle, x to
        the right and y downwards, so that it holds for maps of any size."""
        factor, turn_rad = self.side_px / before.side_px, self.roll_rad - before.roll_rad
        x, y = (
            (after - first) * 2 / before.side_px for after, first in zip(self.center_px, before.center_px, strict=True)
        )
        cosine, sine = math.cos(before.roll_rad), math.sin(before.roll_rad)
        across, along = factor * math.cos(turn_rad), factor * math.sin(turn_rad)
        rows = (across, -along, cosine * x + sine * y), (along, across, cosine * y - sine * x)
        return np.array(rows, np.float32)

    def extract(self, image: ImageArray) -> ImageArray:
        """The crop of `image`, size_px x size_px x 3 uint8; what lies outside the image repeats its border."""
        if self.side_px > MAX_STEP_PX * self.size_px:
            return self._extract_from_halved(image)
        size = (self.size_px, self.size_px)
        return cv2.warpAffine(image, self.matrix(), size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    def _extract_from_halved(self, image: ImageArray) -> ImageArray:
        """Averaging two by two pixels of what the crop covers costs a tenth of sampling all of them one by one."""
        reach_px = self.side_px * (abs(math.cos(self.roll_rad)) + abs(math.sin(self.roll_rad))) / 2
        (x, y), (height_px, width_px) = self.center_px, image.shape[:2]
        left, right = _even_stretch(x - reach_px, x + reach_px, width_px)
        top, bottom = _even_stretch(y - reach_px, y + reach_px, height_px)
        size = (right - left) // 2, (bottom - top) // 2
        halved = cv2.resize(image[top:bottom, left:right], size, interpolation=cv2.INTER_AREA)
        center_px = (x - left - 0.5) / 2, (y - top - 0.5) / 2
        return CropTransform(center_px, self.side_px / 2, self.roll_rad, self.size_px).extract(halved)

    def to_crop(self, points_px: FloatArray) -> FloatArray:
        """Points (N x 2) of the image in crop pixels."""
        matrix = self.matrix()
        return (points_px @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)

    def to_image(self, points_px: FloatArray) -> FloatArray:
        """Points (N x 2) of the crop in image pixels."""
        matrix = cv2.invertAffineTransform(np.array(self._rows()))
        return (points_px @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)


def mirrored(points_px: FloatArray, size_px: int) -> FloatArray:
    """68 x 2 landmarks of a crop of `size_px` pixels in its mirror image, in their new order."""
    return np.asarray((points_px * (-1, 1) + (size_px - 1, 0))[_FLIPPED], np.float32)


def _even_stretch(first: float, last: float, length: int) -> tuple[int, int]:
    """From and to: an even number of pixels, two at least, of `length` that hold what there is from `first` to `last`.

    Of an odd length the last pixel may be missing.
    """
    start = min(max(0, math.floor(first)), max(0, length - 2))
    count = min(max(2, math.ceil(last) + 1 - start), length - start)
    return start, start + max(2, count // 2 * 2)
