"""The benchmark's report, one entry a machine, and the page that shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rednet_ros.evaluation.tables import markdown

Report = dict[str, Any]
Entry = Mapping[str, Any]

FORMAT = 3

_HEAD = """# Performance

<!-- Written by rednet-benchmark --page; change rednet_ros/evaluation/speed/page.py instead. -->

`rednet-benchmark --json docs/performance.json --page docs/performance.md` measures on a machine and puts its figures
into this page, beside those of other machines; `--from docs/performance.json` only writes the page again.

All trackers of a machine ran in one run on the same VGA frames, each in a process of its own, in turns of a second of
video. A frame is all that a tracker does with it, with its share of the searches for new faces. CPU time is that of
all threads. Compare within a machine: each has the code and the weights of its day, so errors differ, too.

## CPU time of a frame with one tracked face, one core

"""
_FRAMES = "CPU time of a frame / wall time, median (95th percentile), ms. Where fewer faces were found, their number."
_NETWORK = """CPU time of the network alone, ms / its floor, ms = times the floor. The floor: the operations of its \
convolutions at the best rate of a product of float32 matrices in the same run, one core."""
_START = """CPU seconds and memory: of a fresh process on one core, until its first face and after a second of video. \
Error: mean distance from the labels in % of the distance of the outer eye corners, of all 68 points and of the 51 \
without the jaw, boxes of each tracker's own detector{}. MediaPipe has other points: the usual 68 of its 468, whose \
jaw lies elsewhere. dlib's model was trained on 300-W, perhaps on these very faces."""
_CAMERAS = """{}: of {count} cameras of {rate_hz:g} images/s, one face each, for {seconds:g} s, {:.0f} % of the images \
were tracked (the worst camera); {cores:.2f} cores were busy."""

_KEYS = ("processor", "features", "cores")
_RATIO_HEAD = ("processor", "weights", "ms", "MediaPipe FaceMesh, ms", "ratio")
_START_HEAD = ("", "CPU, s", "memory, MB", "error, 68", "inner 51", "> 10 %", "missed")


def merged(report: Report | None, entry: Entry) -> Report:
    """The report with this machine's entry, in place of an older one of the same machine."""
    machines = [] if report is None else report["machines"]
    return {"format": FORMAT, "machines": [*(old for old in machines if _key(old) != _key(entry)), dict(entry)]}


def page(report: Report) -> str:
    """The whole page."""
    ratios = markdown(_RATIO_HEAD, [row for entry in report["machines"] for row in _ratios(entry)])
    return _HEAD + "\n\n".join([ratios, *(part for entry in report["machines"] for part in sections(entry))]) + "\n"


def sections(entry: Entry) -> Iterator[str]:
    """What was measured on a machine, part by part."""
    machine, rows = entry["machine"], entry["rows"]
    yield f"## {_name(entry)}"
    yield "; ".join(f"{name} {_text(value)}" for name, value in machine.items() if name not in _KEYS) + "."
    yield f"    {entry['command']}"
    if entry.get("note"):
        yield entry["note"]
    for cores in sorted({frame["cores"] for frame in rows[0]["frames"]}):
        yield f"### Frames, {cores} core{'s' * (cores > 1)}\n\n{_FRAMES}\n\n{_by_faces(rows, cores, _frame)}"
    if own := [row for row in rows if "floor_ms" in row["frames"][0]]:
        yield f"### The network\n\n{_NETWORK}\n\n{_by_faces(own, 1, _network)}"
    labels = next((f" ({row['error']['labels']})" for row in rows if row["error"]), "")
    table = markdown(_START_HEAD, [_start(row) for row in rows])
    yield f"### Start, memory, error\n\n{_START.format(labels)}\n\n{table}"
    for row in (row for row in rows if row["cameras"]):
        yield _CAMERAS.format(row["name"], 100 * row["cameras"]["share"], **row["cameras"])
    if entry["topics"]:
        topics = markdown(("", ""), [[name, _text(value)] for name, value in entry["topics"].items()])
        yield f"### Through topics\n\nSee [nodes](nodes.md#latency-through-topics).\n\n{topics}"
    if entry["left_out"]:
        yield "Not measured:\n\n" + "\n".join(f"- {title}: {reason}" for title, reason in entry["left_out"].items())


def _key(entry: Entry) -> list[Any]:
    return [entry["machine"][name] for name in _KEYS]


def _name(entry: Entry) -> str:
    processor, features, cores = _key(entry)
    return ", ".join([processor, *features, f"{cores} cores"])


def _ratios(entry: Entry) -> Iterator[list[str]]:
    """Of each own network to MediaPipe: one face, one core."""
    cost_ms = {
        row["name"]: next((frame["cpu_ms"] for frame in row["frames"] if frame["faces"] == frame["cores"] == 1), None)
        for row in entry["rows"]
    }
    peer_ms = next((value for name, value in cost_ms.items() if name.startswith("MediaPipe")), None)
    for name, own_ms in ((row["name"], cost_ms[row["name"]]) for row in entry["rows"] if row["is_own"]):
        ratio = own_ms / peer_ms if own_ms and peer_ms else None
        yield [_name(entry), name, _text(own_ms), _text(peer_ms), _text(ratio)]


def _by_faces(rows: list[Entry], cores: int, cell: Callable[[Entry], str]) -> str:
    frames = [[frame for frame in row["frames"] if frame["cores"] == cores] for row in rows]
    head = [f"{frame['faces']} face{'s' * (frame['faces'] > 1)}" for frame in frames[0]]
    return markdown(("", *head), [[row["name"], *map(cell, of)] for row, of in zip(rows, frames, strict=True)])


def _frame(frame: Entry) -> str:
    found = "" if frame["found"] == frame["faces"] else f", {frame['found']:g} found"
    return f"{_text(frame['cpu_ms'])} / {_text(frame['wall_ms'])} ({_text(frame['p95_ms'])}){found}"


def _network(frame: Entry) -> str:
    if "floor_ms" not in frame:
        return "-"
    network_ms, floor_ms = frame["network_ms"], frame["floor_ms"]
    return f"{_text(network_ms)} / {_text(floor_ms)} = {network_ms / floor_ms:.2f}"


def _start(row: Entry) -> list[str]:
    start, error = row["start"], row["error"] or {}
    errors = [_text(error.get(name)) for name in ("nme_mean", "nme_inner51", "failure_rate_10", "missed")]
    return [row["name"], _text(start["cpu_s"]), f"{start['memory_mb']:.0f}", *errors]


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.{2 if value < 10 else 1}f}"
    return "-" if value is None else str(value)
