"""A few images of a long session, evenly spread, on one sheet."""

from __future__ import annotations

import cv2
import numpy as np

from rednet_ros.media.images import fit
from rednet_ros.tracking.types import ImageArray


class EvenSampler:
    """Keeps images spread evenly over a stream of unknown length, at most twice `wanted` of them at a time."""

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._stride = 1
        self._count = 0
        self._kept: list[ImageArray] = []

    def add(self, image: ImageArray) -> None:
        """Offer the next image; it is kept or forgotten, not copied."""
        if self._count % self._stride == 0:
            self._kept.append(image)
        self._count += 1
        if len(self._kept) >= 2 * self._wanted:
            self._kept = self._kept[::2]
            self._stride *= 2

    def images(self) -> list[ImageArray]:
        """`wanted` images in their order, fewer if fewer came."""
        if not self._kept:
            return []
        count = min(self._wanted, len(self._kept))
        chosen = np.linspace(0, len(self._kept) - 1, count).round().astype(int)
        return [self._kept[index] for index in chosen]


def contact_sheet(images: list[ImageArray], columns: int = 4, width_px: int = 480) -> ImageArray:
    """The images (at least one) row by row on one picture.

    Each is fitted into a tile `width_px` wide, of the first one's shape.
    """
    height, width = images[0].shape[:2]
    tiles = [fit(image, (width_px, round(width_px * height / width))) for image in images]
    columns = min(columns, len(tiles))
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    rows = [cv2.hconcat(tiles[start : start + columns]) for start in range(0, len(tiles), columns)]
    return np.asarray(cv2.vconcat(rows), np.uint8)
