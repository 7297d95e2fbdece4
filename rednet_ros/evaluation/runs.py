"""Networks on labelled faces, by one of the protocols: what `rednet-evaluate` reports on."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tqdm import tqdm

from rednet_ros.evaluation.accuracy import Evaluation, evaluate, evaluate_tracking, measured
from rednet_ros.evaluation.data import DataSet
from rednet_ros.evaluation.major_landmarks import only_major
from rednet_ros.evaluation.memory import Memory
from rednet_ros.evaluation.networks import Network
from rednet_ros.wording import progress_interval_s


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


def run_all(networks: Sequence[Network], data: DataSet, tracking: bool, options: argparse.Namespace) -> list[Run]:
    """Every network on the data: by itself, or with what `--stateless` asks to compare it to."""
    if not tracking:
        runs = [Run(network, None, _stills(network, data, options)) for network in networks]
    else:
        runs = [
            Run(network, memory, _tracking(network, memory, data, options))
            for network in networks
            for memory in memories(network, options.stateless)
        ]
    if options.landmarks == "7":
        return [replace(run, evaluation=_by_major(run.evaluation)) for run in runs]
    return runs


def memories(network: Network, stateless: bool) -> tuple[Memory, ...]:
    """What a network is to carry from frame to frame, one run each: without a temporal module there is no state."""
    if not network.has_state:
        return (Memory.LANDMARKS, Memory.CROP) if stateless else (Memory.LANDMARKS,)
    return tuple(Memory) if stateless else (Memory.STATE,)


def _stills(network: Network, data: DataSet, options: argparse.Namespace) -> Evaluation:
    finder = network.finder(options.boxes == "truth")
    with _bar(network.title, data) as bar:
        return evaluate(data.faces, finder, data.unit, bar.update)


def _tracking(network: Network, memory: Memory, data: DataSet, options: argparse.Namespace) -> Evaluation:
    follower = network.follower(options.boxes == "truth", memory)
    reinit_above = None if options.reinit is None else options.reinit / 100
    with _bar(f"{network.title}, {memory.value}", data) as bar:
        return evaluate_tracking(data.faces, follower, data.unit, reinit_above, bar.update)


def _by_major(evaluation: Evaluation) -> Evaluation:
    """The same results judged by the 7 landmarks of the detection step."""
    results = [replace(result, landmarks_px=only_major(result.landmarks_px)) for result in evaluation.results]
    return measured(results, evaluation.unit)


def _bar(title: str, data: DataSet) -> tqdm:
    return tqdm(total=len(data.faces), unit="face", desc=title, mininterval=progress_interval_s())
