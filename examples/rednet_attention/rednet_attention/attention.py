"""Who looks at the robot, whose eyes are open, whose mouth moves: from tracked faces over time. No ROS here.

attention = AttentionTracker()
for faces, stamp_s in ...:
    for person in attention.update(faces, stamp_s):
        print(person.id, person.is_looking, person.eyes_open, person.mouth_moving)
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from rednet_attention.measures import (
    INNER_LIPS,
    LANDMARK_COUNT,
    LEFT_EYE,
    RIGHT_EYE,
    Points,
    angle_from_target_rad,
    eye_opening,
    mouth_opening,
)

_EYES = [*RIGHT_EYE, *LEFT_EYE]
_LIPS = [index for pair in INNER_LIPS for index in pair]


@dataclass(frozen=True)
class SeenFace:
    """One face in one image. `points_px`: 68 x 2; `point_confidence`: 68, 0..1; `position_m`, `orientation`: head pose
    in the camera's optical frame, orientation as quaternion (x, y, z, w), both None where there is no pose."""

    id: str
    points_px: Points
    point_confidence: Points
    position_m: tuple[float, float, float] | None = None
    orientation: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class Person:
    """What is known of one face now; None: not known."""

    id: str
    is_looking: bool | None
    eyes_open: bool | None
    mouth_moving: bool | None
    angle_rad: float | None
    """Between where the face points and the direction to the robot."""


@dataclass(frozen=True)
class AttentionSettings:
    """Where the lines are drawn. The two values of a pair are a hysteresis: a state begins at the first and ends at the
    second, so that noise about one line does not make it flap.

    `looking_rad`, `away_rad`: largest angle of somebody who looks. `target_m`: what is looked at, in the camera's
    optical frame (x right, y down, z forward). `shut_ratio`, `open_ratio`: opening of the eyes over the person's own
    usual one. `usual_opening_floor`: that is at least this, for people who arrive with shut eyes.
    `moving`, `still`: standard deviation of the mouth's opening within `mouth_window_s`. `memory_s`: how long the
    usual opening of eyes is remembered. `forget_s`: a face not seen for so long starts anew. `min_confidence`: mean
    confidence of the landmarks of eyes, or lips, below which nothing is said about them.
    """

    looking_rad: float = math.radians(20)
    away_rad: float = math.radians(25)
    target_m: tuple[float, float, float] = (0.0, 0.0, 0.0)
    shut_ratio: float = 0.65
    open_ratio: float = 0.75
    usual_opening_floor: float = 0.25
    moving: float = 0.03
    still: float = 0.02
    mouth_window_s: float = 1.0
    memory_s: float = 30.0
    forget_s: float = 2.0
    min_confidence: float = 0.3


@dataclass
class _Memory:
    """Of one face: samples as (stamp in seconds, value)."""

    seen_s: float
    eyes: deque[tuple[float, float]] = field(default_factory=deque)
    mouth: deque[tuple[float, float]] = field(default_factory=deque)
    is_looking: bool = False
    eyes_open: bool = True
    mouth_moving: bool = False


class AttentionTracker:
    """Remembers each face by its id. `update` takes the faces of one image after the other, oldest first."""

    def __init__(self, settings: AttentionSettings | None = None) -> None:
        self._settings = settings or AttentionSettings()
        self._memories: dict[str, _Memory] = {}
        self._last_s = -math.inf

    def update(self, faces: Sequence[SeenFace], stamp_s: float) -> list[Person]:
        """The people in the image of `stamp_s`, in the order of `faces`. A stamp older than the last one starts anew,
        as when a bag is replayed. Raises ValueError for a face whose points are not 68 x 2."""
        if stamp_s < self._last_s:
            self._memories.clear()
        self._last_s = stamp_s
        too_old_s = stamp_s - self._settings.forget_s
        self._memories = {name: memory for name, memory in self._memories.items() if memory.seen_s >= too_old_s}
        return [self._person(face, stamp_s) for face in faces]

    def _person(self, face: SeenFace, stamp_s: float) -> Person:
        if face.points_px.shape != (LANDMARK_COUNT, 2):
            raise ValueError(f"face {face.id}: points of shape {face.points_px.shape}, not ({LANDMARK_COUNT}, 2)")
        memory = self._memories.setdefault(face.id, _Memory(stamp_s))
        memory.seen_s = stamp_s
        angle_rad = self._angle_rad(face)
        return Person(
            id=face.id,
            is_looking=None if angle_rad is None else self._looking(memory, angle_rad),
            eyes_open=self._eyes(memory, face, stamp_s),
            mouth_moving=self._mouth(memory, face, stamp_s),
            angle_rad=angle_rad,
        )

    def _angle_rad(self, face: SeenFace) -> float | None:
        if face.position_m is None or face.orientation is None:
            return None
        return angle_from_target_rad(face.position_m, face.orientation, self._settings.target_m)

    def _looking(self, memory: _Memory, angle_rad: float) -> bool:
        limit_rad = self._settings.away_rad if memory.is_looking else self._settings.looking_rad
        memory.is_looking = angle_rad <= limit_rad
        return memory.is_looking

    def _eyes(self, memory: _Memory, face: SeenFace, stamp_s: float) -> bool | None:
        if not self._is_sure(face, _EYES):
            return None
        opening = eye_opening(face.points_px)
        _remember(memory.eyes, stamp_s, opening, self._settings.memory_s)
        usual = max(float(np.percentile([value for _, value in memory.eyes], 90)), self._settings.usual_opening_floor)
        ratio = self._settings.shut_ratio if memory.eyes_open else self._settings.open_ratio
        memory.eyes_open = opening >= ratio * usual
        return memory.eyes_open

    def _mouth(self, memory: _Memory, face: SeenFace, stamp_s: float) -> bool | None:
        if not self._is_sure(face, _LIPS):
            return None
        _remember(memory.mouth, stamp_s, mouth_opening(face.points_px), self._settings.mouth_window_s)
        if stamp_s - memory.mouth[0][0] < self._settings.mouth_window_s / 2:
            return None  # too short to tell
        spread = float(np.std([value for _, value in memory.mouth]))
        memory.mouth_moving = spread >= (self._settings.still if memory.mouth_moving else self._settings.moving)
        return memory.mouth_moving

    def _is_sure(self, face: SeenFace, indices: Sequence[int]) -> bool:
        return float(np.mean(face.point_confidence[list(indices)])) >= self._settings.min_confidence


def _remember(samples: deque[tuple[float, float]], stamp_s: float, value: float, span_s: float) -> None:
    samples.append((stamp_s, value))
    while samples[0][0] < stamp_s - span_s:
        samples.popleft()
