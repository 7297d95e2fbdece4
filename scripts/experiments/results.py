"""What the runs of the experiments left in their folders, and how a number is read from it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from experiments.execution import TRAINED
from experiments.plan import Experiment, Run
from rednet_ros.evaluation.memory import Memory
from rednet_ros.training.recorder import VALIDATION

FACES, PEOPLE = "300w", "udacity_ytf"
"""Validation sets: 300-W, and frames of people who are kept apart."""


@dataclass(frozen=True)
class Result:
    """One run. `measured`: name of a measurement -> what rednet-evaluate wrote; `validated`: rows of validation.csv."""

    run: Run
    measured: Mapping[str, Any]
    validated: Sequence[Mapping[str, str]]

    def of_set(self, name: str) -> list[Mapping[str, str]]:
        """The rows of one validation set, in the order of training."""
        return [row for row in self.validated if row["set"] == name]


Reading = Callable[[Result], float | None]
"""Reads one number; None where it was not measured."""


def read_results(folder: Path, runs: Iterable[Run]) -> list[Result]:
    """The results of those of the runs that are trained."""
    return [_read(folder / run.name, run) for run in runs if (folder / run.name / TRAINED).is_file()]


def values(results: Iterable[Result], experiment: Experiment, reading: Reading) -> list[float]:
    """The number of every seed of an experiment, by seed; those that were not measured are left out."""
    own = sorted((result for result in results if result.run.experiment is experiment), key=lambda one: one.run.seed)
    found = [reading(result) for result in own]
    return [value for value in found if value is not None]


def as_text(numbers: Sequence[float], form: str = "%.2f") -> str:
    """The mean of the seeds, and all of them behind it; a dash for none."""
    if not numbers:
        return "-"
    if len(numbers) == 1:
        return f"{form % numbers[0]} (one seed)"
    return f"{form % fmean(numbers)} ({', '.join(form % number for number in numbers)})"


def measured(name: str, key: str) -> Reading:
    """A number of a measurement that is one object."""
    return lambda result: result.measured.get(name, {}).get(key)


def tracked(memory: Memory, key: str) -> Reading:
    """A number of the rendered clips, followed with this memory."""

    def read(result: Result) -> float | None:
        records = [one for one in result.measured.get("clips", []) if one["memory"] == memory.value]
        return records[0][key] if records else None

    return read


def over_time(memory: Memory) -> Callable[[Result], list[float | None]]:
    """The errors of the rendered clips by frame, in percent; empty where they were not measured."""

    def read(result: Result) -> list[float | None]:
        records = [one for one in result.measured.get("clips", []) if one["memory"] == memory.value]
        return list(records[0]["error_over_time"]) if records else []

    return read


def of_videos(memory: Memory) -> Reading:
    """The flicker on real clips with this memory."""
    return lambda result: result.measured.get("flicker", {}).get("flicker", {}).get(memory.value)


def equal_error_rate(result: Result) -> float | None:
    """Of telling people apart who were never trained on, all pairs, in percent."""
    pairs = result.measured.get("verification", {}).get("pairs", {})
    return pairs["all pairs"]["eer"] if pairs else None


def validated(group: str, key: str) -> Reading:
    """A number of the last validation of a set."""

    def read(result: Result) -> float | None:
        rows = result.of_set(group)
        return float(rows[-1][key]) if rows and rows[-1].get(key) else None

    return read


def _read(folder: Path, run: Run) -> Result:
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}
    path, rows = folder / VALIDATION, []
    if path.is_file():
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    return Result(run, found, rows)
