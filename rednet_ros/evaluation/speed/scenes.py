"""The frames that are measured on: faces that move a little, each in its own part of the image; or a clip's frames."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from rednet_ros.media.images import read_image
from rednet_ros.media.video import open_source
from rednet_ros.tracking.types import ImageArray

FPS = 30.0
FRAMES = 90
"""Frames of a composed scene; the last is followed by the first without a jump."""

PORTRAIT = Path(__file__).with_name("portrait.jpg")
"""Eileen Collins, a photograph by NASA in the public domain."""

_FACE_PX, _FACE_HEIGHT_PX = (150.0, 112.0), 95.0
"""Middle and height of the face in the portrait."""

_FACE_SHARE = 0.45
"""A face's height as a share of its cell's shorter side."""


@dataclass(frozen=True)
class Scene:
    """`frames`: H x W x 3 uint8 BGR images of one size, `FPS` a second; `faces`: in each of them, None: unknown."""

    frames: tuple[ImageArray, ...]
    faces: int | None

    def player(self, offset: int = 0) -> Callable[[], tuple[ImageArray, float]]:
        """Gives frame after frame with its time in seconds, from frame `offset` on, without end."""
        numbers = itertools.count()

        def following() -> tuple[ImageArray, float]:
            number = next(numbers)
            return self.frames[(number + offset) % len(self.frames)], number / FPS

        return following

    def players(self, count: int) -> list[Callable[[], tuple[ImageArray, float]]]:
        """Several cameras, which see the scene at different moments."""
        return [self.player(index * len(self.frames) // count) for index in range(count)]


def composed_scene(faces: int, size_px: tuple[int, int] = (640, 480), frames: int = FRAMES) -> Scene:
    """`faces` views of the portrait side by side, width x height `size_px`; each face sways, tilts and nears."""
    cells = _cells(faces, size_px)
    zoom = _FACE_SHARE * min(cells[0][2:]) / _FACE_HEIGHT_PX
    picture, shrunk = read_image(PORTRAIT), min(1.0, 1.2 * zoom)
    if shrunk < 1.0:  # each pixel the mean of those that it stands for
        picture = np.asarray(cv2.resize(picture, None, fx=shrunk, fy=shrunk, interpolation=cv2.INTER_AREA), np.uint8)
    images = []
    for index in range(frames):
        image = np.full((size_px[1], size_px[0], 3), 110, np.uint8)
        for number, (x, y, width, height) in enumerate(cells):
            phase_rad = 2 * math.pi * (index / frames + number / faces)
            image[y : y + height, x : x + width] = _view(picture, shrunk, zoom, phase_rad, (width, height))
        images.append(image)
    return Scene(tuple(images), faces)


def recorded_scene(path: str, frames: int = FRAMES) -> Scene:
    """The first `frames` frames of a video, played forwards and backwards so that nothing jumps at its end.

    Raises InputError where it cannot be read.
    """
    with open_source(path) as video:
        images = [frame.image_bgr for frame in itertools.islice(video, frames)]
    return Scene(tuple(images + images[-2:0:-1]), None)


def _cells(faces: int, size_px: tuple[int, int]) -> list[tuple[int, int, int, int]]:
    """x, y, width and height of a grid's cells, as large as `faces` of them can be."""
    width, height = size_px
    columns = max(range(1, faces + 1), key=lambda count: min(width / count, height / math.ceil(faces / count)))
    rows = math.ceil(faces / columns)
    xs = [round(width * column / columns) for column in range(columns + 1)]
    ys = [round(height * row / rows) for row in range(rows + 1)]
    cells = itertools.product(itertools.pairwise(ys), itertools.pairwise(xs))
    return [(left, top, right - left, bottom - top) for (top, bottom), (left, right) in cells][:faces]


def _view(picture: ImageArray, shrunk: float, zoom: float, phase_rad: float, size_px: tuple[int, int]) -> ImageArray:
    """The portrait, which is `shrunk`, in a cell, with its face where it is at this phase of its closed path."""
    face_px = (shrunk * _FACE_PX[0], shrunk * _FACE_PX[1])
    scale = (1 + 0.06 * math.sin(phase_rad)) * zoom / shrunk
    matrix = cv2.getRotationMatrix2D(face_px, 8 * math.sin(2 * phase_rad), scale)
    target_px = size_px[0] * (0.5 + 0.05 * math.sin(phase_rad)), size_px[1] * (0.5 + 0.03 * math.cos(phase_rad))
    matrix[:, 2] += np.subtract(target_px, face_px)
    view = cv2.warpAffine(picture, matrix, size_px, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(view, np.uint8)
