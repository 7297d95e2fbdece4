"""Labels files: one JSON object a line, an image beside the file and the 68 landmarks of one face in it."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rednet_ros.errors import InputError
from rednet_ros.landmarks import LANDMARK_COUNT, LEFT_OUTER_EYE_CORNER, RIGHT_OUTER_EYE_CORNER
from rednet_ros.resources import is_file
from rednet_ros.tracking.types import Box, FloatArray

VALIDATION_DIVISOR = 10
"""Every tenth file-name number of the 300-W sources is kept for validation."""

_NUMBER = re.compile(r"(\d+)(?:_\d{1,2})?\D*$")
"""The number of an image's name; `_1`, `_2` ... behind it count the faces of one picture (100032540_1.jpg)."""


@dataclass(frozen=True)
class LabelledFace:
    """One annotated face.

    `image_path`: the picture, resolved beside the labels file (not opened here). `points_px`: 68 x 2 float32 (x, y),
    pixels of the picture, pixel centres at integers, iBUG order; NaN rows are landmarks that are not annotated.
    `source`: the data set, "" where not given. Faces cut from video also have `sequence` (its name), `frame` (a whole
    number that orders the sequence) and `identity` (the person); None otherwise. `visible`: 68 bool, False where the
    landmark is covered by the head itself or by an object; None where not known. `video_frame`: `image_path` is a
    video file and this the index of the frame in it, from 0; None for a picture. `box`: the data set's own box around
    the face (its definition differs from set to set), None where it has none. `yaw_rad`: how far the head is turned to
    either side, 0 to pi, where the data set says so.
    """

    image_path: Path
    points_px: FloatArray
    source: str = ""
    identity: str | None = None
    sequence: str | None = None
    frame: int | None = None
    visible: NDArray[np.bool_] | None = None
    video_frame: int | None = None
    box: Box | None = None
    yaw_rad: float | None = None

    @property
    def annotated(self) -> NDArray[np.bool_]:
        """68 bool: which landmarks have a position."""
        return np.asarray(~np.isnan(self.points_px).any(axis=1))

    @property
    def video(self) -> str | None:
        """Which video the sequence was cut from: faces68 has frames of one in two sequences, train:NAME, test:NAME."""
        return None if self.sequence is None else self.sequence.rpartition(":")[2]


def read_labels(path: str | Path) -> list[LabelledFace]:
    """All rows of a labels file, in its order; empty lines are skipped.

    Raises InputError naming file, line and field for an absent or empty file, a line that is no JSON object, and a
    field that is missing or not usable.
    """
    path = Path(path)
    faces = [
        _parse(line, path.parent, f"{path}, line {number}")
        for number, line in enumerate(_lines(path), 1)
        if line.strip()
    ]
    if not faces:
        raise InputError(f"{path}: holds no labels")
    return faces


def write_labels(path: str | Path, faces: Iterable[LabelledFace]) -> None:
    """Write rows that `read_labels` reads back alike; images are named relative to the file's folder.

    Positions are rounded to a thousandth of a pixel. Raises InputError if the file cannot be written.
    """
    path = Path(path)
    folder = path.resolve().parent
    try:
        # A name that is not UTF-8 is written with JSON's own escapes, which is what `backslashreplace` makes of it.
        with path.open("w", encoding="utf-8", errors="backslashreplace") as file:
            for face in faces:
                file.write(json.dumps(_row(face, folder), ensure_ascii=False) + "\n")
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error


def is_validation(face: LabelledFace) -> bool:
    """Whether `face` is kept for validation: 300-W faces whose file-name number is divisible by ten."""
    number = _NUMBER.search(face.image_path.stem)
    return face.source.startswith("300w") and number is not None and int(number[1]) % VALIDATION_DIVISOR == 0


def among_68(points: Iterable[tuple[int, float, float]]) -> FloatArray:
    """The landmarks that another set's points correspond to, given as (index, x, y): 68 x 2 float32, else NaN."""
    result = np.full((LANDMARK_COUNT, 2), np.nan, np.float32)
    for index, x, y in points:
        result[index] = x, y
    return result


def check_points(points_px: FloatArray, where: str) -> None:
    """Raises InputError, its message beginning with `where`, for annotations that no error can be measured by."""
    if np.isnan(points_px).all():
        raise InputError(f"{where}: no landmark is annotated")
    if np.array_equal(points_px[RIGHT_OUTER_EYE_CORNER], points_px[LEFT_OUTER_EYE_CORNER]):
        raise InputError(f"{where}: the outer eye corners (36 and 45) coincide, errors have no unit")


def _lines(path: Path) -> list[str]:
    if not is_file(path):
        raise InputError(f"{path}: no such labels file")
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not a text file in UTF-8 ({error.reason})") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def _parse(line: str, folder: Path, where: str) -> LabelledFace:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise InputError(f"{where}: not JSON: {error.msg} at column {error.colno}") from error
    except (ValueError, RecursionError) as error:  # a whole number of thousands of digits, brackets by the thousand
        raise InputError(f"{where}: not JSON that can be read: {error}") from error
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
        visible=_visible(row, where),
        video_frame=_video_frame(row, where),
        box=_box(row, where),
        yaw_rad=_yaw(row, where),
    )


def _row(face: LabelledFace, folder: Path) -> dict[str, Any]:
    row: dict[str, Any] = {
        "image": Path(os.path.relpath(face.image_path.resolve(), folder)).as_posix(),
        "source": face.source,
        "points": [
            [round(float(x), 3), round(float(y), 3)] if known else None
            for (x, y), known in zip(face.points_px, face.annotated, strict=True)
        ],
    }
    for field in ("identity", "sequence", "frame", "video_frame"):
        if (value := getattr(face, field)) is not None:
            row[field] = value
    if face.visible is not None:
        row["visible"] = face.visible.astype(int).tolist()
    if face.box is not None:
        row["box"] = [round(value, 3) for value in (face.box.x, face.box.y, face.box.width, face.box.height)]
    if face.yaw_rad is not None:
        row["yaw_rad"] = round(face.yaw_rad, 5)
    return row


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


def _video_frame(row: dict[str, Any], where: str) -> int | None:
    value = _whole_number(row, "video_frame", where)
    if value is not None and value < 0:
        raise InputError(f'{where}: field "video_frame" counts from 0, found {value}')
    return value


def _points(row: dict[str, Any], where: str) -> FloatArray:
    if "points" not in row:
        raise InputError(f'{where}: field "points" is missing')
    value = row["points"]
    if not isinstance(value, list):
        raise InputError(f'{where}: field "points" must be a list of [x, y] numbers')
    unknown = [entry is None for entry in value]
    try:
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is refused below
            points = np.array([[0.0, 0.0] if entry is None else entry for entry in value], dtype=np.float32)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f'{where}: field "points" must be a list of [x, y] numbers') from error
    if points.shape != (LANDMARK_COUNT, 2):
        raise InputError(f'{where}: field "points" must hold {LANDMARK_COUNT} pairs [x, y], found shape {points.shape}')
    if not np.isfinite(points).all():
        raise InputError(
            f'{where}: field "points" holds a value that is not a finite number (null stands for "not annotated")'
        )
    points[unknown] = np.nan
    check_points(points, f'{where}: field "points"')
    return points


def _visible(row: dict[str, Any], where: str) -> NDArray[np.bool_] | None:
    value = row.get("visible")
    if value is None:
        return None
    # JSON's true and false equal 1 and 0.
    if not isinstance(value, list) or len(value) != LANDMARK_COUNT or any(entry not in (0, 1) for entry in value):
        raise InputError(f'{where}: field "visible" must hold {LANDMARK_COUNT} times 0 or 1')
    return np.array(value, dtype=np.bool_)


def _box(row: dict[str, Any], where: str) -> Box | None:
    value = row.get("box")
    if value is None:
        return None
    numbers = isinstance(value, list) and all(type(entry) in (int, float) for entry in value)
    if not numbers or len(value) != 4 or not all(map(_is_finite, value)) or min(value[2:]) <= 0:
        raise InputError(f'{where}: field "box" must be [x, y, width, height] with a positive size, found {value!r}')
    return Box(*map(float, value))


def _yaw(row: dict[str, Any], where: str) -> float | None:
    value = row.get("yaw_rad")
    if value is None:
        return None
    if type(value) not in (int, float) or not 0 <= value <= math.pi:
        raise InputError(f'{where}: field "yaw_rad" must be a number from 0 to pi, found {value!r}')
    return float(value)


def _is_finite(value: float) -> bool:
    """Whether `value` is a number that a float can hold; JSON's whole numbers know no limit."""
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
