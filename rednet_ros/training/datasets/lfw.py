"""Labeled Faces in the Wild with the ten facial features that Dantone et al. (CVPR 2012) annotated.

The seven points that the paper trained on are not known to be public; these ten include all of them but the nose tip.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rednet_ros.errors import InputError
from rednet_ros.tracking.types import Box
from rednet_ros.training.datasets.labels import LabelledFace, among_68, check_points

ANNOTATION_FILE = "lfw_ffd_ann.txt"
LAYOUT = f"{ANNOTATION_FILE}, and beside it the images in lfw/Person/Person_0001.jpg or Person/Person_0001.jpg"

MARKUP: tuple[int, ...] = (36, 39, 48, 54, 57, 51, 42, 45, 31, 35)
"""Index among the 68 of each point of a line, in its order: left eye's left and right corner, mouth's left and right
corner, outer lower and outer upper lip, right eye's left and right corner, nose's left and right wing. Left is the
viewer's."""

_BOX, _POSE_AND_COUNT = 4, 2
_IMAGE_FOLDERS = ("lfw", ".", "lfw_funneled", "lfw-deepfunneled")


def load(folder: Path) -> list[LabelledFace]:
    """Faces of the annotation file, `identity` the person's folder, `box` the file's face box.

    Positions in the file are relative to that box, from 0. Raises InputError naming file and line for what cannot be
    used, and for eyes on the wrong sides (a file of another convention).
    """
    file = folder / ANNOTATION_FILE
    if not file.is_file():
        raise InputError(f"{file}: no such file; expected {LAYOUT}")
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    rows = [(number, line.split()) for number, line in enumerate(lines, 1) if _is_row(line)]
    if not rows:
        raise InputError(f"{file}: holds no annotated image")
    images = next((folder / name for name in _IMAGE_FOLDERS if (folder / name / rows[0][1][0]).is_file()), None)
    if images is None:
        raise InputError(f"{folder}: the image {rows[0][1][0]} is not there; expected {LAYOUT}")
    faces = [_face(words, images, f"{file}, line {number}") for number, words in rows]
    if np.median([face.points_px[45, 0] - face.points_px[36, 0] for face in faces]) < 0:
        raise InputError(f"{file}: the left eye lies right of the right one; expected the viewer's sides")
    return faces


def _is_row(line: str) -> bool:
    """Whether a line is an image's: the file begins with lines that explain it."""
    words = line.split()
    return bool(words) and words[0].lower().endswith((".jpg", ".jpeg", ".png"))


def _face(words: list[str], images: Path, where: str) -> LabelledFace:
    try:
        numbers = np.array(words[1:], dtype=np.float64)
    except ValueError as error:
        raise InputError(f"{where}: expected numbers behind the image's name") from error
    expected = _BOX + _POSE_AND_COUNT + 2 * len(MARKUP)
    if len(numbers) != expected or not np.isfinite(numbers).all():
        raise InputError(f"{where}: expected {expected} numbers behind the image's name, found {len(numbers)}")
    x, y, width, height = numbers[:_BOX]
    if width <= 0 or height <= 0:
        raise InputError(f"{where}: the face's box has no size")
    points = numbers[_BOX + _POSE_AND_COUNT :].reshape(-1, 2) + np.array([x, y])
    points_px = among_68((index, *point) for index, point in zip(MARKUP, points, strict=True))
    check_points(points_px, where)
    box = Box(float(x), float(y), float(width), float(height))
    return LabelledFace(images / words[0], points_px, "lfw", identity=Path(words[0]).parent.name or None, box=box)
