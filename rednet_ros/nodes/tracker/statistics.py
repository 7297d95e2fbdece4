"""What happened to the frames of a stream: counts, rates and latencies. Thread-safe, no ROS."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

PUBLISHING_PERIOD_S = 1.0
"""How often nodes publish their figures."""

WINDOW_FRAMES = 1000
"""Latencies are taken over this many of the latest frames."""

WINDOW_S = 5.0
"""Rates are taken over the latest seconds."""

PLAUSIBLE_LATENCY_S = 60.0
"""A stamp further from the clock than this, or ahead of it, comes from another clock and says nothing of latency."""


@dataclass(frozen=True)
class FrameStatistics:
    """Counts since the start, percentiles over the latest frames (NaN without any), rates over the latest seconds.

    Every received frame is processed, dropped (a newer one came first), rejected (not a usable image), failed
    (an exception), or still under way.
    """

    received: int
    processed: int
    dropped: int
    rejected: int
    failed: int
    faces: int
    latency_median_ms: float
    latency_p95_ms: float
    input_rate_hz: float
    output_rate_hz: float


@dataclass(frozen=True)
class Outcomes:
    """What became of a stream's frames of the last `WINDOW_S`, or of its last frame where that is older.

    `lost`: so many of these `frames` were rejected or failed. `incomplete`: so many outputs of the others failed.
    `lost_reason`, `incomplete_reason`: of the latest one, empty where there is none.
    """

    frames: int = 0
    lost: int = 0
    lost_reason: str = ""
    incomplete: int = 0
    incomplete_reason: str = ""


class FrameRecorder:
    """Collects what `FrameStatistics` and `Outcomes` report of one stream.

    Times are of the monotonic clock, so that rates hold while the clock of the stamps jumps or is simulated; `now_s`
    is for tests.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._faces = 0
        self._arrivals_s: deque[float] = deque(maxlen=WINDOW_FRAMES)
        self._departures_s: deque[float] = deque(maxlen=WINDOW_FRAMES)
        self._latencies_s: deque[float] = deque(maxlen=WINDOW_FRAMES)
        self._outcomes: deque[tuple[float, str, str]] = deque(maxlen=WINDOW_FRAMES)

    def received(self, now_s: float | None = None) -> None:
        """A frame came in."""
        with self._lock:
            self._counts["received"] += 1
            self._arrivals_s.append(_now_s(now_s))

    def dropped(self) -> None:
        """A frame was replaced by a newer one before it was tracked."""
        with self._lock:
            self._counts["dropped"] += 1

    def rejected(self, reason: str = "", now_s: float | None = None) -> None:
        """A frame was not a usable image."""
        self._ended("rejected", reason, now_s)

    def failed(self, reason: str = "", now_s: float | None = None) -> None:
        """A frame was lost to an unexpected error."""
        self._ended("failed", reason, now_s)

    def incomplete(self, reason: str, now_s: float | None = None) -> None:
        """An output of a processed frame could not be published."""
        self._ended("incomplete", reason, now_s)

    def processed(self, latency_s: float, face_count: int, now_s: float | None = None) -> None:
        """The result of a frame was published with `face_count` faces, so long after the frame's stamp."""
        with self._lock:
            self._faces = face_count
            self._departures_s.append(_now_s(now_s))
            if 0.0 <= latency_s <= PLAUSIBLE_LATENCY_S:
                self._latencies_s.append(latency_s)
        self._ended("processed", "", now_s)

    def outcomes(self, since_s: float = -math.inf, now_s: float | None = None) -> Outcomes:
        """What became of the recent frames, of those that ended after `since_s` of the monotonic clock."""
        with self._lock:
            ended = list(self._outcomes)
        last_frame_s = max((time_s for time_s, outcome, _ in ended if outcome != "incomplete"), default=0.0)
        from_s = max(since_s, min(_now_s(now_s) - WINDOW_S, last_frame_s))
        recent = [(outcome, reason) for time_s, outcome, reason in ended if time_s >= from_s]
        lost = [reason for outcome, reason in recent if outcome in ("rejected", "failed")]
        incomplete = [reason for outcome, reason in recent if outcome == "incomplete"]
        reasons = lost[-1] if lost else "", incomplete[-1] if incomplete else ""
        return Outcomes(len(recent) - len(incomplete), len(lost), reasons[0], len(incomplete), reasons[1])

    def last_arrival_s(self) -> float | None:
        """When the latest frame came in, None where none did."""
        with self._lock:
            return self._arrivals_s[-1] if self._arrivals_s else None

    def snapshot(self, now_s: float | None = None) -> FrameStatistics:
        """The figures now."""
        return combined([self], now_s)

    def _ended(self, outcome: str, reason: str, now_s: float | None) -> None:
        with self._lock:
            self._counts[outcome] += 1
            self._outcomes.append((_now_s(now_s), outcome, reason))


def combined(recorders: Iterable[FrameRecorder], now_s: float | None = None) -> FrameStatistics:
    """The figures of several streams together: counts and rates are sums, latencies are of all their frames."""
    now_s = _now_s(now_s)
    counts: Counter[str] = Counter()
    latencies_s: list[float] = []
    faces, input_rate_hz, output_rate_hz = 0, 0.0, 0.0
    for recorder in recorders:
        with recorder._lock:
            counts += recorder._counts
            faces += recorder._faces
            latencies_s += recorder._latencies_s
            input_rate_hz += _rate_hz(recorder._arrivals_s, now_s)
            output_rate_hz += _rate_hz(recorder._departures_s, now_s)
    latency_median_ms, latency_p95_ms = percentiles_ms(latencies_s)
    return FrameStatistics(
        received=counts["received"],
        processed=counts["processed"],
        dropped=counts["dropped"],
        rejected=counts["rejected"],
        failed=counts["failed"],
        faces=faces,
        latency_median_ms=latency_median_ms,
        latency_p95_ms=latency_p95_ms,
        input_rate_hz=input_rate_hz,
        output_rate_hz=output_rate_hz,
    )


def percentiles_ms(durations_s: deque[float] | list[float]) -> tuple[float, float]:
    """Median and 95th percentile in milliseconds, NaN where there is nothing."""
    if not durations_s:
        return math.nan, math.nan
    median_s, p95_s = np.percentile(np.asarray(durations_s), [50, 95])
    return float(median_s) * 1e3, float(p95_s) * 1e3


def _now_s(now_s: float | None) -> float:
    return time.monotonic() if now_s is None else now_s


def _rate_hz(times_s: Iterable[float], now_s: float) -> float:
    """Frames a second within the window; 0 for a stream that stands still."""
    recent = [time_s for time_s in times_s if now_s - time_s <= WINDOW_S]
    if len(recent) < 2 or recent[-1] <= recent[0]:
        return 0.0
    return (len(recent) - 1) / (recent[-1] - recent[0])
