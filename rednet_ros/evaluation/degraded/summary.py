"""What the errors of degraded clips come to: inside the bursts, just after them, outside, and until a face is back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rednet_ros.evaluation.degraded.bursts import BURST_FRAMES, LEAD_FRAMES, PHASES, RECOVERY_FRAMES, Burst, phases
from rednet_ros.evaluation.degraded.run import ClipErrors, Errors
from rednet_ros.metrics import FAILURE_THRESHOLD

LOST = 0.5
"""No error counts for more in a mean, and a missed face for as much: a lost face may be anywhere."""

BACK_FACTOR, BACK_FLOOR = 1.2, 0.02
"""A face is back when its error is at most so many times that without bursts: in the same frame, or the median of the
clip if that is larger; or at most this fraction of the unit."""


@dataclass(frozen=True)
class Phase:
    """Errors of some frames in percent: mean (no error above `LOST`), median, and the share of failures."""

    frames: int
    error: float
    median: float
    failures: float


@dataclass(frozen=True)
class Figures:
    """Of one rule. `phases`: by name; `undegraded`: the frames inside bursts as they are without. `recovery_frames`:
    mean number of clean frames after a burst before the first in which the face is back, `RECOVERY_FRAMES` where it is
    not; `not_back`: the share of these bursts, percent. `anew`: how often a lost face began anew."""

    phases: dict[str, Phase]
    undegraded: Phase
    recovery_frames: float
    not_back: float
    anew: int


@dataclass(frozen=True)
class Curve:
    """Mean errors over bursts, fractions: of the last clean frames `before` one, by frames since its start `inside`
    (of the bursts that last so long) and since its end `after`. NaN where there is none."""

    before: Errors
    inside: Errors
    after: Errors


def figures(clips: Sequence[ClipErrors], rule: str, kind: str | None = None) -> Figures:
    """The numbers of a rule; with `kind` over these bursts alone, and no frame outside."""
    found: dict[str, list[Errors]] = {name: [] for name in (*PHASES, "undegraded")}
    recovery: list[int | None] = []
    for clip in clips:
        errors, plain = clip.errors[rule], clip.undegraded[rule]
        bursts = [burst for burst in clip.bursts if kind in (None, burst.kind)]
        parts = phases(len(errors), bursts)
        for name in PHASES if kind is None else PHASES[:-1]:
            found[name].append(errors[parts[name]])
        found["undegraded"].append(plain[parts["inside"]])
        recovery += [frames_until_back(errors, plain, burst) for burst in bursts]
    counted = [RECOVERY_FRAMES if frames is None else frames for frames in recovery]
    return Figures(
        phases={name: _phase(found[name]) for name in PHASES},
        undegraded=_phase(found["undegraded"]),
        recovery_frames=_mean(counted),
        not_back=100 * _mean([frames is None for frames in recovery]),
        anew=sum(clip.anew[rule] for clip in clips),
    )


def frames_until_back(errors: Errors, undegraded: Errors, burst: Burst) -> int | None:
    """How many clean frames after a burst passed before the face was back: 0 if it is in the first. None: not in
    `RECOVERY_FRAMES`."""
    usual = np.nanmedian(undegraded) if np.isfinite(undegraded).any() else BACK_FLOOR
    window = slice(burst.stop, burst.stop + RECOVERY_FRAMES)
    allowed = np.maximum(BACK_FACTOR * np.fmax(undegraded[window], usual), BACK_FLOOR)
    is_back = np.flatnonzero((errors[window] <= allowed) & np.isfinite(errors[window]))
    return int(is_back[0]) if len(is_back) else None


def curve(clips: Sequence[ClipErrors], rule: str) -> Curve:
    """A rule's mean error about and inside the bursts."""

    def means(first: int, count: int, *, from_end: bool) -> Errors:
        return np.array([_mean(_at(clips, rule, offset, from_end)) for offset in range(first, first + count)])

    before = means(-LEAD_FRAMES, LEAD_FRAMES, from_end=False)
    return Curve(before, means(0, BURST_FRAMES[1], from_end=False), means(0, RECOVERY_FRAMES, from_end=True))


def _at(clips: Sequence[ClipErrors], rule: str, offset: int, from_end: bool) -> NDArray[np.float64]:
    """The errors `offset` frames from the start, or the end, of every burst that lasts so long."""
    values = [
        clip.errors[rule][(burst.stop if from_end else burst.start) + offset]
        for clip in clips
        for burst in clip.bursts
        if from_end or burst.start + offset < burst.stop
    ]
    known = np.array([value for value in values if not np.isnan(value)])
    return np.minimum(known, LOST)


def _phase(parts: Sequence[Errors]) -> Phase:
    errors = np.concatenate(parts) if parts else np.empty(0)
    errors = errors[~np.isnan(errors)]
    if not len(errors):
        return Phase(0, float("nan"), float("nan"), float("nan"))
    failures = 100 * float((errors > FAILURE_THRESHOLD).mean())
    limited = np.minimum(errors, LOST)
    return Phase(len(errors), 100 * float(limited.mean()), 100 * float(np.median(limited)), failures)


def _mean(values: Sequence[float] | NDArray[np.float64]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
