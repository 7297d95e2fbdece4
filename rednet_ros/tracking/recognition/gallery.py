"""Faces that left, until they return or are forgotten. In memory alone: nothing here is ever written anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rednet_ros.tracking.recognition.portrait import Portrait

MAX_DEPARTED = 64
"""Of more departed faces, those that left first are forgotten."""

MARGIN = 0.1
"""How much less similar the second best must be than the best: this share of what lies between threshold and 1."""


@dataclass(frozen=True)
class Departed:
    """A face that is not seen any more; `first_seen_s`, `last_seen_s` on the tracker's clock."""

    id: str
    portrait: Portrait
    first_seen_s: float
    last_seen_s: float

    def lived_beside(self, other: Departed) -> bool:
        """Whether both were seen at a time: then they are two people."""
        return self.first_seen_s <= other.last_seen_s and other.first_seen_s <= self.last_seen_s


class Gallery:
    """The departed faces, by id, at most `MAX_DEPARTED`."""

    def __init__(self) -> None:
        self._departed: dict[str, Departed] = {}

    def __len__(self) -> int:
        return len(self._departed)

    def __iter__(self) -> Iterator[Departed]:
        return iter(list(self._departed.values()))

    def add(self, face: Departed) -> None:
        """Remember a face that just left."""
        self._departed[face.id] = face
        while len(self._departed) > MAX_DEPARTED:
            del self._departed[min(self, key=lambda one: one.last_seen_s).id]

    def remove(self, face_id: str) -> None:
        """Forget one face, if it is here."""
        self._departed.pop(face_id, None)

    def forget_before(self, time_s: float) -> None:
        """Forget the faces last seen earlier."""
        self._departed = {face.id: face for face in self if face.last_seen_s >= time_s}

    def clear(self) -> None:
        """Forget all."""
        self._departed = {}


def best_match(portrait: Portrait, faces: Iterable[Departed], threshold: float) -> tuple[Departed, float] | None:
    """The one of `faces` that `portrait` shows, and the cosine of the two; None where nobody clearly is.

    It is as similar as `threshold` asks, and nobody who may be mistaken for it comes near. A face that may be the same
    person under another id (never seen beside it, and as similar to it as one person is to herself) does not count as
    such: whoever was once not recognised would never be recognised again.
    """
    ranked = [(portrait.likeness(face.portrait), face) for face in faces]
    ranked.sort(key=lambda one: (one[0], one[1].last_seen_s), reverse=True)
    if not ranked or not ranked[0][0] >= threshold:
        return None
    similarity, best = ranked[0]
    limit = similarity - MARGIN * (1.0 - threshold)
    for other_similarity, other in ranked[1:]:
        is_same = not other.lived_beside(best) and other.portrait.likeness(best.portrait) >= threshold
        if other_similarity > limit and not is_same:
            return None
    return best, similarity
