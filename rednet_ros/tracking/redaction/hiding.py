"""Areas of an image made unrecognisable.

Few means of large blocks are all that is left of a face; `blur` shows the same few numbers smoothly. Neither is safe
from somebody who has pictures of the candidates and trains a network for this (McPherson et al. 2016,
arXiv:1609.00408): only `landmarks` leaves nothing of the pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from rednet_ros.tracking.redaction.areas import Area
from rednet_ros.tracking.types import ImageArray

Style = Literal["blur", "pixelate", "landmarks"]
STYLES: tuple[Style, ...] = get_args(Style)

BLOCKS = 6
"""Across a face, chin to forehead."""

_FLAT_COLOR = (96, 96, 96)
_FAR_PX = 16_000.0  # OpenCV draws lines of up to 32767 pixels


def hide(image_bgr: ImageArray, areas: Sequence[Area], style: Style) -> ImageArray:
    """A copy of the image, H x W x 3 uint8, in which nobody can be recognised within `areas`.

    `pixelate`: blocks of one colour, `BLOCKS` across a face; areas that touch have the same blocks, as two grids over
    one face would show more of it. `blur`: no more than these blocks hold, shown smoothly. `landmarks`: one grey, over
    which landmarks may be drawn.
    """
    hidden = np.ascontiguousarray(image_bgr).copy()
    height, width = hidden.shape[:2]
    mask = cover(areas, width, height)
    if style == "landmarks":
        hidden[mask > 0] = _FLAT_COLOR
        return hidden
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    sides_px = _largest_sides(areas, labels, count)
    for label in range(1, count):
        left, top, across, down = boxes[label, :4].tolist()
        part = hidden[top : top + down, left : left + across]
        inside = labels[top : top + down, left : left + across] == label
        part[inside] = _blocks(part, sides_px[label] / BLOCKS, style)[inside]
    return hidden


def cover(areas: Iterable[Area], width_px: int, height_px: int) -> NDArray[np.uint8]:
    """Height x width, 255 where an image of this size is hidden, else 0."""
    mask = np.zeros((height_px, width_px), np.uint8)
    for area in areas:
        _draw(mask, area)
    return mask


def _largest_sides(areas: Iterable[Area], labels: NDArray[np.int32], count: int) -> list[float]:
    """Of the faces in each connected part of what is hidden, in pixels."""
    sides_px = [1.0] * count
    height, width = labels.shape
    for area in areas:
        left, top = (
            np.clip(np.floor(area.outline_px.min(axis=0) - area.margin_px), 0, (width, height)).astype(int).tolist()
        )
        right, bottom = (
            np.clip(np.ceil(area.outline_px.max(axis=0) + area.margin_px) + 1, 0, (width, height)).astype(int).tolist()
        )
        for label in np.unique(labels[top:bottom, left:right]).tolist():
            sides_px[label] = max(sides_px[label], area.side_px)
    return sides_px


def _draw(mask: NDArray[np.uint8], area: Area) -> None:
    points = np.clip(area.outline_px, -_FAR_PX, _FAR_PX)
    hull = cv2.convexHull(np.rint(points).astype(np.int32))
    cv2.fillConvexPoly(mask, hull, 255)
    cv2.polylines(mask, [hull], True, 255, 2 * int(np.ceil(min(area.margin_px, _FAR_PX))) + 1)


def _blocks(part: ImageArray, block_px: float, style: Style) -> ImageArray:
    height, width = part.shape[:2]
    size = max(1, int(width / block_px)), max(1, int(height / block_px))
    means = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    how = cv2.INTER_NEAREST if style == "pixelate" else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(means, (width, height), interpolation=how), np.uint8)
