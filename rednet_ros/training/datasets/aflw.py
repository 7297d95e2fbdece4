"""AFLW: faces in a SQLite file with up to 21 points each, those that are seen; images from Flickr beside it."""

from __future__ import annotations

import logging
import math
import sqlite3
from contextlib import closing
from pathlib import Path

from rednet_ros.errors import InputError
from rednet_ros.tracking.types import Box
from rednet_ros.training.datasets.labels import LabelledFace, among_68, check_points

logger = logging.getLogger(__name__)

LAYOUT = """the unpacked archives, aflw.sqlite in the folder or in its data/, and the images:
  data/aflw.sqlite  data/flickr/0/image00002.jpg ...  data/flickr/2/ ...  data/flickr/3/ ..."""

MARKUP: dict[int, str] = {
    8: "ChinCenter",
    17: "LeftBrowLeftCorner",
    19: "LeftBrowCenter",
    21: "LeftBrowRightCorner",
    22: "RightBrowLeftCorner",
    24: "RightBrowCenter",
    26: "RightBrowRightCorner",
    30: "NoseCenter",
    31: "NoseLeft",
    35: "NoseRight",
    36: "LeftEyeLeftCorner",
    39: "LeftEyeRightCorner",
    42: "RightEyeLeftCorner",
    45: "RightEyeRightCorner",
    48: "MouthLeftCorner",
    54: "MouthRightCorner",
}
"""Index of the 68 landmarks -> AFLW's name. AFLW's left is the viewer's, so its left eye is the person's right."""

UNUSED = ("LeftEyeCenter", "RightEyeCenter", "LeftEar", "RightEar", "MouthCenter")
"""AFLW's points that are none of the 68."""

_FEWEST_POINTS = 2
"""One alone says where the face is, but not how large."""

_DATABASES = ("aflw.sqlite", "data/aflw.sqlite", "aflw/data/aflw.sqlite")
_IMAGE_FOLDERS = ("data/flickr", "flickr", "aflw/data/flickr", "Images/aflw/data/flickr", ".")

_Row = tuple[int, str, float | None, float | None, float | None, float | None, float | None]
"""Number, image, box (x, y, width, height) and yaw of a face."""

_FACES = """
    SELECT Faces.face_id, FaceImages.filepath, FaceRect.x, FaceRect.y, FaceRect.w, FaceRect.h, FacePose.yaw
    FROM Faces
    JOIN FaceImages ON FaceImages.file_id = Faces.file_id
    LEFT JOIN FaceRect ON FaceRect.face_id = Faces.face_id
    LEFT JOIN FacePose ON FacePose.face_id = Faces.face_id
    GROUP BY Faces.face_id ORDER BY Faces.face_id
"""
_POINTS = """
    SELECT FeatureCoords.face_id, FeatureCoordTypes.descr, FeatureCoords.x, FeatureCoords.y
    FROM FeatureCoords JOIN FeatureCoordTypes ON FeatureCoordTypes.feature_id = FeatureCoords.feature_id
"""


def load(folder: Path) -> list[LabelledFace]:
    """Faces with at least two of the 16 corresponding points; hidden points are absent from AFLW and NaN here.

    `box` is AFLW's square around the face, `yaw_rad` the size of its yaw. Raises InputError for a folder without
    database or images, and a database that is not AFLW's.
    """
    database = next((file for name in _DATABASES if (file := folder / name).is_file()), None)
    if database is None:
        raise InputError(f"{folder}: no aflw.sqlite found; expected {LAYOUT}")
    try:
        with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            rows = connection.execute(_FACES).fetchall()
            points = _points_by_face(connection)
    except sqlite3.Error as error:
        raise InputError(f"{database}: not the database of AFLW, or damaged: {error}") from error
    usable = [row for row in rows if len(points.get(row[0], [])) >= _FEWEST_POINTS]
    if not usable:
        raise InputError(f"{database}: holds no face with landmarks")
    if len(usable) < len(rows):
        logger.warning("%s: %d faces with fewer than two landmarks are not used", database, len(rows) - len(usable))
    images = _image_folder(folder, usable[0][1])
    return [_face(row, points[row[0]], images, database) for row in usable]


def _points_by_face(connection: sqlite3.Connection) -> dict[int, list[tuple[int, float, float]]]:
    index_of = {name: index for index, name in MARKUP.items()}
    points: dict[int, list[tuple[int, float, float]]] = {}
    for face_id, name, x, y in connection.execute(_POINTS):
        if name in index_of:
            points.setdefault(face_id, []).append((index_of[name], x, y))
    return points


def _image_folder(folder: Path, first_image: str) -> Path:
    for name in _IMAGE_FOLDERS:
        if (folder / name / first_image).is_file():
            return folder / name
    raise InputError(f"{folder}: the image {first_image} of the database is in none of {', '.join(_IMAGE_FOLDERS)}")


def _face(row: _Row, points: list[tuple[int, float, float]], images: Path, database: Path) -> LabelledFace:
    face_id, name, *rectangle, yaw_rad = row
    points_px = among_68(points)
    check_points(points_px, f"{database}, face {face_id}")
    return LabelledFace(
        images / name,
        points_px,
        "aflw",
        box=_box(*rectangle),
        yaw_rad=None if yaw_rad is None else min(abs(yaw_rad), math.pi),
    )


def _box(x: float | None, y: float | None, width: float | None, height: float | None) -> Box | None:
    if x is None or y is None or not width or not height or min(width, height) < 0:
        return None
    return Box(x, y, width, height)
