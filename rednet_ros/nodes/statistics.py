"""What happened to the frames of a stream: counts, rates and latencies. Thread-safe, no ROS."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

import numpy as np

PUBLISHING_PERIOD_S = 1.0
"""How often nodes publish their figures."""

WINDOW_FRAMES = 1000
"""Latencies and rates are taken over this many of the latest frames."""

PLAUSIBLE_LATENCY_S = 60.0
"""A stamp further from the clock than this, or ahead of it, comes from another clock and says nothing of latency."""


@dataclass(frozen=True)
class FrameStatistics:
    """Counts since the start, medians over the latest frames (nan where there are none).

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


class FrameRecorder:
    """Collects what `FrameStatistics` reports. Times are in seconds of any clock that the caller keeps to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._received = self._processed = self._dropped = self._rejected = self._failed = self._faces = 0
        self._arrivals_s: deque[float] = deque(maxlen=WINDOW_FRAMES)
        self._departures_s: deque[float] = deque(maxlen=WINDOW_FRAMES)
        self._latencies_s: deque[float] = deque(maxlen=WINDOW_FRAMES)

    def received(self, now_s: float) -> None:
        """A frame came in."""
        with self._lock:
            self._received += 1
            self._arrivals_s.append(now_s)

    def dropped(self) -> None:
        """A frame was replaced by a newer one before it was looked at."""
        with self._lock:
            self._dropped += 1

    def rejected(self) -> None:
        """A frame was not a usable image."""
        with self._lock:
            self._rejected += 1

    def failed(self) -> None:
        """A frame was lost to an unexpected error."""
        with self._lock:
            self._failed += 1

    def processed(self, stamp_s: float, now_s: float, face_count: int) -> None:
        """The result of the frame stamped `stamp_s` was published with `face_count` faces."""
        with self._lock:
            self._processed += 1
            self._faces = face_count
            self._departures_s.append(now_s)
            if 0.0 <= now_s - stamp_s <= PLAUSIBLE_LATENCY_S:
                self._latencies_s.append(now_s - stamp_s)

    def snapshot(self) -> FrameStatistics:
        """The figures now."""
        with self._lock:
            median_ms, p95_ms = percentiles_ms(self._latencies_s)
            return FrameStatistics(
                received=self._received,
                processed=self._processed,
                dropped=self._dropped,
                rejected=self._rejected,
                failed=self._failed,
                faces=self._faces,
                latency_median_ms=median_ms,
                latency_p95_ms=p95_ms,
                input_rate_hz=_rate_hz(self._arrivals_s),
                output_rate_hz=_rate_hz(self._departures_s),
            )


def percentiles_ms(durations_s: deque[float] | list[float]) -> tuple[float, float]:
    """Median and 95th percentile in milliseconds, nan where there is nothing."""
    if not durations_s:
        return float("nan"), float("nan")
    median_s, p95_s = np.percentile(np.asarray(durations_s), [50, 95])
    return float(median_s) * 1e3, float(p95_s) * 1e3


def _rate_hz(times_s: deque[float]) -> float:
    if len(times_s) < 2 or times_s[-1] <= times_s[0]:
        return float("nan")
    return (len(times_s) - 1) / (times_s[-1] - times_s[0])
