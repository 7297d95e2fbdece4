"""Many rendered faces with their landmarks in one picture, to look at."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

from rednet_ros.errors import InputError
from rednet_ros.media.contact_sheet import contact_sheet
from rednet_ros.media.images import read_image, write_image
from rednet_ros.training.rendering.arrays import ImageArray

COLUMNS, ROWS, TILE_PX = 8, 8, 144
SEEN_BGR, HIDDEN_BGR = (60, 235, 60), (70, 70, 255)
SUBPIXEL_BITS = 4
JPEG_QUALITY = 86


def write_contact_sheet(output: Path, file: Path) -> None:
    """The first 64 rows of a folder's labels.jsonl as a sheet: visible landmarks green, hidden ones red.

    The file's suffix says the format. Raises InputError for a folder without rows, a picture that cannot be read and
    a file that cannot be written.
    """
    lines = (output / "labels.jsonl").read_text(encoding="utf-8").splitlines()[: COLUMNS * ROWS]
    if not lines:
        raise InputError(f"{output}: nothing is rendered, there is no sheet to draw")
    tiles = [_tile(output, json.loads(line)) for line in lines]
    write_image(file, contact_sheet(tiles, COLUMNS, gap_px=0), JPEG_QUALITY)


def _tile(output: Path, row: dict) -> ImageArray:
    image = read_image(output / row["image"])
    scale = TILE_PX / image.shape[0]
    tile = cv2.resize(image, (TILE_PX, TILE_PX), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    places = (np.array(row["points"]) + 0.5) * scale - 0.5
    for place, seen in zip(places, row["visible"], strict=True):
        centre = np.rint(place * 2**SUBPIXEL_BITS).astype(int).tolist()
        colour = SEEN_BGR if seen else HIDDEN_BGR
        cv2.circle(tile, centre, 2**SUBPIXEL_BITS, colour, -1, cv2.LINE_AA, SUBPIXEL_BITS)
    return tile
