"""Faces cut from video, put in order: which follow each other, and in what sequence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from rednet_ros.training.datasets.labels import LabelledFace


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
