"""Labels and the EXIF turn of photographs: phones store pixels as the sensor lies and note how to turn them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from rednet_ros.landmarks import FLIP_ORDER
from rednet_ros.media.images import exif_orientation, image_size_px
from rednet_ros.tracking.types import Box, FloatArray
from rednet_ros.training.datasets.labels import LabelledFace

logger = logging.getLogger(__name__)

_HEAD_BYTES = 1 << 16
_MOST_LOOKED_AT = 2000
_JPEG_SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif")
_MIRRORED = (2, 4, 5, 7)

_PLACES: dict[int, Callable[[FloatArray, FloatArray, int, int], tuple[FloatArray, FloatArray]]] = {
    2: lambda x, y, width, height: (width - 1 - x, y),
    3: lambda x, y, width, height: (width - 1 - x, height - 1 - y),
    4: lambda x, y, width, height: (x, height - 1 - y),
    5: lambda x, y, width, height: (y, x),
    6: lambda x, y, width, height: (height - 1 - y, x),
    7: lambda x, y, width, height: (height - 1 - y, width - 1 - x),
    8: lambda x, y, width, height: (y, width - 1 - x),
}
"""EXIF orientation -> where a stored pixel (x, y) of a stored width x height is in the picture as it is shown."""


def as_shown(faces: Sequence[LabelledFace], stored_pixels: bool = False) -> list[LabelledFace]:
    """The faces with points and boxes in pixels of the pictures as they are shown, which is how they are read here.

    `stored_pixels`: the labels were drawn in pixels as the files store them; those of turned pictures are turned, too.
    Otherwise they are taken to be right, with a warning that counts the turned pictures (of at most 2000, evenly
    spaced). Pictures that cannot be read are left to those who read them.
    """
    paths = list(dict.fromkeys(face.image_path for face in faces))
    if stored_pixels:
        orientations = _orientations(paths)
        return [_turned(face, orientations.get(face.image_path, 1)) for face in faces]
    looked_at = paths[:: max(1, -(-len(paths) // _MOST_LOOKED_AT))]
    turned = [path for path, orientation in _orientations(looked_at).items() if orientation != 1]
    if turned:
        logger.warning(
            "%d of %d pictures are shown turned (EXIF), such as %s. Their labels are taken to be in pixels of the "
            "turned picture; if they were drawn in stored pixels, their faces are missed: then give --stored-pixels",
            len(turned),
            len(looked_at),
            turned[0],
        )
    return list(faces)


def _orientations(paths: Sequence[Path]) -> dict[Path, int]:
    return {path: _orientation(path) for path in paths if path.suffix.lower() in _JPEG_SUFFIXES}


def _orientation(path: Path) -> int:
    try:
        with path.open("rb") as file:
            return exif_orientation(file.read(_HEAD_BYTES))
    except (OSError, ValueError):
        return 1


def _turned(face: LabelledFace, orientation: int) -> LabelledFace:
    size_px = None if orientation == 1 else image_size_px(face.image_path.read_bytes())
    if size_px is None:
        return face

    def shown(places_px: FloatArray) -> FloatArray:
        x, y = places_px.T
        return np.stack(_PLACES[orientation](x, y, *size_px), axis=1).astype(np.float32)

    points_px = shown(face.points_px)
    visible = face.visible
    if orientation in _MIRRORED:  # its left side is shown as its right one
        points_px = points_px[list(FLIP_ORDER)]
        visible = None if visible is None else visible[list(FLIP_ORDER)]
    box = face.box
    if box is not None:
        corners = shown(np.array([[box.x, box.y], [box.x + box.width, box.y + box.height]], np.float32))
        box = Box(*corners.min(axis=0).tolist(), *np.ptp(corners, axis=0).tolist())
    return replace(face, points_px=points_px, visible=visible, box=box)
