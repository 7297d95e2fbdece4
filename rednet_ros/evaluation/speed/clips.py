"""The frames that are measured on: VGA, a person's face that sways, or a clip, once or several times side by side."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from rednet_ros.media.images import fit, read_image
from rednet_ros.media.video import open_source
from rednet_ros.tracking.types import ImageArray

SIZE_PX = (640, 480)
FRAMES = 90

PORTRAIT = Path(__file__).with_name("portrait.jpg")
"""Eileen Collins, a photograph by NASA in the public domain."""

_FACE_PX, _ZOOM = (150.0, 112.0), 2.3
"""Middle of the face in the portrait, and how much larger it is shown: 220 px high."""


def portrait() -> list[ImageArray]:
    """A face that sways, tilts and nears; the last frame is followed by the first without a jump."""
    picture, frames = read_image(PORTRAIT), []
    for index in range(FRAMES):
        phase_rad = 2 * math.pi * index / FRAMES
        scale = _ZOOM * (1 + 0.06 * math.sin(phase_rad))
        matrix = cv2.getRotationMatrix2D(_FACE_PX, 8 * math.sin(2 * phase_rad), scale)
        place = 0.5 + 0.05 * math.sin(phase_rad), 0.5 + 0.03 * math.cos(phase_rad)
        matrix[:, 2] += np.multiply(SIZE_PX, place) - _FACE_PX
        frames.append(cv2.warpAffine(picture, matrix, SIZE_PX, borderMode=cv2.BORDER_REPLICATE))
    return frames


def recorded(path: str) -> list[ImageArray]:
    """The beginning of a video, played forwards and backwards. Raises InputError where it cannot be read."""
    with open_source(path) as video:
        images = [frame.image_bgr for frame in itertools.islice(video, FRAMES)]
    return images + images[-2:0:-1]


def tiled(frames: Sequence[ImageArray], times: int) -> ImageArray:
    """N x H x W x 3: the clip so many times side by side, at different moments, in frames of `SIZE_PX`."""
    columns = math.ceil(math.sqrt(times))
    width_px, height_px = SIZE_PX[0] // columns, SIZE_PX[1] // columns
    small = np.stack([fit(frame, (width_px, height_px)) for frame in frames])
    result = np.full((len(frames), SIZE_PX[1], SIZE_PX[0], 3), 110, np.uint8)
    for number in range(times):
        y, x = height_px * (number // columns), width_px * (number % columns)
        moment = number * len(frames) // times
        result[:, y : y + height_px, x : x + width_px] = np.roll(small, -moment, axis=0)
    return result
