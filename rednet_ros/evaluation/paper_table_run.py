"""`rednet-evaluate --table N`: our numbers in the layout of the paper's tables 5 to 9, beside the paper's."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import numpy as np

from rednet_ros.evaluation.accuracy import FaceResult, measured
from rednet_ros.evaluation.data import DataSet, group_by_scenario, group_by_yaw
from rednet_ros.evaluation.networks import Network
from rednet_ros.evaluation.paper_tables import COST, TABLES, Cell, PaperTable, as_markdown
from rednet_ros.evaluation.runs import run_all
from rednet_ros.training.datasets.annotation import UNITS, Unit

FULL = "full"

BY_YAW, TEMPORAL = (6, 7), 8
"""Tables whose groups are told from the annotation, and the one that compares with and without state."""


@dataclass
class _System:
    """A row: the results of one network, and state, on everything."""

    network: Network
    results: list[tuple[str | None, FaceResult]] = field(default_factory=list)

    def cells(self, table: PaperTable) -> dict[Cell, float | None]:
        """Its numbers for every group that it has results of; the paper's groups first."""
        row: dict[Cell, float | None] = {}
        for group in dict.fromkeys([*table.groups, *(group for group, _ in self.results if group)]):
            found = [result for name, result in self.results if group in (name, FULL)]
            if found:
                row.update({(group, number): value for number, value in _numbers(found).items()})
        milliseconds = float(np.median([result.milliseconds for _, result in self.results]))
        return row | {(COST, "ms_per_face"): milliseconds, (COST, "weights_mb"): self.network.weights_mb}


def print_table(number: int, networks: Sequence[Network], data: Sequence[DataSet], options: argparse.Namespace) -> str:
    """Table `number` of the paper with our rows, as Markdown. Data that are all of videos go by tracking."""
    options = argparse.Namespace(**{**vars(options), "stateless": number == TEMPORAL})
    systems: dict[str, _System] = {}
    for part in data:
        tracking = part.is_video if options.protocol is None else options.protocol == "tracking"
        for run in run_all(networks, part, tracking, options):
            title = run.title if number == TEMPORAL else run.network.title
            system = systems.setdefault(title, _System(run.network))
            system.results += [(_group(number, part, result), result) for result in run.evaluation.results]
    tables = [
        as_markdown(part, {name: system.cells(part) for name, system in systems.items()}) for part in TABLES[number]
    ]
    return "\n\n".join([*tables, _remarks(data, options.landmarks == "7")])


def _group(number: int, part: DataSet, result: FaceResult) -> str | None:
    if part.name is not None:
        return part.name
    if number == TEMPORAL:
        return group_by_scenario(result.face)
    if number in BY_YAW:
        group = group_by_yaw(result.face)
        return group if group in TABLES[number][0].groups else None
    return part.title


def _numbers(results: Sequence[FaceResult]) -> dict[str, float | None]:
    evaluation = measured(results, results[0].unit)
    flicker = evaluation.flicker
    numbers = {name: value for name, value in asdict(evaluation.summary).items() if isinstance(value, float)}
    numbers["flicker_error"] = float("nan") if flicker is None else flicker.error
    return {name: None if np.isnan(value) else value for name, value in numbers.items()}


def _remarks(data: Sequence[DataSet], by_major: bool) -> str:
    units: dict[Unit, list[str]] = {}
    for part in data:
        units.setdefault(part.unit, []).append(part.name or part.title)
    lines = [f"Unit of the errors on {', '.join(names)}: {UNITS[unit]}." for unit, names in units.items()]
    if set(units) != {"interocular"}:
        lines.append(f"The paper divides by the {UNITS['interocular']}: errors in another unit are not comparable.")
    if by_major:
        lines.append("Our errors and failures are of the 7 landmarks of the detection step.")
    return "\n".join(lines)
