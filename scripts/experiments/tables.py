"""The tables of docs/experiments.md: which numbers answer which question, and the commands that gave them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from experiments.measurements import IN_GENERAL, measurements
from experiments.plan import SEEDS, Experiment, of_question
from experiments.results import (
    FACES,
    PEOPLE,
    Reading,
    Result,
    as_text,
    equal_error_rate,
    measured,
    of_videos,
    tracked,
    validated,
    values,
)
from rednet_ros.evaluation.memory import Memory

RUN_FOLDER = "FOLDER/RUN"

Columns = tuple[tuple[str, Reading], ...]
"""Heading and number of every column."""


@dataclass(frozen=True)
class Row:
    """A line of a table: `columns` may differ from row to row in what they read, never in their headings."""

    label: str
    experiment: Experiment
    columns: Columns


def _stills(name: str, where: str) -> Columns:
    return (
        (f"{where}: mean %", measured(name, "nme_mean")),
        ("std %", measured(name, "nme_std")),
        ("failures %", measured(name, "failure_rate_10")),
    )


CHOICES = ("radius", "sigma", "count", "optimizer", "maps", "augmentation")
"""Questions that only stills in true boxes answer."""

_CHOICES: Columns = (
    *_stills("truth", "true boxes"),
    ("inner 51 %", measured("truth", "nme_inner51")),
    ("people apart: mean %", validated(PEOPLE, "nme_mean")),
)

COLUMNS: dict[str, Columns] = {
    "steps": (
        *_stills("truth7", "true boxes, 7 points"),
        *_stills("detector7", "detector's boxes, 7 points"),
        ("people apart, 7 points: mean %", validated(PEOPLE, "nme_detection7")),
    ),
    "sharing": (
        *_stills("truth", "true boxes"),
        *_stills("detector", "detector's boxes"),
        ("memory, MB", measured("truth", "weights_mb")),
    ),
    "identity": (
        *_stills("truth", "300-W, true boxes"),
        ("people apart: mean %", validated(PEOPLE, "nme_mean")),
        ("failures %", validated(PEOPLE, "failure_rate_10")),
        ("equal error rate %", equal_error_rate),
    ),
    **dict.fromkeys(CHOICES, _CHOICES),
}
"""Question -> columns; of "temporal" see `_temporal`."""

QUESTIONS = ("steps", "sharing", "temporal", "identity", *CHOICES)
"""In the order of the page."""


def rows(question: str) -> list[Row]:
    """All lines of a question's table."""
    experiments = of_question(question)
    if question != "temporal":
        return [Row(one.label, one, COLUMNS[question]) for one in experiments]
    return [
        Row(f"{one.label}: {memory.value}", one, _temporal(memory))
        for one in experiments
        for memory in (Memory if has_state(one) else [Memory.LANDMARKS, Memory.CROP])
    ]


def has_state(experiment: Experiment) -> bool:
    """Whether networks of an experiment on clips keep a temporal state."""
    return experiment.network.get("temporal") != "none"


def _temporal(memory: Memory) -> Columns:
    of_validation = {Memory.STATE: "", Memory.LANDMARKS: "_stateless"}
    ending = of_validation.get(memory)
    return (
        ("rendered clips: mean %", tracked(memory, "nme_mean")),
        ("std %", tracked(memory, "nme_std")),
        ("failures %", tracked(memory, "failure_rate_10")),
        ("flicker %", tracked(memory, "flicker")),
        ("flicker of the error %", tracked(memory, "flicker_error")),
        ("moving stills: mean %", _moving(f"nme{ending}" if ending is not None else None)),
        ("flicker of the error %", _moving(f"flicker{ending}" if ending is not None else None)),
        ("real clips: flicker %", of_videos(memory)),
    )


def _moving(key: str | None) -> Reading:
    """A number of stills of 300-W before a camera that moves; the trainer's validation has none without z0."""
    return (lambda _: None) if key is None else validated(FACES, f"clip_{key}")


def as_markdown(question: str, results: Sequence[Result]) -> str:
    """A question's table and its commands; says so where nothing is measured yet."""
    lines = rows(question)
    cells = [[as_text(values(results, row.experiment, reading)) for _, reading in row.columns] for row in lines]
    if all(cell == "-" for line in cells for cell in line):
        return "Not run yet."
    headings = [heading for heading, _ in lines[0].columns]
    table = [
        "| " + " | ".join(["", *headings]) + " |",
        "|" + "---|" * (len(headings) + 1),
        *("| " + " | ".join([row.label, *line]) + " |" for row, line in zip(lines, cells, strict=True)),
    ]
    return "\n".join([*table, "", _done(question, results), "", "```", *_commands(question), "```"])


def _done(question: str, results: Sequence[Result]) -> str:
    experiments = of_question(question)
    own = [result for result in results if result.run.experiment in experiments]
    minutes = sum(result.measured["trained"]["seconds"] for result in own) / 60
    return f"{len(own)} of {len(experiments) * len(SEEDS)} runs; they trained for {minutes:.0f} minutes in all."


def _commands(question: str) -> Iterable[str]:
    """Every different call of rednet-evaluate that the table's numbers are from."""
    found = [one for experiment in of_question(question) for one in measurements(experiment, IN_GENERAL)]
    used = _USED.get(question)
    return dict.fromkeys(one.as_text(RUN_FOLDER) for one in found if used is None or one.name in used)


_USED: dict[str, tuple[str, ...]] = {
    "steps": ("truth7", "detector7"),
    "sharing": ("truth", "detector"),
    **dict.fromkeys(CHOICES, ("truth",)),
}
"""Measurements whose numbers are in a question's table; all of its runs' where it is not named here."""
