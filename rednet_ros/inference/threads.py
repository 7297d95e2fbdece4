"""How many cores of a CPU a batch of faces gets."""

from __future__ import annotations

import os
from dataclasses import dataclass

MANY_FACES = 3
MOST_THREADS = 4


@dataclass(frozen=True)
class CpuThreads:
    """Threads of a batch of fewer than MANY_FACES faces, and of a larger one.

    A face or two are done before the next frame of a 30 Hz camera comes, and leave the other cores to the detector,
    decoders and ROS. More would hold up every camera, and divide well (figures in docs/inference.md).
    """

    few: int
    many: int

    def of(self, faces: int) -> int:
        """Threads for a batch of so many faces."""
        return self.many if faces >= MANY_FACES else self.few


def usual_threads() -> CpuThreads:
    """One for few faces; for many two, or all cores of this process but one, up to MOST_THREADS."""
    cores = len(os.sched_getaffinity(0))
    return CpuThreads(1, min(cores, max(2, min(MOST_THREADS, cores - 1))))


def same_threads(count: int) -> CpuThreads:
    """As many for every batch."""
    return CpuThreads(count, count)
