"""A world that costs next to nothing to see: blue squares for faces, and a network and a detector that find them.

Green and red are free to give each face and each room a look of its own.

For soaks and fault injection, where the way of a frame through the package is on trial and not the network.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rednet_ros.inference.types import Estimate, FaceState
from rednet_ros.network.config import REDNetConfig
from rednet_ros.tracking.mean_shape import MEAN_SHAPE
from rednet_ros.tracking.types import Box, Detection, FloatArray, ImageArray

BLUE = 128
"""Blue of a pixel from which on it is part of a face."""

_LOW, _SIZE = MEAN_SHAPE.min(axis=0), float((MEAN_SHAPE.max(axis=0) - MEAN_SHAPE.min(axis=0)).max())
_MIN_AREA_PX = 30


@dataclass(frozen=True)
class Square:
    """A face: its middle and side in pixels; `pattern` gives it, and only it, its own look."""

    x: float
    y: float
    side: float
    pattern: int = 0

    def landmarks(self) -> FloatArray:
        """68 x 2 float32: a mean face that fills the square."""
        corner = np.array([self.x - self.side / 2, self.y - self.side / 2])
        return ((MEAN_SHAPE - _LOW) / _SIZE * self.side + corner).astype(np.float32)


def paint(squares: Sequence[Square], width: int = 96, height: int = 72, room: int = 0) -> ImageArray:
    """An image of these faces, the last one in front, in a room; `room`: which of many."""
    image = cv2.resize(_pattern(room), (width, height), interpolation=cv2.INTER_NEAREST)
    for square in squares:
        side = max(2, round(square.side))
        left, top = round(square.x - side / 2), round(square.y - side / 2)
        face = cv2.resize(_pattern(1000 + square.pattern), (side, side), interpolation=cv2.INTER_NEAREST)
        face[..., 0] = 255
        right, bottom = min(left + side, width), min(top + side, height)
        if right > max(left, 0) and bottom > max(top, 0):
            part = face[max(-top, 0) : bottom - top, max(-left, 0) : right - left]
            image[max(top, 0) : bottom, max(left, 0) : right] = part
    return np.asarray(image, np.uint8)


@functools.cache
def _pattern(number: int) -> ImageArray:
    """8 x 8 cells of green and red, without blue: the same for the same number."""
    cells = np.random.default_rng(number).integers(0, 256, (8, 8, 3), np.uint8)
    cells[..., 0] = 0
    return cells


def squares_in(image: ImageArray) -> list[Square]:
    """The blue squares of an image; those that touch are one."""
    mask = (image[..., 0] >= BLUE).astype(np.uint8)
    count, _, figures, centers = cv2.connectedComponentsWithStats(mask)
    return [
        Square(float(centers[index][0]), float(centers[index][1]), float(max(figures[index][2:4])))
        for index in range(1, count)
        if figures[index][4] >= _MIN_AREA_PX
    ]


class BrightEngine:
    """A network that sees the blue square nearest to the middle of a crop. Its state counts the frames of a face."""

    crop_size_px = 48
    weights_name = "bright"
    gives_identity = False
    identity_threshold = None

    def initial_state(self, faces: int) -> FaceState:
        """As of `LandmarkEngine`."""
        return FaceState.zeros(REDNetConfig().state_shapes, faces)

    def run(self, crops: ImageArray, previous_px: FloatArray, state: FaceState | None) -> Estimate:
        """As of `LandmarkEngine`."""
        seen = [self._nearest(crop) for crop in crops]
        nowhere = Square(self.crop_size_px / 2, self.crop_size_px / 2, self.crop_size_px / 2)
        landmarks = np.stack([(square or nowhere).landmarks() for square in seen])
        confidence: NDArray[np.float32] = np.array([0.9 if square else 0.05 for square in seen], np.float32)
        state = state or self.initial_state(len(crops))
        return Estimate(
            landmarks,
            np.repeat(confidence[:, None], len(MEAN_SHAPE), axis=1),
            None,
            FaceState({**state.parts, "hidden": state.parts["hidden"] + 1}),
        )

    def _nearest(self, crop: ImageArray) -> Square | None:
        middle = (self.crop_size_px - 1) / 2
        squares = squares_in(crop)
        return min(squares, key=lambda one: float(np.hypot(one.x - middle, one.y - middle)), default=None)


class BrightDetector:
    """Finds all blue squares of at least 8 pixels. `failures`: so many of its next runs raise an exception."""

    def __init__(self) -> None:
        self.failures = 0

    def detect(self, image_bgr: ImageArray) -> list[Detection]:
        """As of `Detector`."""
        if self.failures > 0:
            self.failures -= 1
            raise RuntimeError("the detector fails as it was asked to")
        found = []
        for square in squares_in(image_bgr):
            if square.side >= 8:
                points = square.landmarks()
                five = [points[36:42].mean(0), points[42:48].mean(0), points[30], points[48], points[54]]
                found.append(Detection(Box.around(points), 0.9, np.array(five, np.float32)))
        return found
