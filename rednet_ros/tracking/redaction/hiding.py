"""Areas of an image made unrecognisable.

Few means of large blocks are all that is left of a face; `blur` shows the same few numbers smoothly. Neither is safe
from somebody who has pictures of the candidates and trains a network for this (McPherson et al. 2016,
arXiv:1609.00408): only `landmarks` leaves nothing of the pixels.
"""

from __future__ import annotations

from collections.abc import Iterable
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
_FAR_PX = 30_000.0


def hide(image_bgr: ImageArray, areas: Iterable[Area], style: Style) -> ImageArray:
    """A copy of the image, H x W x 3 uint8, in which nobody can be recognised within `areas`.

    `pixelate`: blocks of one colour, `BLOCKS` across a face. `blur`: no more than these blocks hold, shown smoothly.
    `landmarks`: one grey, over which landmarks may be drawn.
    """
    hidden = np.ascontiguousarray(image_bgr).copy()
    for area in sorted(areas, key=lambda area: -area.side_px):  # finer blocks hold nothing of what is hidden already
        _hide(hidden, area, style)
    return hidden


def cover(areas: Iterable[Area], width_px: int, height_px: int) -> NDArray[np.uint8]:
    """Height x width, 255 where an image of this size is hidden, else 0."""
    mask = np.zeros((height_px, width_px), np.uint8)
    for area in areas:
        _draw(mask, area, (0, 0))
    return mask


def _hide(canvas: ImageArray, area: Area, style: Style) -> None:
    height, width = canvas.shape[:2]
    low = np.clip(np.floor(area.outline_px.min(axis=0) - area.margin_px - 1), 0, (width, height)).astype(int)
    high = np.clip(np.ceil(area.outline_px.max(axis=0) + area.margin_px) + 2, 0, (width, height)).astype(int)
    if (low >= high).any():
        return
    part = canvas[low[1] : high[1], low[0] : high[0]]
    mask = np.zeros(part.shape[:2], np.uint8)
    _draw(mask, area, (int(low[0]), int(low[1])))
    part[mask > 0] = _replacement(part, area, style)[mask > 0]


def _draw(mask: NDArray[np.uint8], area: Area, origin_px: tuple[int, int]) -> None:
    points = np.clip(area.outline_px, -_FAR_PX, _FAR_PX) - origin_px
    hull = cv2.convexHull(np.rint(points).astype(np.int32))
    cv2.fillConvexPoly(mask, hull, 255)
    cv2.polylines(mask, [hull], True, 255, 2 * int(np.ceil(min(area.margin_px, _FAR_PX))) + 1)


def _replacement(part: ImageArray, area: Area, style: Style) -> ImageArray:
    if style == "landmarks":
        return np.full_like(part, _FLAT_COLOR)
    height, width = part.shape[:2]
    block_px = max(1.0, area.side_px / BLOCKS)
    size = max(1, int(width / block_px)), max(1, int(height / block_px))
    blocks = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    how = cv2.INTER_NEAREST if style == "pixelate" else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(blocks, (width, height), interpolation=how), np.uint8)
