"""Curves of `rednet-evaluate` as PNG. Needs matplotlib, which nothing else of the package does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rednet_ros.errors import InputError
from rednet_ros.evaluation.degraded.summary import Curve
from rednet_ros.evaluation.flicker import smoothed
from rednet_ros.evaluation.verification import PairScores, area_under_roc, equal_error_rate, roc_curve
from rednet_ros.metrics import area_under_curve

CED_LIMIT = 0.10
"""Errors are drawn up to this one, at which a face becomes a failure."""

DASHES = ("-", (0, (5, 2)), (0, (2, 1.5)), (0, (6, 2, 1, 2)))
COLORS = ("#1f5fa8", "#c8452e", "#2e8b57", "#8a5fb0", "#b8860b", "#4a4a4a")

_LONG_FRAMES = 150
"""Curves over more frames are drawn faintly, with their moving mean in front."""

_SIZE_INCH, _DPI = (7.0, 4.5), 130


def check_matplotlib() -> None:
    """Raises InputError, saying what to install, where there is no matplotlib."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise InputError(
            "curves need matplotlib: python3 -m pip install matplotlib (or this package's extra [plots])"
        ) from error


def cumulative_errors(
    face_errors: NDArray[np.floating], limit: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The cumulative error distribution as the corners of its staircase: errors up to `limit`, shares of faces.

    `face_errors`: N > 0 fractions, infinite for missed faces. Returns rising errors from 0 to `limit` and the share,
    0..1, of faces with at most that error, to be drawn as steps.
    """
    ordered = np.sort(face_errors[face_errors <= limit].astype(np.float64))
    shares = np.arange(1, len(ordered) + 1) / len(face_errors)
    last = shares[-1] if len(shares) else 0.0
    return np.concatenate([[0.0], ordered, [limit]]), np.concatenate([[0.0], shares, [last]])


def plot_cumulative_errors(path: Path, errors: Mapping[str, NDArray[np.float64]], unit: str) -> None:
    """Cumulative error distributions, one curve each: name -> errors of N faces (fractions, infinite if missed)."""
    with axes(path) as drawn:
        for (name, values), style in zip(errors.items(), _styles(), strict=False):
            x, y = cumulative_errors(values, CED_LIMIT)
            label = f"{name}  (AUC up to 8 %: {100 * area_under_curve(values):.1f} %)"
            drawn.step(100 * x, 100 * y, where="post", label=label, **style)
        drawn.axvline(8, color="0.75", linewidth=0.8, zorder=0)
        drawn.set(xlim=(0, 100 * CED_LIMIT), ylim=(0, 100))
        drawn.set(xlabel=f"mean error of a face, % of the {unit}", ylabel="faces with at most this error, %")


def plot_error_over_time(path: Path, curves: Mapping[str, NDArray[np.float64]], unit: str) -> None:
    """Mean error at each frame, one curve each: name -> fractions by frame, NaN where there is none."""
    with axes(path) as drawn:
        for (name, values), style in zip(curves.items(), _styles(), strict=False):
            frames = np.arange(len(values))
            label = f"{name}  (mean {100 * np.nanmean(values):.2f} %)" if np.isfinite(values).any() else f"{name}  (-)"
            if len(values) <= _LONG_FRAMES:
                drawn.plot(frames, 100 * values, label=label, **style)
                continue
            drawn.plot(frames, 100 * values, color=style["color"], alpha=0.3, linewidth=0.6)
            known = np.isfinite(values)
            drawn.plot(frames[known], 100 * smoothed(values[known]), label=label, **style)
        drawn.set(xlabel="frame since the start of the sequence", ylabel=f"mean error, % of the {unit}")
        drawn.set_ylim(bottom=0)
        drawn.xaxis.get_major_locator().set_params(integer=True)
        drawn.margins(x=0)


def plot_bursts(path: Path, curves: Mapping[str, Curve], unit: str) -> None:
    """Mean error before, inside and after bursts of degraded frames, one curve each."""
    with axes(path) as drawn:
        for (name, curve), style in zip(curves.items(), _styles(), strict=False):
            values = 100 * np.concatenate([curve.before, curve.inside, curve.after])
            drawn.plot(np.arange(len(values)), values, label=name, **style)
        lengths = [len(curve.before), len(curve.inside), len(curve.after)]
        start, stop = lengths[0], lengths[0] + lengths[1]
        drawn.axvspan(start - 0.5, stop - 0.5, color="0.95", zorder=0)
        labels = [*range(-lengths[0], 0), *range(1, lengths[1] + 1), *(f"+{frame + 1}" for frame in range(lengths[2]))]
        drawn.set_xticks(range(sum(lengths)), labels, fontsize=7)
        drawn.set(xlabel="frame: before a burst | since its start | since its end")
        drawn.set_ylabel(f"mean error, % of the\n{unit}")
        drawn.set_ylim(bottom=0)
        drawn.margins(x=0)


def plot_roc(path: Path, scores: Mapping[str, PairScores]) -> None:
    """Receiver operating characteristics of verification, false accepts on a logarithmic axis."""
    with axes(path) as drawn:
        lowest = 1.0
        for (name, pairs), style in zip(scores.items(), _styles(), strict=False):
            accepted_wrongly, accepted_rightly = roc_curve(pairs)
            rate, _ = equal_error_rate(pairs)
            label = f"{name}  (AUC {area_under_roc(pairs):.3f}, EER {100 * rate:.1f} %)"
            drawn.plot(100 * accepted_wrongly, 100 * accepted_rightly, label=label, **style)
            lowest = min(lowest, float(accepted_wrongly[0]))
        chance = np.geomspace(lowest, 1, 100)
        drawn.plot(100 * chance, 100 * chance, color="0.75", linewidth=0.8, zorder=0)
        drawn.set_xscale("log")
        drawn.xaxis.set_major_formatter("{x:g}")
        drawn.set(xlim=(max(100 * lowest, 1e-2), 100), ylim=(0, 100))
        drawn.set(xlabel="pairs of two people accepted, % (log)", ylabel="pairs of one person accepted, %")


@contextmanager
def axes(path: Path) -> Iterator[Any]:
    """Empty axes; written to `path` in the end. Raises InputError if that fails."""
    check_matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=_SIZE_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    drawn = figure.add_subplot()
    drawn.grid(color="0.92", linewidth=0.7)
    drawn.spines[["top", "right"]].set_visible(False)
    yield drawn
    drawn.legend(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2, fontsize=8, frameon=False)
    try:
        figure.savefig(path, dpi=_DPI, format="png")
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error


def _styles() -> Iterator[dict[str, Any]]:
    """Without end: a colour and a pattern each, so that a curve on top of another leaves it to be seen."""
    for number in count():
        color, dash = COLORS[number % len(COLORS)], DASHES[number % len(DASHES)]
        yield {"color": color, "linestyle": dash, "linewidth": 1.8}
