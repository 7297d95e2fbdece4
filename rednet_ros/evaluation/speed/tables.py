"""A report's figures as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rednet_ros.evaluation.speed.aims import aims
from rednet_ros.evaluation.speed.chart import stages
from rednet_ros.evaluation.speed.floor import Floor
from rednet_ros.evaluation.speed.results import Report
from rednet_ros.evaluation.speed.timing import Timing


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [list(head), ["---"] * len(head), *map(list, rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def milliseconds(value: Timing | None) -> str:
    """Median and 95th percentile."""
    return "-" if value is None else f"{_short(value.median_ms)} ({_short(value.p95_ms)})"


def machine_table(report: Report) -> str:
    """What it ran on."""
    machine, floor = report.machine, report.floors[0]
    rates = (f"{each.rate_gflops:.0f} GFLOP/s, {each.precision}, {_threads(each)}" for each in report.floors)
    rows = [
        ("processor", f"{machine.cpu}, {machine.cores} cores, {machine.memory_gb:g} GB"),
        ("GPU", machine.gpu or "none"),
        ("system", f"{machine.system}, Python {machine.python}, PyTorch {machine.torch}, OpenCV {machine.opencv}"),
        ("used by others meanwhile", _others(report)),
        ("weights", f"{report.weights}, by {report.backend}"),
        ("frames", f"{report.size_px[0]} x {report.size_px[1]}, {report.frames_from}"),
        ("matrix products", "; ".join(rates)),
        ("network", f"{floor.gflop_per_face:.3f} GFLOP a face: a floor of {floor.milliseconds(1):.2f} ms for one"),
        ("measured on", machine.day),
    ]
    return table(("", ""), rows)


def aims_table(report: Report) -> str:
    """What should be and what is."""
    rows = []
    for aim in aims(report):
        limit = f"{'at least' if aim.is_least else 'at most'} {aim.limit:g} {aim.unit}".strip()
        rows.append((aim.name, f"{_short(aim.value)} {aim.unit}".strip(), limit, "yes" if aim.is_met else "**no**"))
    return table(("", "measured", "aim", "met"), rows)


def stages_table(report: Report) -> str:
    """The parts of a frame with one face."""
    return table(("stage", "ms: median (p95)"), [(name, milliseconds(each)) for name, each in stages(report).items()])


def faces_table(report: Report) -> str:
    """One row a number of faces."""
    timed = ("network", "floor", "network in floors", "crop", "landmarks", "frame", "frames/s")
    head = ("faces", "tracked", "threads", *timed)
    rows = [
        (
            str(row.faces),
            str(row.tracked),
            str(row.threads),
            milliseconds(row.network),
            _short(row.floor_ms),
            f"{row.network_floors:.2f}",
            milliseconds(row.crop),
            milliseconds(row.landmarks),
            milliseconds(row.frame),
            f"{1e3 / row.frame.median_ms:.0f}",
        )
        for row in report.faces
    ]
    return table(head, rows)


def backends_table(report: Report) -> str:
    """One row a backend and number of faces."""
    rows = [
        (
            row.name,
            str(row.faces),
            str(row.threads),
            milliseconds(row.network),
            _short(row.floor_ms),
            f"{row.network.median_ms / row.floor_ms:.2f}",
        )
        for row in report.backends
    ]
    return table(("backend", "faces", "threads", "ms: median (p95)", "floor", "in floors"), rows)


def cameras_table(report: Report) -> str:
    """One row a number of cameras."""
    rows = [
        (str(row.cameras), str(row.tracked), milliseconds(row.frame), f"{1e3 / row.frame.median_ms:.0f}")
        for row in report.cameras
    ]
    return table(("cameras", "tracked", "ms for all: median (p95)", "frames/s of each"), rows)


def topics_table(report: Report) -> str:
    """One row a number of faces, through topics."""
    rows = [
        (
            str(row.faces),
            str(row.tracked),
            f"{row.answered} of {row.sent}",
            milliseconds(row.answer),
            f"{row.memory_mb:.0f}",
            row.profile,
        )
        for row in report.topics
    ]
    return table(("faces", "tracked", "answered", "ms: median (p95)", "node's memory, MB", "Fast DDS profile"), rows)


def messages_table(report: Report) -> str:
    """The message as it is beside flat arrays."""
    assert report.frame_path is not None
    rows = []
    for row in report.frame_path.messages:
        as_is, flat = (
            (row.fill, row.serialise, row.deserialise),
            (
                row.flat_fill,
                row.flat_serialise,
                row.flat_deserialise,
            ),
        )
        for name, parts in (("FaceLandmarks", as_is), ("flat array", flat)):
            total_ms = sum(part.median_ms for part in parts[:2])
            rows.append((str(row.faces), name, *(_short(part.median_ms) for part in parts), _short(total_ms)))
    return table(("faces", "layout", "fill, ms", "to bytes, ms", "from bytes, ms", "in the node, ms"), rows)


def path_table(report: Report) -> str:
    """The image message's way."""
    path = report.frame_path
    assert path is not None
    rows = [
        ("bgr8 message to array" + (", a view" if path.is_view else ", copied"), milliseconds(path.view)),
        ("rgb8 message to array", milliseconds(path.convert)),
        ("copy of a frame for the detector's thread", milliseconds(path.copy)),
    ]
    return table(("", "ms: median (p95)"), rows)


def peers_table(report: Report) -> str:
    """Other libraries."""
    rows = [
        (f"{peer.name} {peer.version}", milliseconds(peer.frame), f"{peer.found} of {peer.frames}")
        for peer in report.peers
    ]
    return table(("", "ms a frame: median (p95)", "frames with a face"), rows)


def fairness_table(report: Report) -> str:
    """One row a camera."""
    assert report.fairness is not None
    rows = [
        (
            camera.name,
            str(camera.sent),
            str(camera.processed),
            milliseconds(camera.latency_first),
            milliseconds(camera.latency_last),
        )
        for camera in report.fairness.cameras
    ]
    return table(("camera", "images sent", "processed", "latency, first fifth, ms", "last fifth, ms"), rows)


def _threads(floor: Floor) -> str:
    if floor.device == "cuda":
        return "on the GPU"
    return "1 thread" if floor.threads == 1 else f"{floor.threads} threads"


def _others(report: Report) -> str:
    return "unknown" if report.others_share is None else f"{100 * report.others_share:.0f} % of the cores"


def _short(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 0.1 else f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"
