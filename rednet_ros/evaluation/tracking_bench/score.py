"""What a tracker got wrong in clips whose faces are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from rednet_ros.evaluation.tracking_bench.canvas import Shown
from rednet_ros.tracking.types import Box, Face

SAME_FACE = 0.3
"""A returned face is the nearest one shown, if its landmarks are nearer than this on average: a share of that one's
side."""

MIN_SHOWN, MIN_CLEAR = 0.05, 0.7
"""A face of which less shows need not be found, but may; one of which so much shows must be."""

SETTLE_S = 0.4
"""So long after a face has come into clear view it must be there: found by the detector, and confirmed."""

EPSILON_S = 1e-6
"""Times of frames are sums of fractions."""


@dataclass
class Counts:
    """Of one or several clips; all count frames, faces or events.

    `frames`; `clear`: faces in clear view for long enough to be found, of which `found` were. `switches`: ids that went
    from one person to another. `renewals`: new ids for a person who had one. `births`: ids that began where no face is.
    `astray`: returned faces that lie on none (births among them). `losses`: faces in clear view that were found and
    then not, each time anew.
    """

    clips: int = 0
    frames: int = 0
    clear: int = 0
    found: int = 0
    switches: int = 0
    renewals: int = 0
    births: int = 0
    astray: int = 0
    losses: int = 0

    def __iadd__(self, other: Counts) -> Counts:
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))
        return self


class Score:
    """Compares a tracker's answers with the truth, frame by frame, of one clip."""

    def __init__(self) -> None:
        self.counts = Counts(clips=1)
        self.events: list[str] = []
        self._owner: dict[str, int] = {}
        self._id_of: dict[int, str] = {}
        self._seen: set[str] = set()
        self._clear_since_s: dict[int, float] = {}
        self._was_found: set[int] = set()

    def add(self, shown: Sequence[Shown], faces: Sequence[Face], time_s: float) -> None:
        """One more frame: what it shows, what the tracker returned for it, and its time in the clip."""
        frame = self.counts.frames
        self.counts.frames += 1
        owners = {face.id: nearest_person(face, shown) for face in faces}
        for face_id, person in owners.items():
            if person is None:
                self.counts.astray += 1
                if face_id not in self._seen:
                    self._event(frame, "births", f"{face_id} begins where no face is")
            else:
                self._follow(frame, face_id, person)
            self._seen.add(face_id)
        self._check_presence(frame, time_s, shown, {person for person in owners.values() if person is not None})

    def _follow(self, frame: int, face_id: str, person: int) -> None:
        before = self._owner.get(face_id)
        if before is not None and before != person:
            self._event(frame, "switches", f"{face_id} goes from person {before} to person {person}")
        elif self._id_of.get(person, face_id) != face_id:
            self._event(frame, "renewals", f"person {person} was {self._id_of[person]}, is {face_id}")
        self._owner[face_id] = person
        self._id_of[person] = face_id

    def _check_presence(self, frame: int, time_s: float, shown: Sequence[Shown], found: set[int]) -> None:
        clear = {face.person for face in shown if face.visible >= MIN_CLEAR}
        self._clear_since_s = {person: self._clear_since_s.get(person, time_s) for person in clear}
        for person, since_s in self._clear_since_s.items():
            if time_s - since_s < SETTLE_S - EPSILON_S:
                continue
            self.counts.clear += 1
            self.counts.found += person in found
            if person in self._was_found and person not in found:
                self._event(frame, "losses", f"person {person} is lost")
        self._was_found = found & clear

    def _event(self, frame: int, kind: str, text: str) -> None:
        setattr(self.counts, kind, getattr(self.counts, kind) + 1)
        self.events.append(f"frame {frame}: {text}")


def nearest_person(face: Face, shown: Sequence[Shown]) -> int | None:
    """Whom of those shown a returned face is on; None for nobody."""
    distances = {
        one.person: float(np.linalg.norm(face.landmarks_px - one.points_px, axis=1).mean()) / _side(one)
        for one in shown
        if one.visible >= MIN_SHOWN
    }
    nearest = min(distances, key=lambda person: distances[person], default=None)
    return nearest if nearest is not None and distances[nearest] <= SAME_FACE else None


def _side(shown: Shown) -> float:
    box = Box.around(shown.points_px)
    return max(box.width, box.height, 1.0)
