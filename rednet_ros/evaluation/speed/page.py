"""A report as Markdown, and its chart. See `rednet_ros.evaluation.speed.run` for what a report holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rednet_ros.evaluation.plots import axes
from rednet_ros.evaluation.tables import markdown

Report = Mapping[str, Any]

_HEAD = """# Performance

<!-- Written by rednet-benchmark --page; change rednet_ros/evaluation/speed/page.py instead. -->

    {command}

`rednet-benchmark --from docs/performance.json --page docs/performance.md` writes this page again from the figures. Wall
times are milliseconds, the median with the 95th percentile in brackets. CPU time is that of all threads, the mean. The
floor of the network is the number of its floating-point operations over the best rate of a matrix product with as many
threads in the same run."""

_FRAMES, _NETWORK = ("frame, ms", "CPU, ms"), ("network, ms", "floor, ms", "in floors")

_FRAME = "A frame is a whole `FaceTracker.update`, with its searches for new faces."
_STAGES = "Mean wall time in a frame. `detect` is a frame's share of the searches, each of which takes the last column."
_PEERS = (
    "The same frames with one face, in turns. They find other points and err by different amounts: this compares cost."
)
_CAMERAS = "One image of each camera in one call, `FaceTracker.update_many`: all faces in one batch."
_SHARING = (
    "{} cameras of {:g} images/s and one tracker for {:g} s. The latency is the median from an image to its faces."
)
_START = (
    "From its start to its first face, a process takes {:.1f} s of CPU time; it then has {:.0f} MB of resident memory."
)
_MEMORY = "After {} more frames it has {:.0f} MB, {:+.1f} MB since a tenth of them."


def page(report: Report, chart: str | None = None) -> str:
    """The whole page. `chart`: the picture's path as the page shall name it."""
    parts = [_HEAD.format(command=report["command"]), report.get("note", ""), f"![]({chart})" if chart else ""]
    return "\n\n".join([*filter(None, parts), *(f"## {title}\n\n{text}" for title, text in sections(report))]) + "\n"


def sections(report: Report) -> Iterator[tuple[str, str]]:
    """Title and text of every part that was measured."""
    yield "Machine", markdown(("", ""), list(_facts(report).items()))
    yield from _of_faces(report["faces"])
    if report["backends"]:
        rows = [[row["backend"], row["faces"], row["threads"], *_network(row)] for row in report["backends"]]
        yield "Backends", markdown(("backend", "faces", "threads", *_NETWORK), rows)
    rows = [[peer["name"], *_both(peer["frame"]), f"{peer['found']} of {peer['frames']}"] for peer in report["peers"]]
    yield "Other libraries", f"{_PEERS}\n\n{markdown(('', *_FRAMES, 'frames with a face'), rows)}"
    if report["cameras"]:
        rows = [[row["cameras"], row["tracked"], *_both(row["frame"])] for row in report["cameras"]]
        yield "Cameras", f"{_CAMERAS}\n\n{markdown(('cameras', 'tracked', *_FRAMES), rows)}"
    if report["start"]:
        start = report["start"]
        text = _START.format(start["cpu_s"], start["memory_mb"])
        if "frames" in start:
            text += "\n" + _MEMORY.format(start["frames"], start["end_mb"], start["end_mb"] - start["tenth_mb"])
        yield "Start and memory", text
    if report["fairness"]:
        yield "Cameras that share a tracker", _fairness(report["fairness"])
    if report["ros"]:
        yield "Through topics", markdown(("", ""), [[name, _short(value)] for name, value in _flat(report["ros"])])
    if report["left_out"]:
        yield "Not measured", "\n".join(f"- {part}: {reason}" for part, reason in report["left_out"].items())


def draw_chart(path: Path, report: Report) -> None:
    """Wall time over the number of faces, as PNG. Raises InputError where it cannot be written."""
    faces = [row["faces"] for row in report["faces"]]
    lines = {
        "whole frame": [row["frame"]["wall_ms"] for row in report["faces"]],
        "network": [row["network"]["wall_ms"] for row in report["faces"]],
        "floor of the network": [row["floor_ms"] for row in report["faces"]],
    }
    with axes(path) as drawn:
        for name, values in lines.items():
            if None not in values:
                drawn.plot(faces, values, "--" if "floor" in name else "o-", label=name)
        drawn.set(xlabel=f"faces in a frame, {report['machine']['processor']}", ylabel="ms", xscale="log", yscale="log")
        drawn.set_xticks(faces, [str(count) for count in faces])


def _of_faces(faces: list[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    head = ("faces", "tracked", "threads", *_FRAMES, *_NETWORK)
    rows = [[row["faces"], row["tracked"], row["threads"], *_both(row["frame"]), *_network(row)] for row in faces]
    yield "Faces in a frame", f"{_FRAME}\n\n{markdown(head, rows)}"
    names = [f"{name}, ms" for name in faces[0]["stages_ms"]]
    rows = [[row["faces"], *map(_short, row["stages_ms"].values()), _wall(row["search"])] for row in faces]
    yield "Stages of a frame", f"{_STAGES}\n\n{markdown(['faces', *names, 'one search, ms'], rows)}"


def _facts(report: Report) -> dict[str, object]:
    gflop = report["gflop_per_face"]
    rates = [
        f"{_short(rate['gflops'])} GFLOP/s ({rate['threads']} threads, {rate['device']}, {rate['precision']})"
        for rate in report["rates_gflops"]
    ]
    return {
        **report["machine"],
        "weights": f"{report['weights']}, by {report['backend']}",
        "frames": report["frames"],
        "network": "-" if gflop is None else f"{gflop:.3f} GFLOP a face",
        "best matrix product": "; ".join(rates) or "-",
    }


def _fairness(fairness: Mapping[str, Any]) -> str:
    text = _SHARING.format(len(fairness["processed"]), fairness["rate_hz"], fairness["seconds"])
    values = zip(fairness["processed"], fairness["first_ms"], fairness["last_ms"], strict=True)
    rows = [
        [number, f"{100 * share:.1f} %", _short(first), _short(last)]
        for number, (share, first, last) in enumerate(values, 1)
    ]
    head = ("camera", "images tracked", "latency in the first fifth, ms", "in the last fifth, ms")
    return f"{text}\n\n{markdown(head, rows)}"


def _network(row: Mapping[str, Any]) -> list[str]:
    if row["floor_ms"] is None:
        return [_wall(row["network"]), "-", "-"]
    return [_wall(row["network"]), _short(row["floor_ms"]), f"{row['network']['wall_ms'] / row['floor_ms']:.2f}"]


def _both(timing: Mapping[str, float]) -> list[str]:
    return [_wall(timing), _short(timing["cpu_ms"])]


def _wall(timing: Mapping[str, float]) -> str:
    return f"{_short(timing['wall_ms'])} ({_short(timing['p95_ms'])})"


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}, ")
        else:
            yield f"{before}{name}", value


def _short(value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:.3f}" if abs(value) < 0.1 else f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"
