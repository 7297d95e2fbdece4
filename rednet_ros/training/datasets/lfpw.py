"""LFPW with the 68 points of 300-W. Its original form is a list of web addresses, many of them gone."""

from __future__ import annotations

from pathlib import Path

from rednet_ros.errors import InputError
from rednet_ros.training.datasets import ibug_300w
from rednet_ros.training.datasets.labels import LabelledFace
from rednet_ros.training.datasets.pts import find_pairs

LAYOUT = (
    "trainset/*.png and testset/*.png (or one of them) with a .pts file beside each, as in the lfpw archive of 300-W"
)


def load(folder: Path) -> list[LabelledFace]:
    """Faces with sources 300w_lfpw and 300w_lfpw_test.

    Raises InputError for the original lists of addresses, and as `ibug_300w.load_as`.
    """
    if any(folder.glob("*.csv")) and not find_pairs(folder):
        raise InputError(
            f"{folder}: these are LFPW's original lists, which hold web addresses and 29 other points. "
            f"Take the re-annotation of 300-W: {LAYOUT}"
        )
    return ibug_300w.load_as(folder, "300w_lfpw", LAYOUT)
