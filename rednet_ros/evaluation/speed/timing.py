"""Durations of repeated work as a median and a 95th percentile."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

WARM_UP_RUNS = 3
"""Runs that are not counted: they fill caches, choose kernels and allocate."""

FEWEST_RUNS = 5


@dataclass(frozen=True)
class Timing:
    """Milliseconds of `runs` runs: median and 95th percentile."""

    median_ms: float
    p95_ms: float
    runs: int


def timing(durations_s: Sequence[float]) -> Timing:
    """Of at least one duration in seconds. Raises ValueError for none."""
    if not durations_s:
        raise ValueError("nothing was timed")
    median_s, p95_s = np.percentile(np.asarray(durations_s), [50, 95])
    return Timing(1e3 * float(median_s), 1e3 * float(p95_s), len(durations_s))


def measure(work: Callable[[], object], seconds: float) -> Timing:
    """Repeat `work` for about `seconds`, at least `FEWEST_RUNS` times after `WARM_UP_RUNS` that do not count."""
    for _ in range(WARM_UP_RUNS):
        work()
    durations_s: list[float] = []
    end_s = time.perf_counter() + seconds
    while len(durations_s) < FEWEST_RUNS or time.perf_counter() < end_s:
        start_s = time.perf_counter()
        work()
        durations_s.append(time.perf_counter() - start_s)
    return timing(durations_s)


class Stopwatch:
    """Adds up, by name, what several calls take within one frame. One thread uses it."""

    def __init__(self) -> None:
        self._total_s: defaultdict[str, float] = defaultdict(float)

    @contextmanager
    def running(self, name: str) -> Iterator[None]:
        """Counts the block to `name`."""
        start_s = time.perf_counter()
        try:
            yield
        finally:
            self._total_s[name] += time.perf_counter() - start_s

    def take(self) -> dict[str, float]:
        """Seconds by name since the last call; names that did not run are absent."""
        taken = dict(self._total_s)
        self._total_s.clear()
        return taken
