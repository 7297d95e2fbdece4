"""A run's losses and errors over the images seen, as a picture."""

from __future__ import annotations

import csv
import importlib.util
import logging
from pathlib import Path
from typing import Any

from rednet_ros.training.config import LOSS_NAMES

log = logging.getLogger(__name__)

LOG, VALIDATION, FILE = "log.csv", "validation.csv", "curves.png"
"""Names of what is read and drawn, in a run's folder."""

_ERRORS = ("nme_mean", "nme_inner51", "nme_detection7", "clip_nme", "clip_flicker")


def draw(folder: Path) -> Path | None:
    """Draws `log.csv` and `validation.csv` of a run's folder into `curves.png`; None where matplotlib is missing."""
    if importlib.util.find_spec("matplotlib") is None:
        log.info("matplotlib is not installed (pip install 'rednet_ros[train]'): no %s", FILE)
        return None
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 8), layout="constrained")
    FigureCanvasAgg(figure)
    upper, lower = figure.subplots(2, 1)
    losses = _cumulative(_read(folder / LOG))
    for name in LOSS_NAMES:
        _plot(upper, losses, name, name)
    upper.set(ylabel="loss", yscale="log")
    errors = _cumulative(_read(folder / VALIDATION))
    for group in dict.fromkeys(row["set"] for row in errors):
        for name in _ERRORS:
            _plot(lower, [row for row in errors if row["set"] == group], name, f"{group}: {name}")
    lower.set(ylabel="% of the inter-ocular distance", xlabel="training images")
    for axes in (upper, lower):
        axes.grid(alpha=0.3)
        if axes.lines:
            axes.legend(fontsize="small")
    path = folder / FILE
    figure.savefig(path, dpi=110)
    return path


def _read(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _cumulative(rows: list[dict[str, str]]) -> list[dict[str, Any]]:
    """The rows with `x`: images seen over all stages."""
    result: list[dict[str, Any]] = []
    before, stage, last = 0, None, 0
    for row in rows:
        if stage is not None and row["stage"] != stage:
            before += last
        stage, last = row["stage"], int(row["images"])
        result.append({**row, "x": before + last})
    return result


def _plot(axes: Any, rows: list[dict[str, Any]], name: str, label: str) -> None:
    points = [(row["x"], float(row[name])) for row in rows if row.get(name)]
    if any(value > 0 for _, value in points):
        axes.plot([x for x, _ in points], [value for _, value in points], label=label, marker=".", linewidth=1)
