"""Which pictures docs/experiments.md has, and what they show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from experiments.plan import by_name, of_question
from experiments.plots import Bars, Lines, plot_bars, plot_lines
from experiments.results import FACES, PEOPLE, Reading, Result, measured, over_time, tracked, values
from experiments.tables import CHOICES, rows
from rednet_ros.evaluation.memory import Memory

NME = "NME, % of the inter-ocular distance"
OF_BOX = "error, % of the landmarks' box"

_TITLES = {"count": "K = 1, 2, 3"}
"""Of panels that are not called as their question."""


def draw_all(folder: Path, results: Sequence[Result]) -> dict[str, list[tuple[str, Path]]]:
    """Draws every picture of which something is measured; question -> what the pictures below its table show."""
    drawn: dict[str, list[tuple[str, Path]]] = {}
    for question, name, about, draw in _PICTURES:
        path = draw(folder / f"experiments_{name}.png", results)
        if path is not None:
            drawn.setdefault(question, []).append((about, path))
    return drawn


def _steps(path: Path, results: Sequence[Result]) -> Path | None:
    panels = [
        _panel("one or two steps, true boxes, 7 points", "steps", measured("truth7", "nme_mean"), results),
        _panel("one or two steps, detector's boxes, 7 points", "steps", measured("detector7", "nme_mean"), results),
        _panel("recurrence or cascade, true boxes, 68 points", "sharing", measured("truth", "nme_mean"), results),
    ]
    return _draw_bars(path, panels, NME)


def _choices(path: Path, results: Sequence[Result]) -> Path | None:
    reading = measured("truth", "nme_mean")
    return _draw_bars(path, [_panel(_TITLES.get(name, name), name, reading, results) for name in CHOICES], NME)


def _temporal(path: Path, results: Sequence[Result]) -> Path | None:
    wanted = {"mean error": "nme_mean", "flicker of the error": "flicker_error"}
    panels = [
        Bars(
            f"rendered clips: {title}",
            {
                row.label: values(results, row.experiment, tracked(memory, key))
                for row in rows("temporal")
                for memory in Memory
                if row.label.endswith(f": {memory.value}")
            },
        )
        for title, key in wanted.items()
    ]
    return _draw_bars(path, panels, OF_BOX)


def _over_time(path: Path, results: Sequence[Result]) -> Path | None:
    shown = {
        "without temporal module": ("no_memory", Memory.LANDMARKS),
        "temporal, residual e_p": ("residual", Memory.STATE),
        "temporal, replaced e_p": ("replace", Memory.STATE),
        "temporal, residual e_p, with smoothing": ("smoothing", Memory.STATE),
    }
    lines = {
        label: [
            (list(range(len(curve))), curve)
            for result in results
            if result.run.experiment is by_name(name)
            for curve in [over_time(memory)(result)]
        ]
        for label, (name, memory) in shown.items()
    }
    return _draw_lines(path, [Lines("rendered clips", "frame since the start of the clip", lines)], OF_BOX)


def _identity(path: Path, results: Sequence[Result]) -> Path | None:
    panels = [
        Lines(
            title,
            "thousand training faces",
            {
                experiment.label: [
                    ([float(row["images"]) / 1000 for row in rows_of], [float(row["nme_mean"]) for row in rows_of])
                    for result in results
                    if result.run.experiment is experiment
                    for rows_of in [result.of_set(group)]
                ]
                for experiment in of_question("identity")
            },
        )
        for group, title in ((PEOPLE, "people kept apart"), (FACES, "300-W"))
    ]
    return _draw_lines(path, panels, NME)


_PICTURES: tuple[tuple[str, str, str, Callable[[Path, Sequence[Result]], Path | None]], ...] = (
    ("sharing", "steps", "Errors of one or two steps, of recurrence and cascade; points are seeds", _steps),
    ("temporal", "temporal", "Errors and flicker on rendered clips; points are seeds", _temporal),
    ("temporal", "over_time", "Error along the clips, as in the paper's figure 7; faint lines are seeds", _over_time),
    ("identity", "identity", "Error over the training, as in the paper's figure 8; faint lines are seeds", _identity),
    ("augmentation", "choices", "Errors of the other choices; points are seeds", _choices),
)
"""Question, name, what it shows, and what draws it; that returns None where nothing is measured yet."""


def _panel(title: str, question: str, reading: Reading, results: Sequence[Result]) -> Bars:
    return Bars(title, {one.label: values(results, one, reading) for one in of_question(question)})


def _draw_bars(path: Path, panels: Sequence[Bars], xlabel: str) -> Path | None:
    known = [panel for panel in panels if any(panel.bars.values())]
    if not known:
        return None
    plot_bars(path, known, xlabel)
    return path


def _draw_lines(path: Path, panels: Sequence[Lines], ylabel: str) -> Path | None:
    if not any(len(x) for panel in panels for seeds in panel.lines.values() for x, _ in seeds):
        return None
    plot_lines(path, panels, ylabel)
    return path
