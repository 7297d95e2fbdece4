"""The .pts files of iBUG and FGNET, and any folder of images with one beside each: the user's own annotations.

A header, and one point a line between braces:

version: 1
n_points: 68
{
36.5 81.0
...
}
"""

from __future__ import annotations

import logging
import math
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rednet_ros.errors import InputError
from rednet_ros.files import list_files
from rednet_ros.landmarks import LANDMARK_COUNT
from rednet_ros.media.images import IMAGE_SUFFIXES
from rednet_ros.tracking.types import FloatArray
from rednet_ros.training.datasets.labels import LabelledFace, check_points

logger = logging.getLogger(__name__)

LAYOUT = "images (.jpg, .png ...) with a .pts file of the same name beside each, in any subfolders"


def load(folder: Path) -> list[LabelledFace]:
    """Faces of `folder`, their source the folder's name.

    Images named by a number alone are the frames of a sequence, one a subfolder. Coordinates count from 1, as in all
    of iBUG's files. Raises InputError for no pairs at all, and as `find_pairs` and `read_pts` do.
    """
    source = folder.resolve().name
    faces = []
    for image, file in find_pairs(folder):
        points_px = read_pts(file, first_pixel=1)
        check_points(points_px, str(file))
        frame = int(image.stem) if image.stem.isdecimal() else None
        sequence = None if frame is None else "/".join((source, *image.relative_to(folder).parts[:-1]))
        faces.append(LabelledFace(image, points_px, source, sequence=sequence, frame=frame))
    if not faces:
        raise InputError(f"{folder}: no annotated image found; expected {LAYOUT}")
    return faces


def read_pts(path: Path, first_pixel: int) -> FloatArray:
    """The 68 points of a file in their order, 68 x 2 float32 (x, y), pixel centres at integers.

    `first_pixel`: the file's coordinate of the first pixel's centre, 1 for what MATLAB wrote (all of iBUG's sets).
    Points may lie outside the image. Empty lines, comments (# and //) and Windows line ends are accepted. Raises
    InputError naming file and line for anything else, and for another number of points.
    """
    points: list[tuple[float, float]] = []
    announced: str | None = None
    inside = False
    for number, text in _content(path):
        if text == "}" and inside:
            break
        if inside:
            points.append(_point(text, f"{path}, line {number}"))
        elif text == "{":
            inside = True
        elif text.lower().startswith("n_points"):
            announced = text.partition(":")[2].strip()
    else:
        raise InputError(
            f"{path}: no {'closing' if inside else 'opening'} brace; the file is cut short or no .pts file"
        )
    if announced is not None and announced != str(len(points)):
        raise InputError(f"{path}: announces {announced} points and holds {len(points)}")
    if len(points) != LANDMARK_COUNT:
        raise InputError(f"{path}: holds {len(points)} points, expected {LANDMARK_COUNT}")
    return np.array(points, dtype=np.float32) - np.float32(first_pixel)


def find_pairs(folder: Path) -> list[tuple[Path, Path]]:
    """All (image, point file) of the same name in the same folder, anywhere below `folder`, sorted.

    Images without points are not used, with a warning that counts them. Raises InputError if there is no pair, or
    a point file has no image.
    """
    images: dict[Path, list[Path]] = defaultdict(list)
    point_files = []
    for path in list_files(folder, below=True):
        if path.suffix.lower() in IMAGE_SUFFIXES:
            images[path.with_suffix("")].append(path)
        elif path.suffix.lower() == ".pts":
            point_files.append(path)
    pairs = []
    for file in point_files:
        candidates = images.pop(file.with_suffix(""), [])
        if not candidates:
            raise InputError(f"{file}: no image of this name beside it (looked for {', '.join(IMAGE_SUFFIXES)})")
        pairs.append((min(candidates, key=lambda image: IMAGE_SUFFIXES.index(image.suffix.lower())), file))
    if images and pairs:
        logger.warning("%s: %d images have no .pts file and are not used", folder, len(images))
    return pairs


def _content(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines without comments and empty ones."""
    try:
        lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    for number, line in enumerate(lines, 1):
        if text := line.partition("#")[0].partition("//")[0].strip():
            yield number, text


def _point(text: str, where: str) -> tuple[float, float]:
    try:
        x, y = map(float, text.split())
    except ValueError as error:
        raise InputError(f"{where}: expected two numbers, found {text!r}") from error
    if not (math.isfinite(x) and math.isfinite(y)):
        raise InputError(f"{where}: {text!r} is no position")
    return x, y
