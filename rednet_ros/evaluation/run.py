"""Networks on labelled faces, by one of the protocols: what `rednet-evaluate` reports on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from tqdm import tqdm

from rednet_ros.evaluation.accuracy import Evaluation, FaceResult, evaluate, evaluate_tracking, measured
from rednet_ros.evaluation.data import DataSet
from rednet_ros.evaluation.memory import Memory
from rednet_ros.evaluation.networks import Network
from rednet_ros.landmarks import DETECTION_INDICES
from rednet_ros.wording import progress_interval_s


@dataclass(frozen=True)
class Settings:
    """How faces are looked for and judged.

    `from_truth`: in their annotated box, not the detector's. `tracking`: through sequences; None: where the data are
    videos. `stateless`: track without state, and without z0, too. `reinit_above`: begin anew after a frame with a
    larger error, a fraction of the unit. `only_major`: judge by the 7 landmarks of the detection step.
    """

    from_truth: bool = False
    tracking: bool | None = False
    stateless: bool = False
    reinit_above: float | None = None
    only_major: bool = False


@dataclass(frozen=True)
class Run:
    """One network on one data set. `memory`: what it carried from frame to frame, None for stills."""

    network: Network
    memory: Memory | None
    evaluation: Evaluation

    @property
    def title(self) -> str:
        """For headings and legends."""
        return self.network.title if self.memory is None else f"{self.network.title}, {self.memory.value}"


def run_all(networks: Sequence[Network], data: DataSet, settings: Settings) -> list[Run]:
    """Every network on the data: by itself, or also with less memory (`Settings.stateless`)."""
    runs = []
    for network in networks:
        tracking = data.is_video if settings.tracking is None else settings.tracking
        for memory in memories(network, settings.stateless) if tracking else (None,):
            run = Run(network, memory, _evaluation(network, memory, data, settings))
            runs.append(replace(run, evaluation=_by_major(run.evaluation)) if settings.only_major else run)
    return runs


def memories(network: Network, stateless: bool) -> tuple[Memory, ...]:
    """What a network is to carry from frame to frame, one run each: without a temporal module there is no state."""
    if not network.has_state:
        return (Memory.LANDMARKS, Memory.CROP) if stateless else (Memory.LANDMARKS,)
    return tuple(Memory) if stateless else (Memory.STATE,)


def progress(total: int, title: str) -> tqdm:
    """A bar on stderr that counts faces."""
    return tqdm(total=total, unit="face", desc=title, mininterval=progress_interval_s())


def _evaluation(network: Network, memory: Memory | None, data: DataSet, settings: Settings) -> Evaluation:
    title = network.title if memory is None else f"{network.title}, {memory.value}"
    with progress(len(data.faces), title) as bar:
        follower = network.follower(settings.from_truth, memory)
        if memory is None:
            return evaluate(data.faces, follower, data.unit, bar.update)
        return evaluate_tracking(data.faces, follower, data.unit, settings.reinit_above, bar.update)


def _by_major(evaluation: Evaluation) -> Evaluation:
    """The same results judged by the 7 landmarks of the detection step: what is NaN is not counted."""

    def only_major(result: FaceResult) -> FaceResult:
        if result.landmarks_px is None:
            return result
        kept = np.full_like(result.landmarks_px, np.nan)
        kept[list(DETECTION_INDICES)] = result.landmarks_px[list(DETECTION_INDICES)]
        return replace(result, landmarks_px=kept)

    return measured([only_major(result) for result in evaluation.results], evaluation.unit)
