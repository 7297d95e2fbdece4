"""The files of a folder tree."""

from __future__ import annotations

import os
from pathlib import Path


def files_below(folder: Path) -> list[Path]:
    """All files below `folder`, sorted. Folders that are symbolic links are entered, too, but each folder only once."""
    entered: set[str] = set()
    files: list[Path] = []
    for root, folders, names in os.walk(folder, followlinks=True):
        place = os.path.realpath(root)
        if place in entered:  # a link to a folder around it has no end
            folders.clear()
            continue
        entered.add(place)
        files += [Path(root, name) for name in names]
    return sorted(files)
