"""The pictures of docs/experiments.md: every seed is a point or a faint line, their mean a bar or a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rednet_ros.evaluation.plots import COLORS

_WIDTH_INCH, _DPI = 7.0, 110
_BAR_INCH, _TITLE_INCH = 0.28, 0.75


@dataclass(frozen=True)
class Bars:
    """One panel of bars: label -> the number of every seed."""

    title: str
    bars: Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Lines:
    """One panel of lines: label -> a line of every seed, each x and y; where y is None the line has a gap."""

    title: str
    xlabel: str
    lines: Mapping[str, Sequence[tuple[Sequence[float], Sequence[float | None]]]]


def plot_bars(path: Path, panels: Sequence[Bars], xlabel: str) -> None:
    """Horizontal bars from zero, a panel under the other."""
    heights = [_TITLE_INCH + _BAR_INCH * len(panel.bars) for panel in panels]
    with _figure(path, sum(heights)) as figure:
        all_axes = np.atleast_1d(figure.subplots(len(panels), 1, height_ratios=heights))
        for axes, panel in zip(all_axes, panels, strict=True):
            _bars(axes, panel)
        all_axes[-1].set_xlabel(xlabel)


def plot_lines(path: Path, panels: Sequence[Lines], ylabel: str) -> None:
    """Panels side by side, with one legend."""
    with _figure(path, 3.6) as figure:
        all_axes = np.atleast_1d(figure.subplots(1, len(panels)))
        for axes, panel in zip(all_axes, panels, strict=True):
            for (label, seeds), color in zip(panel.lines.items(), COLORS, strict=False):
                _mean_line(axes, label, seeds, color)
            axes.set(xlabel=panel.xlabel)
            axes.set_title(panel.title, fontsize=10, loc="left")
            axes.grid(color="0.92", linewidth=0.7)
            axes.spines[["top", "right"]].set_visible(False)
        all_axes[0].set_ylabel(ylabel)
        all_axes[-1].legend(fontsize=8, frameon=False)


def _bars(axes: Any, panel: Bars) -> None:
    for row, numbers in enumerate(panel.bars.values()):
        if len(numbers):
            axes.barh(row, np.mean(numbers), color=COLORS[0], alpha=0.35, height=0.7)
            axes.scatter(numbers, [row] * len(numbers), color=COLORS[0], s=14, zorder=3)
    axes.set_yticks(range(len(panel.bars)), list(panel.bars), fontsize=8)
    axes.set_ylim(len(panel.bars) - 0.5, -0.5)  # the first on top, and room for bars that are not measured yet
    axes.set_title(panel.title, fontsize=10, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color="0.92", linewidth=0.7)
    axes.set_axisbelow(True)


def _mean_line(
    axes: Any, label: str, seeds: Sequence[tuple[Sequence[float], Sequence[float | None]]], color: str
) -> None:
    lines = [(np.array(x), np.array(y, dtype=float)) for x, y in seeds if len(x)]
    if not lines:
        return
    few = max(len(x) for x, _ in lines) < 12
    for x, y in lines:
        axes.plot(x, y, color=color, alpha=0.35, linewidth=0.8, marker="o" if few else None, markersize=3)
    shortest = min(len(x) for x, _ in lines)
    mean = np.mean([y[:shortest] for _, y in lines], axis=0)
    axes.plot(
        lines[0][0][:shortest], mean, color=color, linewidth=2, label=label, marker="o" if few else None, markersize=4
    )


@contextmanager
def _figure(path: Path, height_inch: float) -> Iterator[Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH_INCH, height_inch), layout="constrained")
    FigureCanvasAgg(figure)
    yield figure
    figure.savefig(path, dpi=_DPI, format="png")
