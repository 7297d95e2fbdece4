"""Crops of a data set's faces with a labels file: small files instead of large pictures and videos."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import cv2
import numpy as np

from rednet_ros.errors import InputError
from rednet_ros.tracking.crops import CropTransform
from rednet_ros.tracking.types import Box, ImageArray
from rednet_ros.training.datasets.geometry import complete
from rednet_ros.training.datasets.labels import LabelledFace
from rednet_ros.training.datasets.pictures import PictureReader

CROP_SCALE = 2.2
"""Side of a crop as a multiple of the longer side of the box around the landmarks: room for shifts, turns and zooms."""

MOST_PX = 400
"""Larger crops are made smaller; smaller ones keep the picture's own resolution."""

JPEG_QUALITY = 95


def convert(faces: Iterable[LabelledFace], folder: Path, crop_scale: float = CROP_SCALE) -> Iterator[LabelledFace]:
    """Cut every face out, write it below `folder`/images, and yield it as it is there.

    Crops are upright squares around the box of the landmarks (those that are not annotated are guessed from the mean
    shape for this), their borders repeat the picture's. They keep the names of their pictures, and with them the
    validation split; frames of a video are named by their number. Raises InputError for pictures that cannot be read
    and files that cannot be written.
    """
    taken: set[Path] = set()
    with PictureReader() as reader:
        for face in faces:
            path = _name(face, folder / "images", taken)
            crop = _crop(face, crop_scale)
            _write(path, crop.extract(reader.read(face)))
            yield replace(
                face,
                image_path=path,
                points_px=crop.to_crop(face.points_px),
                video_frame=None,
                box=None if face.box is None else _moved(face.box, crop),
            )


def _crop(face: LabelledFace, scale: float) -> CropTransform:
    try:
        box = Box.around(complete(face.points_px))
    except ValueError as error:
        raise InputError(f"{face.image_path}: {error}") from error
    side_px = max(scale * max(box.width, box.height), 1.0)
    if side_px > MOST_PX:
        return CropTransform(box.center, side_px, 0.0, MOST_PX)
    size_px = round(side_px)
    middle = (size_px - 1) / 2
    x, y = (round(center - middle) + middle for center in box.center)  # on whole pixels nothing is interpolated
    return CropTransform((x, y), float(size_px), 0.0, size_px)


def _name(face: LabelledFace, folder: Path, taken: set[Path]) -> Path:
    """A file name that is free: source, sequence and number of the frame, or the name of the picture.

    Further faces of a picture get letters, which leave the picture's number the last one in the name.
    """
    folder = folder / _as_name(face.source or "faces")
    stem = face.image_path.stem
    if face.sequence is not None:
        folder = folder / _as_name(face.sequence)
        number = face.frame if face.video_frame is None else face.video_frame
        stem = stem if number is None else f"{number:06}"
    path = next(path for index in count() if (path := folder / f"{stem}{_letters(index)}.jpg") not in taken)
    taken.add(path)
    return path


def _as_name(text: str) -> str:
    """`text` as the name of one folder."""
    return re.sub(r"[^\w-]+", "_", text)


def _letters(index: int) -> str:
    """Nothing for 0, then _b, _c ... _z, _ba ..."""
    letters = ""
    while index:
        index, rest = divmod(index, 26)
        letters = chr(ord("a") + rest) + letters
    return f"_{letters}" if letters else ""


def _write(path: Path, image: ImageArray) -> None:
    encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded.tobytes())
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error


def _moved(box: Box, crop: CropTransform) -> Box:
    corners = np.array([(box.x, box.y), (box.x + box.width, box.y + box.height)], np.float32)
    return Box.around(crop.to_crop(corners))
