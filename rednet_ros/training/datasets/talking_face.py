"""The Talking Face video of FGNET: 5,000 frames of one person, marked up with the 68 points of XM2VTS.

These are 68 points too, but not iBUG's: neither the order nor all the places agree. 28 of them correspond.
"""

from __future__ import annotations

import logging
from pathlib import Path

from rednet_ros.errors import InputError
from rednet_ros.files import list_files
from rednet_ros.media.images import IMAGE_SUFFIXES
from rednet_ros.training.datasets.labels import LabelledFace, among_68, check_points
from rednet_ros.training.datasets.pts import read_pts

logger = logging.getLogger(__name__)

LAYOUT = "the unpacked archives: franck_00000.jpg ... and franck_00000.pts ..., in one folder or in several"

MARKUP: dict[int, int] = {
    8: 7,  # tip of the chin; the jaw's other points are spaced differently (15 against 17)
    17: 21,  # ends of the brows; what lies between them is spaced differently
    21: 24,
    22: 18,
    26: 15,
    30: 67,  # tip of the nose; XM2VTS has no points on its ridge
    31: 39,  # base of the nose, from wing to wing
    32: 40,
    33: 41,
    34: 42,
    35: 43,
    36: 27,  # corners of the eyes; the lids have one point each, in the middle, where iBUG has two
    39: 29,
    42: 34,
    45: 32,
    **{index: index for index in range(48, 60)},  # outer lip line: the same points in the same order
    66: 61,  # middle of the lower lip's inner line; sources disagree on which point is the upper lip's
}
"""Index of the 68 iBUG landmarks -> index of the file's point (both from 0)."""


def load(folder: Path) -> list[LabelledFace]:
    """The frames whose image and points are both there, in order; `sequence` talking_face, `identity` franck.

    Coordinates count from 0 in the files. Raises InputError if there are none, and as `read_pts`.
    """
    frames = [path for path in list_files(folder, below=True) if path.stem.startswith("franck_")]
    images = {path.stem: path for path in frames if path.suffix.lower() in IMAGE_SUFFIXES}
    files = {path.stem: path for path in frames if path.suffix.lower() == ".pts"}
    faces = [_face(images[stem], files[stem]) for stem in sorted(images.keys() & files.keys())]
    if not faces:
        raise InputError(f"{folder}: no frame of the Talking Face video with its points found; expected {LAYOUT}")
    if incomplete := len(images.keys() ^ files.keys()):
        logger.warning("%s: %d frames lack their image or their points and are not used", folder, incomplete)
    return faces


def _face(image: Path, file: Path) -> LabelledFace:
    number = image.stem.rpartition("_")[2]
    if not number.isdecimal():
        raise InputError(f"{image}: expected the number of a frame at the end of its name")
    points = read_pts(file, first_pixel=0)
    points_px = among_68((index, *points[theirs]) for index, theirs in MARKUP.items())
    check_points(points_px, str(file))
    return LabelledFace(image, points_px, "talking_face", "franck", "talking_face", int(number))
