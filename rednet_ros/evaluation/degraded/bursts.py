"""When clips are degraded, and by what: bursts of frames with clean ones between them, the same for equal seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rednet_ros.training.rendering.seeds import Rng, generator

OCCLUSIONS = ("hand", "object", "half", "face")
KINDS = (*OCCLUSIONS, "blur", "dark", "noise", "low", "drop")
"""What may happen in a burst; `degraded.pictures` does it."""

CHOICES: dict[str, tuple[str, ...]] = {"all": KINDS, "occlude": OCCLUSIONS, **{kind: (kind,) for kind in KINDS}}
"""Name for `--degrade` -> the kinds that take turns."""

FIRST_FRAMES, BURST_FRAMES, GAP_FRAMES = (5, 10), (3, 12), (15, 25)
"""Fewest and most: clean ones before the first burst, degraded ones in a burst, clean ones between two."""

AFTER_FRAMES = 5
"""So many frames behind a burst are just after it."""

RECOVERY_FRAMES = 10
"""So many clean frames follow every burst, and within them a face is back or is not. One that is lost begins anew then,
so that no burst pays for the one before."""

LEAD_FRAMES = 5
"""So many clean frames, at least, are before every burst and behind the recovery from another."""

MIN_FRAMES = FIRST_FRAMES[1] + BURST_FRAMES[1] + RECOVERY_FRAMES
"""A clip of so many frames has a burst whatever the seed."""

PHASES = ("inside", "just after", "outside")


@dataclass(frozen=True)
class Burst:
    """Frames `start` to `stop` - 1 of a clip. `kind`: one of `KINDS`. `seed`: seed and number of the clip."""

    start: int
    stop: int
    kind: str
    seed: tuple[int, int]

    def rng(self) -> Rng:
        """For all that stays alike in the burst; the same at every call."""
        return generator(self.seed[0], "burst", self.seed[1], self.start)

    def frame_rng(self, frame: int) -> Rng:
        """For what differs from frame to frame."""
        return generator(self.seed[0], "degraded frame", self.seed[1], frame)


def schedule(lengths: Sequence[int], kinds: Sequence[str], seed: int) -> list[tuple[Burst, ...]]:
    """The bursts of clips of so many frames. Kinds take turns over all of the clips, in an order of the seed's.

    A clip too short for clean frames, a burst and `RECOVERY_FRAMES` has none.
    """
    order = generator(seed, "kinds").permutation(list(kinds))
    plans: list[tuple[Burst, ...]] = []
    turn = 0
    for number, length in enumerate(lengths):
        rng = generator(seed, "bursts", number)
        plan: list[Burst] = []
        start = _between(rng, FIRST_FRAMES)
        while (stop := start + _between(rng, BURST_FRAMES)) + RECOVERY_FRAMES <= length:
            plan.append(Burst(start, stop, str(order[turn % len(order)]), (seed, number)))
            turn += 1
            start = stop + _between(rng, GAP_FRAMES)
        plans.append(tuple(plan))
    return plans


def phases(length: int, bursts: Sequence[Burst]) -> dict[str, NDArray[np.bool_]]:
    """The frames of a clip, each in one of `PHASES`: name -> T bool."""
    number = np.full(length, 2)
    for burst in bursts:
        number[burst.start : burst.stop] = 0
        number[burst.stop : burst.stop + AFTER_FRAMES] = 1
    return {name: number == index for index, name in enumerate(PHASES)}


def _between(rng: Rng, limits: tuple[int, int]) -> int:
    return int(rng.integers(limits[0], limits[1] + 1))
