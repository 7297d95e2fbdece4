"""Any folder of images with a .pts file beside each, at any depth: the user's own annotations in iBUG's format."""

from __future__ import annotations

from pathlib import Path

from rednet_ros.errors import InputError
from rednet_ros.training.datasets.labels import LabelledFace, check_points
from rednet_ros.training.datasets.pts import find_pairs, read_pts

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
