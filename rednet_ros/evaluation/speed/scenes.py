"""The frames that are measured on: faces that move a little, each in its own part of the image; or a clip's frames."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np

from rednet_ros.evaluation.speed.portrait import Portrait
from rednet_ros.media.video import open_source
from rednet_ros.tracking.types import ImageArray

FPS = 30.0
FACE_SHARE = 0.45
"""A face's height as a share of its cell's shorter side."""

FRAMES = 90
"""Frames of a composed scene; the last is followed by the first without a jump."""


@dataclass(frozen=True)
class Scene:
    """`frames`: H x W x 3 uint8 BGR images of one size, `FPS` a second; `faces`: in each of them, None: unknown."""

    frames: tuple[ImageArray, ...]
    faces: int | None

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height."""
        height, width = self.frames[0].shape[:2]
        return width, height


def composed_scene(
    portrait: Portrait, faces: int, size_px: tuple[int, int] = (640, 480), frames: int = FRAMES
) -> Scene:
    """`faces` views of the portrait side by side; in each the face sways, nods to the side and nears."""
    cells = _cells(faces, size_px)
    portrait = _shrunk(portrait, FACE_SHARE * min(cells[0][2:]))
    images = []
    for index in range(frames):
        image = np.full((size_px[1], size_px[0], 3), 110, np.uint8)
        for number, (x, y, width, height) in enumerate(cells):
            phase = (index / frames + number / max(1, faces)) % 1.0
            image[y : y + height, x : x + width] = _view(portrait, phase, (width, height))
        images.append(image)
    return Scene(tuple(images), faces)


def recorded_scene(path: str, frames: int = FRAMES) -> Scene:
    """The first `frames` frames of a video, played forwards and backwards so that nothing jumps at its end.

    Raises InputError where it cannot be read.
    """
    with open_source(path) as video:
        images = [frame.image_bgr for frame in islice(video, frames)]
    return Scene(tuple(images + images[-2:0:-1]), None)


def _cells(faces: int, size_px: tuple[int, int]) -> list[tuple[int, int, int, int]]:
    """x, y, width and height of a grid's cells, as large as `faces` of them can be."""
    width, height = size_px
    columns = max(range(1, faces + 1), key=lambda count: min(width / count, height / math.ceil(faces / count)))
    rows = math.ceil(faces / columns)
    xs = [round(width * column / columns) for column in range(columns + 1)]
    ys = [round(height * row / rows) for row in range(rows + 1)]
    return [
        (xs[column], ys[row], xs[column + 1] - xs[column], ys[row + 1] - ys[row])
        for row in range(rows)
        for column in range(columns)
    ][:faces]


def _shrunk(portrait: Portrait, face_px: float) -> Portrait:
    """The portrait with a face not much higher than `face_px`, each pixel the mean of those that it stands for."""
    scale = 1.2 * face_px / portrait.face_height_px
    if scale >= 1.0:
        return portrait
    picture = np.asarray(cv2.resize(portrait.picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    x, y = portrait.face_px
    return Portrait(portrait.name, picture, (x * scale, y * scale), portrait.face_height_px * scale)


def _view(portrait: Portrait, phase: float, size_px: tuple[int, int]) -> ImageArray:
    """The portrait in a cell, at `phase` 0..1 of its closed way."""
    angle_rad = 2 * math.pi * phase
    width_px, height_px = size_px
    zoom = (1 + 0.06 * math.sin(angle_rad)) * FACE_SHARE * min(size_px) / portrait.face_height_px
    matrix = cv2.getRotationMatrix2D(portrait.face_px, 8 * math.sin(2 * angle_rad), zoom)
    target_px = width_px * (0.5 + 0.05 * math.sin(angle_rad)), height_px * (0.5 + 0.03 * math.cos(angle_rad))
    matrix[:, 2] += np.subtract(target_px, portrait.face_px)
    view = cv2.warpAffine(portrait.picture, matrix, size_px, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(view, np.uint8)
