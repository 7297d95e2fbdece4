"""The file of people whom the robot may remember: written by rednet-enroll and ~/enroll alone, read at the start.

{"format": "rednet-people-1", "recognizer": "dlib", "people": {"anna": [[0.1, ...], ...]}}, vectors of unit length.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from rednet_ros.errors import InputError
from rednet_ros.files import user_path
from rednet_ros.tracking.recognition.portrait import KNOWN_FRAMES, Portrait
from rednet_ros.tracking.recognition.recognizer import Recognizer
from rednet_ros.tracking.types import FloatArray

FORMAT = "rednet-people-1"

_DECIMALS = 5


@dataclass(frozen=True)
class People:
    """Enrolled people: by name a few vectors of unit length, D float32 each, made by the recogniser of this name."""

    recognizer: str
    vectors: Mapping[str, Sequence[FloatArray]] = field(repr=False)


def check_name(name: str) -> None:
    """Raises InputError for what cannot be a person's id: it becomes part of topics and TF frames, and those of the
    tracker are f1, f2 ..."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) or re.fullmatch(r"f[0-9]+", name):
        raise InputError(
            f"a person cannot be called {name!r}: take letters of a to z, digits and _, a letter first, and not a name "
            "like f1"
        )


def read_people(path: str | Path) -> People:
    """The people in a file. Raises InputError where there is no such file, or it is damaged."""
    path = user_path(path)
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if told["format"] != FORMAT:
            raise InputError(f"people file {path}: its format is {told['format']!r}, not {FORMAT!r}")
        vectors = {name: [_unit(row) for row in rows] for name, rows in told["people"].items()}
        for name in vectors:
            check_name(name)
        return People(str(told["recognizer"]), vectors)
    except OSError as error:
        raise InputError(f"people file {path}: {error.strerror}; rednet-enroll makes one") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"people file {path} is damaged ({type(error).__name__}: {error}): enroll anew") from error


def enrolled_with(path: str | Path, recognizer: str) -> People:
    """Those in a file to whom somebody may be added; nobody, where there is none yet.

    Raises InputError where the file is damaged, or its people were enrolled with another recogniser.
    """
    if not user_path(path).exists():
        return People(recognizer, {})
    people = read_people(path)
    if people.recognizer != recognizer:
        raise InputError(
            f"people file {path}: they were enrolled with the recognizer {people.recognizer}, not {recognizer}; "
            "choose that one, or another file"
        )
    return people


def write_people(path: str | Path, people: People) -> None:
    """Replace the file, which only its owner may read from then on."""
    path = user_path(path)
    rows = {
        name: [[round(float(value), _DECIMALS) for value in one] for one in views]
        for name, views in people.vectors.items()
    }
    text = json.dumps({"format": FORMAT, "recognizer": people.recognizer, "people": rows}, indent=None)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text.replace('"people": {', '"people": {\n').replace("]], ", "]],\n") + "\n")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def load_people(path: str | Path, recognizer: Recognizer) -> dict[str, Portrait]:
    """The portraits of the people in a file. Raises InputError as `enrolled_with`."""
    people = enrolled_with(path, recognizer.name)
    portraits = {name: as_portrait([(one, 1.0) for one in views], recognizer) for name, views in people.vectors.items()}
    return {name: replace(one, frames=max(one.frames, KNOWN_FRAMES)) for name, one in portraits.items()}


def as_portrait(views: Sequence[tuple[FloatArray, float]], recognizer: Recognizer) -> Portrait:
    """Of a person with these vectors of unit length, and how well each shows them, 0..1."""
    portrait = Portrait()
    for vector, quality in views:
        portrait = portrait.with_look(vector) if recognizer.looks else portrait.with_view(vector, quality)
    return portrait


def _unit(row: Sequence[float]) -> FloatArray:
    vector = np.asarray(row, np.float32)
    length = float(np.linalg.norm(vector))
    if vector.ndim != 1 or not np.isfinite(length) or length == 0:
        raise ValueError("a vector is none")
    return vector / np.float32(length)
