"""Data sets as their publishers distribute them, read in place: a format and a folder in, labelled faces out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rednet_ros.errors import InputError
from rednet_ros.training.datasets import aflw, ibug_300vw, ibug_300w, lfw, pts, talking_face
from rednet_ros.training.datasets.labels import LabelledFace, read_labels

LABELS = "labels"
"""The format of a labels file; a path that ends in .jsonl needs no format before it."""


def _load_labels(path: Path) -> list[LabelledFace]:
    return read_labels(path / "labels.jsonl" if path.is_dir() else path)


LOADERS: dict[str, Callable[[Path], list[LabelledFace]]] = {
    LABELS: _load_labels,
    "300w": ibug_300w.load,
    "300vw": ibug_300vw.load,
    "helen": ibug_300w.load_helen,
    "lfpw": ibug_300w.load_lfpw,
    "aflw": aflw.load,
    "lfw": lfw.load,
    "talking-face": talking_face.load,
    "pts": pts.load,
}
"""Format -> its loader. Each takes the folder and raises InputError saying what it expected there."""


def open_dataset(spec: str) -> list[LabelledFace]:
    """The faces of a data set, given as `[format:]path`, such as `300w:data/300w` or `renders/labels.jsonl`.

    No image is opened and nothing is copied; `pictures` reads the pixels. Raises InputError for an unknown format, a
    path that does not exist, and a folder that does not look like the format.
    """
    name, path = _split(spec)
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    if name != LABELS and not path.is_dir():
        raise InputError(f"{path}: expected the folder of the data set {name}, this is a file")
    return LOADERS[name](path)


def _split(spec: str) -> tuple[str, Path]:
    name, colon, path = spec.partition(":")
    if colon and name in LOADERS:
        if not path:
            raise InputError(f"{spec!r}: the path is missing behind the format, such as {name}:FOLDER")
        return name, Path(path)
    whole = Path(spec)
    if whole.suffix == ".jsonl":
        return LABELS, whole
    known = ", ".join(LOADERS)
    if whole.exists() or not colon:
        raise InputError(f"{spec!r}: say its format, as in 300w:{spec}; the formats are {known}")
    raise InputError(f"{spec!r}: unknown format {name!r}; the formats are {known}")
