"""Helen with the 68 points of 300-W. Its own 194 points lie elsewhere on the face and cannot be used."""

from __future__ import annotations

from pathlib import Path

from rednet_ros.errors import InputError
from rednet_ros.training.datasets import ibug_300w
from rednet_ros.training.datasets.labels import LabelledFace
from rednet_ros.training.datasets.pts import find_pairs

LAYOUT = (
    "trainset/*.jpg and testset/*.jpg (or one of them) with a .pts file beside each, as in the helen archive of 300-W"
)


def load(folder: Path) -> list[LabelledFace]:
    """Faces with sources 300w_helen and 300w_helen_test: the same images as of 300-W, so the same split.

    Raises InputError for Helen's original 194-point form, and as `ibug_300w.load_as`.
    """
    if any((folder / "annotation").glob("*.txt")) and not find_pairs(folder):
        raise InputError(
            f"{folder}: these are Helen's original annotations; its 194 points do not contain the 68 landmarks. "
            f"Take the re-annotation of 300-W: {LAYOUT}"
        )
    return ibug_300w.load_as(folder, "300w_helen", LAYOUT)
