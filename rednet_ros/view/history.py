"""The last seconds, as the plots show them."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rednet_ros.tracking.types import Face
from rednet_ros.view.measures import FaceMeasures, measures

Numbers = NDArray[np.float64]

SPAN_S = 20.0
"""So far back the plots reach."""

_RATE_SPAN_S = 1.0


@dataclass(frozen=True)
class _Sample:
    now_s: float
    latency_ms: float
    rate_hz: float
    faces: dict[str, FaceMeasures]


class RateMeter:
    """Events a second, over the last second. One thread counts, any may read."""

    def __init__(self) -> None:
        self._times_s: deque[float] = deque(maxlen=1000)

    def count(self, now_s: float) -> None:
        """One more event, at `now_s` of a steady clock."""
        self._times_s.append(now_s)

    def rate_hz(self, now_s: float) -> float:
        """NaN until there are two events within the last second."""
        recent = [time_s for time_s in self._times_s.copy() if now_s - time_s <= _RATE_SPAN_S]
        spanned_s = recent[-1] - recent[0] if len(recent) > 1 else 0.0
        return (len(recent) - 1) / spanned_s if spanned_s > 0 else math.nan


class History:
    """Samples of the last `SPAN_S` seconds. `now_s` is of a steady clock."""

    def __init__(self) -> None:
        self._samples: deque[_Sample] = deque()

    def add(self, now_s: float, latency_s: float, rate_hz: float, faces: Sequence[Face]) -> None:
        """What a frame that is shown now has."""
        by_id = {face.id: measures(face) for face in faces}
        self._samples.append(_Sample(now_s, 1000 * latency_s, rate_hz, by_id))
        while now_s - self._samples[0].now_s > SPAN_S:
            self._samples.popleft()

    def ids(self, most: int) -> tuple[str, ...]:
        """The faces seen, in the order of their coming; of more than `most` those that came last."""
        seen = dict.fromkeys(face_id for sample in self._samples for face_id in sample.faces)
        return tuple(seen)[-most:]

    def times_s(self) -> Numbers:
        """When the N samples were, in seconds before the last one: from -SPAN_S to 0."""
        times_s = np.array([sample.now_s for sample in self._samples])
        return times_s - times_s[-1:]

    def latency_ms(self) -> Numbers:
        """N values."""
        return np.array([sample.latency_ms for sample in self._samples])

    def rate_hz(self) -> Numbers:
        """N values, NaN where there is none."""
        return np.array([sample.rate_hz for sample in self._samples])

    def of_face(self, face_id: str) -> Numbers:
        """N x 5, the fields of `FaceMeasures`; NaN where the face was not seen."""
        absent = FaceMeasures(*(math.nan,) * 5)
        return np.array([sample.faces.get(face_id, absent) for sample in self._samples]).reshape(-1, 5)
