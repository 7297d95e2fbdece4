"""300-W and what it re-annotated: AFW, Helen, LFPW and IBUG, and the competition's own indoor and outdoor images.

Helen's own 194 points lie elsewhere on the face; LFPW's own form is a list of web addresses. Neither can be used.
"""

from __future__ import annotations

from pathlib import Path

from rednet_ros.errors import InputError
from rednet_ros.training.datasets.labels import LabelledFace, check_points
from rednet_ros.training.datasets.pts import find_pairs, read_pts

LAYOUT = """folders as in the official archives, any of them, each image with a .pts file beside it:
  afw/*.jpg  helen/{trainset,testset}/*.jpg  lfpw/{trainset,testset}/*.png  ibug/*.jpg
  300W/01_Indoor/indoor_*.png  300W/02_Outdoor/outdoor_*.png"""

HELEN_LAYOUT, LFPW_LAYOUT = (
    f"trainset/*.{suffix} and testset/*.{suffix} (or one of them) with a .pts file beside each, "
    f"as in the {name} archive of 300-W"
    for suffix, name in (("jpg", "helen"), ("png", "lfpw"))
)

FOLDERS = {
    "afw": "300w_afw",
    "helen": "300w_helen",
    "lfpw": "300w_lfpw",
    "ibug": "300w_ibug",
    "01_indoor": "300w_indoor",
    "02_outdoor": "300w_outdoor",
}
"""Folder name (in lower case) -> source; the nearest such folder above an image names its source."""

TRAINING_FOLDER, TEST_FOLDER = "trainset", "testset"
TEST_SUFFIX = "_test"
"""Images in a test folder (Helen, LFPW) have a source of their own, such as 300w_helen_test."""


def load(folder: Path) -> list[LabelledFace]:
    """Faces of 300-W, of the whole tree or a part of it. Raises InputError as `load_as`."""
    return load_as(folder, "300w", LAYOUT)


def load_helen(folder: Path) -> list[LabelledFace]:
    """Faces with sources 300w_helen and 300w_helen_test: the same images as of 300-W, so the same split.

    Raises InputError for Helen's original 194-point form, and as `load_as`.
    """
    if any((folder / "annotation").glob("*.txt")) and not find_pairs(folder):
        raise InputError(
            f"{folder}: these are Helen's original annotations; its 194 points do not contain the 68 landmarks. "
            f"Take the re-annotation of 300-W: {HELEN_LAYOUT}"
        )
    return load_as(folder, "300w_helen", HELEN_LAYOUT)


def load_lfpw(folder: Path) -> list[LabelledFace]:
    """Faces with sources 300w_lfpw and 300w_lfpw_test.

    Raises InputError for the original lists of addresses, and as `load_as`.
    """
    if any(folder.glob("*.csv")) and not find_pairs(folder):
        raise InputError(
            f"{folder}: these are LFPW's original lists, which hold web addresses and 29 other points. "
            f"Take the re-annotation of 300-W: {LFPW_LAYOUT}"
        )
    return load_as(folder, "300w_lfpw", LFPW_LAYOUT)


def load_as(folder: Path, source: str, layout: str) -> list[LabelledFace]:
    """Faces of `folder`; `source` is that of images whose folders do not name one.

    Coordinates count from 1 in the files and from 0 here. Raises InputError naming the `layout` when there are no
    pairs, and as `find_pairs` and `read_pts` do.
    """
    faces = []
    for image, file in find_pairs(folder):
        points_px = read_pts(file, first_pixel=1)
        check_points(points_px, str(file))
        faces.append(LabelledFace(image, points_px, source_of(image, folder, source)))
    if not faces:
        raise InputError(f"{folder}: no image with a .pts file found; expected {layout}")
    return faces


def source_of(image: Path, folder: Path, otherwise: str) -> str:
    """The source of an image, by the folders above it up to `folder`, or one more where that is half of a set."""
    path = folder.resolve() / image.relative_to(folder)
    part_of_a_set = folder.resolve().name.lower() in (TRAINING_FOLDER, TEST_FOLDER)
    depth = len(image.relative_to(folder).parts) + (1 if part_of_a_set else 0)
    names = [parent.name.lower() for parent in list(path.parents)[:depth]]
    source = next((FOLDERS[name] for name in names if name in FOLDERS), otherwise)
    return source + TEST_SUFFIX if TEST_FOLDER in names else source
