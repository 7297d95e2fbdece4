"""Many images on one, to look at."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from rednet_ros.media.images import DARK_GROUND, ImageArray, fit

_CAPTION = (225, 225, 225)
_CAPITALS_PX = 22  # height of the font's capitals at scale 1


def contact_sheet(
    images: Sequence[ImageArray],
    columns: int,
    *,
    tile_px: tuple[int, int] | None = None,
    captions: Sequence[str] | None = None,
    gap_px: int | None = None,
) -> ImageArray:
    """One image with all `images` in rows of `columns`, each fitted into a tile and one caption under each.

    `tile_px`: (width, height) of a tile; without it the largest width and height among the images. `gap_px`: between
    and around tiles; without it a little, by their width. Images keep their aspect. Raises ValueError without images,
    without columns, or if the captions are not one an image.
    """
    if not images or columns < 1:
        raise ValueError("a contact sheet needs at least one image and one column")
    if captions is not None and len(captions) != len(images):
        raise ValueError(f"{len(captions)} captions for {len(images)} images")
    width = tile_px[0] if tile_px else max(image.shape[1] for image in images)
    height = tile_px[1] if tile_px else max(image.shape[0] for image in images)
    gap = max(2, width // 80) if gap_px is None else gap_px
    strip = 0 if captions is None else max(14, height // 14)
    columns = min(columns, len(images))
    rows = math.ceil(len(images) / columns)
    sheet_size = (gap + rows * (height + strip + gap), gap + columns * (width + gap), 3)
    sheet = np.full(sheet_size, DARK_GROUND, dtype=np.uint8)
    for index, image in enumerate(images):
        top = gap + (index // columns) * (height + strip + gap)
        left = gap + (index % columns) * (width + gap)
        sheet[top : top + height, left : left + width] = fit(image, (width, height))
        if captions is not None:
            _write(sheet[top + height : top + height + strip, left : left + width], captions[index])
    return sheet


def _write(strip: ImageArray, text: str) -> None:
    """`text` into the whole of `strip` (height x width x 3)."""
    height = strip.shape[0]
    text_px = height * 0.62
    place, thickness_px = (2, height - max(4, height // 4)), 2 if text_px > 20 else 1
    cv2.putText(
        strip, text, place, cv2.FONT_HERSHEY_SIMPLEX, text_px / _CAPITALS_PX, _CAPTION, thickness_px, cv2.LINE_AA
    )
