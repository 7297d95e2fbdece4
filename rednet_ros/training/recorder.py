"""What a run leaves for its reader: CSV files, TensorBoard's events where it is installed, and curves as a picture."""

from __future__ import annotations

import csv
import importlib.util
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rednet_ros.training.config import LOSS_NAMES

log = logging.getLogger(__name__)

LOG, VALIDATION, CURVES = "log.csv", "validation.csv", "curves.png"
"""Names of the records in a run's folder."""

_ERRORS = ("nme_mean", "nme_inner51", "nme_detection7", "clip_nme", "clip_flicker")

Row = dict[str, Any]


class Recorder:
    """Writes a run's records into its folder; one that `keeps` nothing is for processes that only help."""

    def __init__(self, folder: Path, stage_names: list[str], *, keeps: bool) -> None:
        self._folder = folder
        self._stage_names = stage_names
        self._keeps = keeps
        self._events: Any = None
        if keeps:
            folder.mkdir(parents=True, exist_ok=True)
            self._events = _open_events(folder)

    def rewind(self, stage_index: int, images: int) -> None:
        """Drops what was written after a checkpoint: a resumed run writes it again."""
        if not self._keeps:
            return

        def is_before(row: Row) -> bool:
            return (self._stage_names.index(row["stage"]), int(row["images"])) <= (stage_index, images)

        for name in (LOG, VALIDATION):
            _filter(self._folder / name, lambda row: row["stage"] in self._stage_names and is_before(row))

    def losses(self, row: Row, total_images: int) -> None:
        """A line of the log; `total_images` counts over all stages."""
        self._record(LOG, "training", row, total_images)

    def errors(self, row: Row, total_images: int) -> None:
        """A line of the validation's results."""
        self._record(VALIDATION, f"validation {row['set']}", row, total_images)

    def draw(self) -> None:
        """Draws the curves anew."""
        if self._keeps:
            draw_curves(self._folder)

    def _record(self, file_name: str, group: str, row: Row, total_images: int) -> None:
        if not self._keeps:
            return
        log.info("%s", as_text(row))
        path = self._folder / file_name
        new = not path.exists()
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(row))
            if new:
                writer.writeheader()
            writer.writerow(row)
        if self._events is not None:
            for name, value in row.items():
                if name not in ("stage", "set", "images") and value != "":
                    self._events.add_scalar(f"{group}/{name}", float(value), total_images)
            self._events.flush()


def as_text(row: Row) -> str:
    """A row for people: names and rounded values, what is empty left out."""
    return ", ".join(
        f"{key} {value:.3f}" if isinstance(value, float) else f"{key} {value}"
        for key, value in row.items()
        if value != ""
    )


def _filter(path: Path, keep: Callable[[Row], bool]) -> None:
    if not path.is_file():
        return
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        names, rows = reader.fieldnames, [row for row in reader if keep(row)]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names or [])
        writer.writeheader()
        writer.writerows(rows)


def _open_events(folder: Path) -> Any:
    if importlib.util.find_spec("tensorboard") is None:
        log.info("tensorboard is not installed (pip install 'rednet_ros[train]'): %s and %s only", LOG, VALIDATION)
        return None
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder / "events"))


def draw_curves(folder: Path) -> Path | None:
    """Draws `log.csv` and `validation.csv` of a run's folder into `curves.png`; None where matplotlib is missing."""
    if importlib.util.find_spec("matplotlib") is None:
        log.info("matplotlib is not installed (pip install 'rednet_ros[train]'): no %s", CURVES)
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
    path = folder / CURVES
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
