"""Labels files: one JSON object a line, an image beside the file and the 68 landmarks of one face in it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rednet_ros.errors import InputError
from rednet_ros.landmarks import LANDMARK_COUNT, LEFT_OUTER_EYE_CORNER, RIGHT_OUTER_EYE_CORNER
from rednet_ros.tracking.types import FloatArray

VALIDATION_DIVISOR = 10
"""Every tenth file-name number of the 300-W sources is kept for validation."""


@dataclass(frozen=True)
class LabelledFace:
    """One annotated face.

    `image_path`: the picture, resolved beside the labels file (not opened here). `points_px`: 68 x 2 float32 (x, y),
    pixels of the picture, pixel centres at integers, iBUG order. `source`: the data set, "" where not given.
    Faces cut from video also have `sequence` (its name), `frame` (a whole number that orders the sequence) and
    `identity` (the person); None otherwise.
    """

    image_path: Path
    points_px: FloatArray
    source: str = ""
    identity: str | None = None
    sequence: str | None = None
    frame: int | None = None


def read_labels(path: str | Path) -> list[LabelledFace]:
    """All rows of a labels file, in its order; empty lines are skipped.

    Raises InputError naming file, line and field for an absent or empty file, a line that is no JSON object, and a
    field that is missing or not usable.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such labels file")
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not a text file in UTF-8 ({error.reason})") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    faces = [
        _parse(line, path.parent, f"{path}, line {number}") for number, line in enumerate(lines, 1) if line.strip()
    ]
    if not faces:
        raise InputError(f"{path}: holds no labels")
    return faces


def is_validation(face: LabelledFace) -> bool:
    """Whether `face` is kept for validation: 300-W faces whose file-name number is divisible by ten."""
    number = re.search(r"(\d+)\D*$", face.image_path.stem)
    return face.source.startswith("300w") and number is not None and int(number[1]) % VALIDATION_DIVISOR == 0


def _parse(line: str, folder: Path, where: str) -> LabelledFace:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise InputError(f"{where}: not JSON: {error.msg} at column {error.colno}") from error
    if not isinstance(row, dict):
        raise InputError(f"{where}: expected a JSON object, found {type(row).__name__}")
    image = _text(row, "image", where)
    if not image:
        raise InputError(f'{where}: field "image" is missing')
    return LabelledFace(
        image_path=folder / image,
        points_px=_points(row, where),
        source=_text(row, "source", where) or "",
        identity=_text(row, "identity", where),
        sequence=_text(row, "sequence", where),
        frame=_whole_number(row, "frame", where),
    )


def _text(row: dict[str, Any], field: str, where: str) -> str | None:
    value = row.get(field)
    if value is None or isinstance(value, str):
        return value
    raise InputError(f'{where}: field "{field}" must be text, found {value!r}')


def _whole_number(row: dict[str, Any], field: str, where: str) -> int | None:
    value = row.get(field)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise InputError(f'{where}: field "{field}" must be a whole number, found {value!r}')


def _points(row: dict[str, Any], where: str) -> FloatArray:
    if "points" not in row:
        raise InputError(f'{where}: field "points" is missing')
    try:
        points = np.array(row["points"], dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise InputError(f'{where}: field "points" must be a list of [x, y] numbers') from error
    if points.shape != (LANDMARK_COUNT, 2):
        raise InputError(f'{where}: field "points" must hold {LANDMARK_COUNT} pairs [x, y], found shape {points.shape}')
    if not np.isfinite(points).all():
        raise InputError(f'{where}: field "points" holds a value that is not a finite number')
    if np.array_equal(points[RIGHT_OUTER_EYE_CORNER], points[LEFT_OUTER_EYE_CORNER]):
        raise InputError(f'{where}: field "points": the outer eye corners (36 and 45) coincide, errors have no unit')
    return points
