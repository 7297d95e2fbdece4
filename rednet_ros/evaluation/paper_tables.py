"""`rednet-evaluate --table N`: the paper's tables 5 to 9 with our rows beside the paper's.

Every table is rows of systems by columns (group of faces, number). Errors, deviations and failure rates are in percent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import yaml

from rednet_ros.evaluation.accuracy import FaceResult, measured
from rednet_ros.evaluation.data import DataSet, group_by_scenario, group_by_yaw
from rednet_ros.evaluation.networks import Network
from rednet_ros.evaluation.run import Settings, run_all
from rednet_ros.evaluation.tables import markdown
from rednet_ros.training.datasets.annotation import UNITS, Unit

Cell = tuple[str, str]
"""(group of faces, name of a number of `NUMBERS`)."""

COST, FULL = "cost", "full"
"""The group of numbers that belong to the network, not to faces; and that of all faces."""

BY_YAW, TEMPORAL = (6, 7), 8
"""Tables whose groups follow from the annotation, and the one that compares with and without state."""

NUMBERS: dict[str, str] = {
    "nme_mean": "mean %",
    "nme_std": "std %",
    "failure_rate_10": "failures %",
    "nme_detection7": "7 points, mean %",
    "flicker": "flicker %",
    "flicker_error": "flicker of the error %",
    "ms_per_face": "ms a face",
    "weights_mb": "memory, MB",
}
"""Name in `rednet-evaluate --json` -> heading of its column."""


@dataclass(frozen=True)
class PaperTable:
    """One table. `numbers` of each of `groups`, then the `cost` of the network, are its columns.

    `rows`: system -> what the paper says of it, in the order of those columns. `added`: numbers of each group that the
    paper does not have.
    """

    title: str
    groups: Sequence[str]
    numbers: Sequence[str]
    rows: Mapping[str, Sequence[float]]
    cost: Sequence[str] = ()
    added: Sequence[str] = ()

    def columns(self, groups: Sequence[str]) -> list[Cell]:
        """The columns for `groups`."""
        cells = [(group, number) for group in groups for number in (*self.numbers, *self.added)]
        return cells + [(COST, number) for number in self.cost]

    def of_paper(self) -> dict[str, dict[Cell, float]]:
        """System -> its numbers in the paper."""
        cells = [(group, number) for group in self.groups for number in self.numbers]
        cells += [(COST, number) for number in self.cost]
        return {name: dict(zip(cells, values, strict=True)) for name, values in self.rows.items()}


def _read(path: Path) -> dict[int, tuple[PaperTable, ...]]:
    numbers = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {number: tuple(PaperTable(**part) for part in parts) for number, parts in numbers.items()}


TABLES = _read(Path(__file__).with_suffix(".yaml"))
"""Number of the paper's table -> its parts."""


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


def paper_table(number: int, networks: Sequence[Network], data: Sequence[DataSet], settings: Settings) -> str:
    """Table `number` of the paper with our rows, as Markdown."""
    settings = replace(settings, stateless=number == TEMPORAL)
    systems: dict[str, _System] = {}
    for part in data:
        for run in run_all(networks, part, settings):
            title = run.title if number == TEMPORAL else run.network.title
            system = systems.setdefault(title, _System(run.network))
            system.results += [(_group(number, part, result), result) for result in run.evaluation.results]
    tables = [
        as_markdown(part, {name: system.cells(part) for name, system in systems.items()}) for part in TABLES[number]
    ]
    return "\n\n".join([*tables, _remarks(data, settings.only_major)])


def as_markdown(table: PaperTable, ours: Mapping[str, Mapping[Cell, float | None]]) -> str:
    """The paper's rows and then ours as a Markdown table; a dash where a number is not known.

    `ours`: system -> its numbers. They may be of groups that the paper does not have: those become columns behind the
    paper's, which stay also where we have no number for them.
    """
    of_ours = [group for row in ours.values() for group, _ in row if group != COST]
    columns = table.columns(list(dict.fromkeys([*table.groups, *of_ours])))
    rows: dict[str, Mapping[Cell, float | None]] = {**table.of_paper(), **ours}
    headings = [NUMBERS[number] if group == COST else f"{group}, {NUMBERS[number]}" for group, number in columns]
    cells = [[name, *(_number(row.get(column)) for column in columns)] for name, row in rows.items()]
    return f"**{table.title}**\n\n{markdown(['', *headings], cells)}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


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
