"""The numbers of the paper's tables 5 to 9, and the layout that puts others beside them.

Every table is rows of systems by columns (group of faces, number). Errors, deviations and failure rates are in percent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Cell = tuple[str, str]
"""(group of faces, name of a number of `NUMBERS`)."""

COST = "cost"
"""The group of numbers that belong to the network, not to faces."""

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
    groups: tuple[str, ...]
    numbers: tuple[str, ...]
    rows: Mapping[str, tuple[float, ...]]
    cost: tuple[str, ...] = ()
    added: tuple[str, ...] = ()

    def columns(self, groups: Sequence[str]) -> list[Cell]:
        """The columns for `groups`."""
        cells = [(group, number) for group in groups for number in (*self.numbers, *self.added)]
        return cells + [(COST, number) for number in self.cost]

    def of_paper(self) -> dict[str, dict[Cell, float]]:
        """System -> its numbers in the paper."""
        cells = [(group, number) for group in self.groups for number in self.numbers]
        cells += [(COST, number) for number in self.cost]
        return {name: dict(zip(cells, values, strict=True)) for name, values in self.rows.items()}


_MEAN_STD = ("nme_mean", "nme_std")
_SETS = ("TF", "FM", "300-VW")

TABLES: dict[int, tuple[PaperTable, ...]] = {
    5: (
        PaperTable(
            "Table 5: encoder-decoder variants; time on a Tesla K40",
            ("AFLW", "300-VW"),
            _MEAN_STD,
            {
                "paper, VGG": (6.85, 4.52, 5.16, 2.57, 43.6, 184),
                "paper, ResNet": (6.33, 3.61, 4.75, 2.10, 54.9, 257),
            },
            cost=("ms_per_face", "weights_mb"),
        ),
    ),
    6: (
        PaperTable(
            "Table 6: one step or two, detection or regression (AFLW)",
            ("common", "challenging"),
            ("nme_mean", "failure_rate_10"),
            {
                "paper, detection": (6.05, 4.62, 8.14, 12.4),
                "paper, regression": (5.92, 4.75, 7.87, 14.5),
                "paper, detection + detection": (5.86, 3.44, 7.33, 8.20),
                "paper, detection + regression": (5.71, 3.30, 6.97, 8.75),
            },
        ),
    ),
    7: (
        PaperTable(
            "Table 7: cascade or recurrence (AFLW)",
            ("challenging",),
            _MEAN_STD,
            {"paper, cascade": (6.81, 4.53, 468), "paper, recurrent": (6.33, 3.61, 257)},
            cost=("weights_mb",),
        ),
    ),
    8: (
        PaperTable(
            "Table 8: temporal recurrence (300-VW)",
            ("common", "challenging", "full"),
            ("nme_mean", "nme_std", "failure_rate_10"),
            {
                "paper, without temporal module": (4.52, 2.24, 3.48, 6.27, 5.33, 13.3, 5.83, 3.42, 6.43),
                "paper, with temporal module": (4.21, 1.85, 1.71, 5.64, 3.28, 5.40, 5.25, 2.15, 2.82),
            },
            added=("flicker_error",),
        ),
    ),
    9: (
        PaperTable(
            "Table 9: mean error on videos, 7 points",
            _SETS,
            ("nme_detection7",),
            {
                "DRMF": (4.43, 8.53, 9.16),
                "ESR": (3.81, 7.58, 7.83),
                "SDM": (4.01, 7.49, 7.65),
                "IFA": (3.45, 6.39, 6.78),
                "DCNC": (3.67, 6.16, 6.43),
                "paper, RED-Net": (2.89, 5.14, 5.29),
            },
        ),
        PaperTable(
            "Table 9: mean error on videos, 68 points",
            _SETS,
            ("nme_mean",),
            {
                "ESR": (3.49, 6.74, 7.09),
                "SDM": (3.80, 7.38, 7.25),
                "CFAN": (3.31, 6.47, 6.64),
                "TCDCN": (3.45, 6.92, 7.59),
                "CFSS": (3.04, 5.67, 6.13),
                "paper, RED-Net": (2.77, 4.93, 5.15),
            },
        ),
    ),
}
"""Number of the paper's table -> its parts."""


def as_markdown(table: PaperTable, ours: Mapping[str, Mapping[Cell, float | None]]) -> str:
    """The paper's rows and then ours as a Markdown table; a dash where a number is not known.

    `ours`: system -> its numbers. They may be of groups that the paper does not have: those become columns behind the
    paper's, which stay also where we have no number for them.
    """
    of_ours = [group for row in ours.values() for group, _ in row if group != COST]
    columns = table.columns(list(dict.fromkeys([*table.groups, *of_ours])))
    rows: dict[str, Mapping[Cell, float | None]] = {**table.of_paper(), **ours}
    lines = [["", *(_heading(cell) for cell in columns)]]
    lines += [[name, *(_number(row.get(cell)) for cell in columns)] for name, row in rows.items()]
    widths = [max(len(line[column]) for line in lines) for column in range(len(columns) + 1)]
    rule = "|".join(["-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:])])
    first, *rest = ["| " + " | ".join(_padded(line, widths)) + " |" for line in lines]
    return "\n".join([f"**{table.title}**", "", first, f"|{rule}|", *rest])


def _padded(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))]


def _heading(cell: Cell) -> str:
    group, number = cell
    return NUMBERS[number] if group == COST else f"{group}, {NUMBERS[number]}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
