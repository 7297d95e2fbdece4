"""A report as one PNG. Needs matplotlib."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rednet_ros.errors import InputError
from rednet_ros.evaluation.speed.aims import row_of
from rednet_ros.evaluation.speed.results import Report
from rednet_ros.evaluation.speed.timing import Timing

_BLUE, _RED, _GREEN, _GREY = "#1f5fa8", "#c8452e", "#2e8b57", "#8a8a8a"
_PANEL_INCH, _DPI = (5.2, 3.6), 120


def check_matplotlib() -> None:
    """Raises InputError, saying what to install, where there is no matplotlib."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise InputError(
            "the chart needs matplotlib: python3 -m pip install matplotlib (or this package's extra [plots])"
        ) from error


def draw_chart(path: Path, report: Report) -> None:
    """Write the panels that the report has figures for. Raises InputError where it cannot be written."""
    from matplotlib.figure import Figure

    panels = [panel for panel, has in _PANELS if has(report)]
    if not panels:
        raise InputError("there is nothing to draw in this report")
    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(_PANEL_INCH[0] * columns, _PANEL_INCH[1] * rows), layout="constrained")
    all_axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes, panel in zip(all_axes, panels, strict=False):
        panel(axes, report)
        axes.spines[["top", "right"]].set_visible(False)
    for axes in all_axes[len(panels) :]:
        axes.set_visible(False)
    try:
        figure.savefig(path, dpi=_DPI)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be written: {error}") from error


def stages(report: Report) -> dict[str, Timing]:
    """The parts of a frame with one face, or with the fewest that were measured, by name."""
    row = row_of(report, 1) or report.faces[0]
    found = {
        "decode": report.clip.decode if report.clip is not None else None,
        "detect": row.detect,
        "crop": row.crop,
        "network": row.network,
        "landmarks": row.landmarks,
        "publish": _publish(report),
    }
    return {name: each for name, each in found.items() if each is not None}


def _publish(report: Report) -> Timing | None:
    if report.frame_path is None:
        return None
    row = report.frame_path.messages[0]
    parts = (row.fill, row.serialise)
    return Timing(sum(part.median_ms for part in parts), sum(part.p95_ms for part in parts), row.fill.runs)


def _draw_stages(axes: Any, report: Report) -> None:
    parts = stages(report)
    medians = [part.median_ms for part in parts.values()]
    above = [max(0.0, part.p95_ms - part.median_ms) for part in parts.values()]
    below = [0.0] * len(above)
    axes.bar(list(parts), medians, yerr=(below, above), color=_BLUE, ecolor=_GREY, capsize=3)
    axes.set(title="one face: median and 95th percentile", ylabel="ms", yscale="log")
    axes.tick_params(axis="x", labelsize="small")


def _draw_faces(axes: Any, report: Report) -> None:
    faces = [row.faces for row in report.faces]
    axes.plot(faces, [row.frame.median_ms for row in report.faces], "o-", color=_GREEN, label="whole frame")
    axes.plot(faces, [row.network.median_ms for row in report.faces], "o-", color=_BLUE, label="network")
    axes.plot(faces, [row.floor_ms for row in report.faces], "--", color=_RED, label="floor of the network")
    axes.set(title="faces", xlabel="faces in a frame", ylabel="ms", xscale="log", yscale="log")
    axes.set_xticks(faces, [str(count) for count in faces])
    axes.minorticks_off()
    axes.legend(frameon=False)


def _draw_cameras(axes: Any, report: Report) -> None:
    cameras = [row.cameras for row in report.cameras]
    axes.bar(cameras, [row.frame.median_ms for row in report.cameras], color=_BLUE)
    axes.set(title="cameras with one face each, one batch", xlabel="cameras", ylabel="ms for all")
    axes.set_xticks(cameras)


def _draw_peers(axes: Any, report: Report) -> None:
    row = row_of(report, 1)
    entries = [(f"{peer.name} {peer.version}", peer.frame.median_ms) for peer in report.peers]
    if row is not None:
        entries.insert(0, (f"rednet_ros, {report.weights}", row.frame.median_ms))
    axes.barh([name for name, _ in entries], [value for _, value in entries], color=[_BLUE] + [_GREY] * len(entries))
    axes.invert_yaxis()
    axes.set(title="one face, one frame", xlabel="ms")


def _draw_memory(axes: Any, report: Report) -> None:
    assert report.memory is not None
    axes.plot(report.memory.frames, report.memory.memory_mb, color=_BLUE)
    axes.set(title=f"resident memory of {report.memory.of}", xlabel="frames", ylabel="MB")
    axes.set_ylim(0, 1.15 * max(report.memory.memory_mb))


_PANELS: tuple[tuple[Callable[[Any, Report], None], Callable[[Report], bool]], ...] = (
    (_draw_stages, lambda report: bool(report.faces)),
    (_draw_faces, lambda report: len(report.faces) > 1),
    (_draw_cameras, lambda report: len(report.cameras) > 1),
    (_draw_peers, lambda report: bool(report.peers)),
    (_draw_memory, lambda report: report.memory is not None),
)
"""What draws a panel, and whether a report has its figures."""
