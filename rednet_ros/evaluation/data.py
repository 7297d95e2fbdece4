"""The labelled faces that `rednet-evaluate` is given: data sets, their splits, groups for the tables, and sequences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import radians
from pathlib import Path
from typing import Protocol, TypeVar

from rednet_ros.errors import InputError
from rednet_ros.training.datasets import LOADERS, open_dataset
from rednet_ros.training.datasets.annotation import Unit, choose_unit, estimated_yaw_rad
from rednet_ros.training.datasets.exif_rotation import as_shown
from rednet_ros.training.datasets.labels import LabelledFace, is_validation, read_labels
from rednet_ros.training.datasets.splits import is_kept_apart

COMMON_YAW_DEG = 30.0
"""Faces turned by less are the paper's common setting (section 5.3), the others the challenging one."""

TITLES = {"aflw": "AFLW", "300vw": "300-VW", "talking-face": "TF", "300w": "300-W", "helen": "Helen", "lfpw": "LFPW"}
"""Format -> the data set's name in the tables."""

SCENARIOS = {"300vw_1": "common", "300vw_2": "challenging", "300vw_3": "challenging"}
"""Source of a 300-VW video -> the paper's group (section 5.4)."""


@dataclass(frozen=True)
class DataSet:
    """The faces of one argument. `name`: the group's name if the user gave one, `title`: what to call it otherwise."""

    name: str | None
    title: str
    faces: tuple[LabelledFace, ...]
    unit: Unit

    @property
    def is_video(self) -> bool:
        """Whether every face belongs to a sequence."""
        return all(face.sequence is not None for face in self.faces)


def open_data(argument: str, split: str, unit: Unit | None, stored_pixels: bool = False) -> DataSet:
    """The data set of an argument `[NAME=][FORMAT:]PATH`; a file is a labels file whatever its name.

    `stored_pixels`: see `as_shown`.

    Raises InputError for what cannot be read, and where nothing of the split is left or no error can be measured.
    """
    name, spec = _named(argument)
    path = Path(spec)
    is_labels = path.suffix == ".jsonl" or path.is_file()
    faces = select(read_labels(path) if is_labels else open_dataset(spec), split)
    if not faces:
        raise InputError(f"{spec}: holds no face of the split {split!r}")
    faces = as_shown(faces, stored_pixels)
    return DataSet(name, _title(spec), tuple(faces), choose_unit(faces, unit))


def joined(data: Sequence[DataSet], unit: Unit | None) -> DataSet:
    """Several data sets as one, measured in one unit."""
    if len(data) == 1:
        return data[0]
    faces = [face for part in data for face in part.faces]
    return DataSet(None, " + ".join(part.name or part.title for part in data), tuple(faces), choose_unit(faces, unit))


def select(faces: Sequence[LabelledFace], split: str) -> list[LabelledFace]:
    """The faces of the split: all, validation, train or apart."""
    if split == "all":
        return list(faces)
    if split == "apart":
        return [face for face in faces if is_kept_apart(face)]
    return [face for face in faces if is_validation(face) == (split == "validation")]


def group_by_yaw(face: LabelledFace) -> str:
    """The group of tables 6 and 7 that a face belongs to, by the data set's yaw or else by its landmarks."""
    yaw_rad = estimated_yaw_rad(face.points_px) if face.yaw_rad is None else face.yaw_rad
    return "common" if yaw_rad < radians(COMMON_YAW_DEG) else "challenging"


def group_by_scenario(face: LabelledFace) -> str | None:
    """The group of table 8 that a face belongs to; None for one that is in no official category of 300-VW."""
    return SCENARIOS.get(face.source)


class OfFace(Protocol):
    """Something that belongs to one annotated face."""

    @property
    def face(self) -> LabelledFace: ...


Entry = TypeVar("Entry", bound=OfFace)


def in_sequences(entries: Iterable[Entry]) -> list[list[Entry]]:
    """The entries of each sequence by frame number, sequences in the order in which they first occur.

    Two people in one video are two sequences. A face without a frame number follows the row before it; faces that
    belong to no sequence are left out.
    """
    found: dict[tuple[str, str, str | None], list[tuple[int, Entry]]] = {}
    for entry in entries:
        face = entry.face
        if face.sequence is not None:
            rows = found.setdefault((face.source, face.sequence, face.identity), [])
            rows.append((len(rows) if face.frame is None else face.frame, entry))
    return [[entry for _, entry in sorted(rows, key=lambda row: row[0])] for rows in found.values()]


def runs(sequence: Sequence[Entry]) -> list[list[Entry]]:
    """A sequence from `in_sequences`, cut where its frame numbers skip one."""
    found: list[list[Entry]] = []
    for entry in sequence:
        before = found[-1][-1].face.frame if found else None
        frame = entry.face.frame
        if not found or (frame is not None and before is not None and frame != before + 1):
            found.append([])
        found[-1].append(entry)
    return found


def _named(argument: str) -> tuple[str | None, str]:
    name, equals, spec = argument.partition("=")
    if not equals or Path(argument).exists() or "/" in name or ":" in name:
        return None, argument
    if not name or not spec:
        raise InputError(f"{argument!r}: give a group as NAME=DATA")
    return name, spec


def _title(spec: str) -> str:
    form, colon, _ = spec.partition(":")
    if colon and form in LOADERS:
        return TITLES.get(form, form)
    path = Path(spec).resolve()
    return path.parent.name if path.name == "labels.jsonl" else path.stem
