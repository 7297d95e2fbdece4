"""Wall and CPU time of repeated work, several kinds of work in turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

WARM_UP_RUNS = 3
"""Runs that are not counted: they fill caches, choose kernels and allocate."""

FEWEST_RUNS = 5
ROUNDS = 4


@dataclass(frozen=True)
class Timing:
    """Milliseconds of `runs` runs. `wall_ms` is the median and `p95_ms` the 95th percentile of the wall time; `cpu_ms`
    the mean CPU time of all threads of this process."""

    wall_ms: float
    p95_ms: float
    cpu_ms: float
    runs: int


def timing(wall_s: Sequence[float], cpu_s: Sequence[float]) -> Timing:
    """Of at least one run, in seconds. Raises ValueError for none."""
    if not wall_s:
        raise ValueError("nothing was timed")
    median_s, p95_s = np.percentile(wall_s, [50, 95])
    return Timing(1e3 * float(median_s), 1e3 * float(p95_s), 1e3 * float(np.mean(cpu_s)), len(wall_s))


def measure(work: Callable[[], object], seconds: float) -> Timing:
    """One kind of work, for about `seconds`."""
    return measure_in_turns({"": work}, seconds)[""]


def measure_in_turns(works: Mapping[str, Callable[[], object]], seconds: float) -> dict[str, Timing]:
    """Each work for about `seconds` in all, taking turns in `ROUNDS` rounds, so that a machine that slows down slows
    all of them down. Each is run at least `FEWEST_RUNS` times, after `WARM_UP_RUNS` that do not count."""
    wall_s: dict[str, list[float]] = {name: [] for name in works}
    cpu_s: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        for _ in range(WARM_UP_RUNS):
            work()
    for turn in range(1, ROUNDS + 1):
        for name, work in works.items():
            end_s = time.perf_counter() + seconds / ROUNDS
            while len(wall_s[name]) * ROUNDS < FEWEST_RUNS * turn or time.perf_counter() < end_s:
                start_s, start_cpu_s = time.perf_counter(), time.process_time()
                work()
                wall_s[name].append(time.perf_counter() - start_s)
                cpu_s[name].append(time.process_time() - start_cpu_s)
    return {name: timing(wall_s[name], cpu_s[name]) for name in works}


class Timed:
    """An engine or a detector whose method `name` adds the seconds it takes to `taken_s`; all else is its own."""

    def __init__(self, wrapped: Any, name: str) -> None:
        self._wrapped, self._name = wrapped, name
        self.taken_s = 0.0

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._wrapped, name)
        if name != self._name:
            return attribute

        def timed(*arguments: Any, **named: Any) -> Any:
            start_s = time.perf_counter()
            try:
                return attribute(*arguments, **named)
            finally:
                self.taken_s += time.perf_counter() - start_s

        return timed
