"""The benchmark's report, one entry a machine, and the page that shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
all threads. Compare within a machine.

## CPU time of a frame with one tracked face, one core
"""

_FRAMES = "CPU time of a frame / wall time, median (95th percentile), ms. Where fewer faces were found, their number."
_NETWORK = """CPU time of the network alone, ms / its floor, ms = times the floor. The floor: the operations of its \
convolutions at the best rate of a product of float32 matrices in the same run, one core."""
_START = """CPU seconds and memory: of a fresh process on one core, until its first face and after a second of video. \
Error: mean distance from the labels in % of the distance of the outer eye corners, of all 68 points and of the 51 \
without the jaw, boxes of each tracker's own detector{}. MediaPipe has other points: the usual 68 of its 468, whose \
jaw lies elsewhere. dlib's model was trained on 300-W, perhaps on these very faces."""
_CAMERAS = "{}: of {} cameras of {:g} images/s, one face each, for {:g} s, {:.0f} % of the images were tracked (the \
worst camera); {:.2f} cores were busy."


def merged(report: Report | None, entry: Entry) -> Report:
    """The report with this machine's entry, in place of an older one of the same machine."""
    machines = [] if report is None else report["machines"]
    return {"format": FORMAT, "machines": [*(old for old in machines if _key(old) != _key(entry)), dict(entry)]}


def page(report: Report) -> str:
    """The whole page."""
    parts = [_headline(report), *(part for entry in report["machines"] for part in sections(entry))]
    return _HEAD + "\n" + "\n\n".join(parts) + "\n"


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
    own = [row for row in rows if "floor_ms" in row["frames"][0]]
    if own:
        yield f"### The network\n\n{_NETWORK}\n\n{_by_faces(own, 1, _network)}"
    labels = next((f" ({row['error']['labels']})" for row in rows if row["error"]), "")
    table = markdown(_START_HEAD, [_start(row) for row in rows])
    yield f"### Start, memory, error\n\n{_START.format(labels)}\n\n{table}"
    yield from (_cameras(row) for row in rows if row["cameras"])
    if entry["topics"]:
        rows = [[name, _text(value)] for name, value in entry["topics"].items()]
        yield f"### Through topics\n\nSee [nodes](nodes.md#latency-through-topics).\n\n{markdown(('', ''), rows)}"
    if entry["left_out"]:
        yield "Not measured:\n\n" + "\n".join(f"- {title}: {reason}" for title, reason in entry["left_out"].items())


_KEYS = ("processor", "features", "cores")
_START_HEAD = ("", "CPU, s", "memory, MB", "error, 68", "inner 51", "> 10 %", "missed")


def _key(entry: Entry) -> list[Any]:
    return [entry["machine"][name] for name in _KEYS]


def _name(entry: Entry) -> str:
    machine = entry["machine"]
    return ", ".join([machine["processor"], *machine["features"], f"{machine['cores']} cores"])


def _headline(report: Report) -> str:
    rows = []
    for entry in report["machines"]:
        cost_ms = {row["name"]: _one_face_ms(row) for row in entry["rows"]}
        peer_ms = next((value for name, value in cost_ms.items() if name.startswith("MediaPipe")), None)
        for name in (row["name"] for row in entry["rows"] if row["is_own"]):
            ratio = cost_ms[name] / peer_ms if cost_ms[name] and peer_ms else None
            rows.append([_name(entry), name, _text(cost_ms[name]), _text(peer_ms), _text(ratio)])
    return markdown(("processor", "weights", "ms", "MediaPipe FaceMesh, ms", "ratio"), rows)


def _one_face_ms(row: Entry) -> Any:
    return next((frame["cpu_ms"] for frame in row["frames"] if frame["faces"] == frame["cores"] == 1), None)


def _by_faces(rows: list[Entry], cores: int, cell: Any) -> str:
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
    errors = [_text(error.get(name)) for name in ("nme_mean", "nme_inner51", "failure_rate_10")]
    return [row["name"], _text(start["cpu_s"]), f"{start['memory_mb']:.0f}", *errors, _text(error.get("missed"))]


def _cameras(row: Entry) -> str:
    trial = row["cameras"]
    share = 100 * trial["share"]
    return _CAMERAS.format(row["name"], trial["count"], trial["rate_hz"], trial["seconds"], share, trial["cores"])


def _text(value: Any) -> str:
    if value is None:
        return "-"
    return (
        f"{value:.2f}"
        if isinstance(value, float) and value < 10
        else f"{value:.1f}"
        if isinstance(value, float)
        else str(value)
    )
