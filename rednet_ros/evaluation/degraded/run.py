"""Clips with bursts of degraded frames, followed by four rules: the error of each in every frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from rednet_ros.errors import InputError
from rednet_ros.evaluation.degraded.bursts import CHOICES, MIN_FRAMES, RECOVERY_FRAMES, Burst, schedule
from rednet_ros.evaluation.degraded.clips import Clip
from rednet_ros.evaluation.degraded.pictures import degraded
from rednet_ros.evaluation.memory import Memory
from rednet_ros.evaluation.networks import LabelFollower, Network
from rednet_ros.evaluation.run import memories
from rednet_ros.metrics import FAILURE_THRESHOLD, mean_by_face, normalised_errors
from rednet_ros.tracking.types import Box, FloatArray, ImageArray
from rednet_ros.wording import progress_interval_s

MOTION_ALONE = "motion alone"
"""In a burst the network's answers are ignored: the face keeps its shape and moves on as the motion filter expects."""

Errors = NDArray[np.float64]
"""T errors, fractions of the unit: infinite where the face was missed, NaN where there are no landmarks to judge by."""


@dataclass(frozen=True)
class Rule:
    """How a face is followed. `memory`: what the network carries from frame to frame. `coasts`: `MOTION_ALONE`."""

    title: str
    memory: Memory
    coasts: bool = False


@dataclass(frozen=True, eq=False)
class ClipErrors:
    """One clip with its bursts. By the title of a rule: `errors`, `undegraded` of the same clip without bursts, and
    how often the face began `anew` after a burst because it was lost."""

    bursts: tuple[Burst, ...]
    errors: dict[str, Errors]
    undegraded: dict[str, Errors]
    anew: dict[str, int]


@dataclass(frozen=True, eq=False)
class Seen:
    """One frame of a clip with bursts. `image`: None where it is missing. `landmarks_px`: of the first rule, None where
    it missed the face; its `error`."""

    clip: Clip
    bursts: tuple[Burst, ...]
    frame: int
    image: ImageArray | None
    landmarks_px: FloatArray | None
    error: float


def rules_of(network: Network) -> list[Rule]:
    """What is compared. Networks without a temporal module have no rule with state."""
    carried = memories(network, stateless=True)
    return [*(Rule(memory.value, memory) for memory in carried), Rule(MOTION_ALONE, carried[0], coasts=True)]


def run(
    network: Network,
    clips: Sequence[Clip],
    kind: str,
    seed: int,
    from_truth: bool,
    on_frame: Callable[[Seen], object] = lambda seen: None,
) -> list[ClipErrors]:
    """All clips that are long enough, with bursts of a kind of `bursts.CHOICES`; see `measure`. `on_frame` is given
    every frame. Raises InputError where none is long enough."""
    plans = schedule([len(clip.points_px) for clip in clips], CHOICES[kind], seed)
    long_enough = [(clip, bursts) for clip, bursts in zip(clips, plans, strict=True) if bursts]
    if not long_enough:
        raise InputError(f"--degrade needs a sequence of {MIN_FRAMES} frames or more")
    total = sum(len(clip.points_px) for clip, _ in long_enough)
    with tqdm(total=total, unit="frame", desc=network.title, mininterval=progress_interval_s()) as bar:

        def take(seen: Seen) -> None:
            bar.update()
            on_frame(seen)

        return [measure(network, clip, bursts, from_truth, take) for clip, bursts in long_enough]


def measure(
    network: Network,
    clip: Clip,
    bursts: tuple[Burst, ...],
    from_truth: bool,
    on_frame: Callable[[Seen], object] = lambda seen: None,
) -> ClipErrors:
    """Follow the clip by every rule, with and without its bursts.

    A face begins in the first frame, in its box or where the detector finds it (`from_truth`), begins again where it
    was missed, and `RECOVERY_FRAMES` after a burst if it failed in the frame before. Raises InputError for an image
    that cannot be read.
    """
    rules = rules_of(network)

    def runner(rule: Rule) -> _Runner:
        # All have the motion filter: only what a rule is called by differs.
        follower = network.follower(from_truth, rule.memory, with_motion=True, step_s=clip.step_s)
        return _Runner(rule, follower, clip, bursts)

    runners = {rule.title: runner(rule) for rule in rules}
    plain = {rule.memory: runner(rule) for rule in rules if not rule.coasts}  # without bursts nothing coasts
    first = runners[rules[0].title]
    for frame, (clean, image) in enumerate(_frames(clip, bursts)):
        for each in runners.values():
            each.take(frame, image)
        for each in plain.values():
            each.take(frame, clean)
        on_frame(Seen(clip, bursts, frame, image, first.landmarks_px, first.errors[-1]))
    return ClipErrors(
        bursts,
        errors={title: np.array(each.errors) for title, each in runners.items()},
        undegraded={rule.title: np.array(plain[rule.memory].errors) for rule in rules},
        anew={title: each.anew for title, each in runners.items()},
    )


class _Runner:
    """One rule on one clip."""

    def __init__(self, rule: Rule, follower: LabelFollower, clip: Clip, bursts: Sequence[Burst]) -> None:
        self._rule, self._follower, self._clip = rule, follower, clip
        self._inside = {frame for burst in bursts for frame in range(burst.start, burst.stop)}
        self._recovered = {burst.stop + RECOVERY_FRAMES for burst in bursts}
        self.landmarks_px: FloatArray | None = None
        self.errors: list[float] = []
        self.anew = 0

    def take(self, frame: int, image: ImageArray | None) -> None:
        """The next frame, None where it is missing."""
        is_lost = frame in self._recovered and self.errors[-1] > FAILURE_THRESHOLD
        self.anew += is_lost
        if image is None or (self._rule.coasts and frame in self._inside):
            self.landmarks_px = self._follower.coast()
        elif self.landmarks_px is None or is_lost:
            self.landmarks_px = self._follower.begin(image, Box.around(self._clip.place_px[frame]))
        else:
            self.landmarks_px = self._follower.follow(image)
        self.errors.append(_error(self._clip, frame, self.landmarks_px))


def _frames(clip: Clip, bursts: Sequence[Burst]) -> Iterator[tuple[ImageArray, ImageArray | None]]:
    """Each frame as it is, and as it is seen."""
    burst_of = {frame: burst for burst in bursts for frame in range(burst.start, burst.stop)}
    for frame, image in enumerate(clip.images()):
        burst = burst_of.get(frame)
        yield image, image if burst is None else degraded(image, clip.place_px[frame], burst, frame)


def _error(clip: Clip, frame: int, landmarks_px: FloatArray | None) -> float:
    truth_px, unit_px = clip.points_px[frame], float(clip.unit_px[frame])
    if not np.isfinite(truth_px).any():
        return float("nan")
    if landmarks_px is None:
        return float("inf")
    return float(mean_by_face(normalised_errors(landmarks_px[None], truth_px[None], np.array([unit_px])))[0])
