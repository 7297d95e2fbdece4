"""docs/performance.md from a report."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rednet_ros.errors import InputError
from rednet_ros.evaluation.speed import tables
from rednet_ros.evaluation.speed.results import Report


def write_page(path: Path, report: Report, chart: str | None) -> None:
    """`chart`: the picture's path as the page shall name it. Raises InputError where the page cannot be written."""
    try:
        path.write_text(page(report, chart), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error


def page(report: Report, chart: str | None = None) -> str:
    """The whole page."""
    parts = [_HEAD.format(command=report.command), tables.machine_table(report)]
    if report.note:
        parts.append(report.note)
    if chart is not None:
        parts.append(f"![times by stage, faces and cameras]({chart})")
    parts += ["## Aims", tables.aims_table(report)]
    for title, content in _sections(report):
        parts += [f"## {title}", content]
    if report.left_out:
        parts += ["## Not measured", "\n".join(f"- {part}: {reason}" for part, reason in report.left_out.items())]
    return "\n\n".join(parts) + "\n"


def _sections(report: Report) -> Iterator[tuple[str, str]]:
    if report.faces:
        yield "Stages", f"{_STAGES}\n\n{tables.stages_table(report)}"
        yield "Faces", f"{_FACES}\n\n{tables.faces_table(report)}"
    if report.backends:
        yield "Backends", f"{_BACKENDS}\n\n{tables.backends_table(report)}"
    if report.cameras:
        yield "Cameras", f"{_CAMERAS}\n\n{tables.cameras_table(report)}"
    if report.clip is not None:
        clip = report.clip
        rate = f"{clip.name}, {clip.width_px} x {clip.height_px}: **{clip.track_rate_hz:.1f} frames/s** by rednet-track"
        yield "A video file", f"{rate} (`--jsonl`, from the first frame to the last; decoding runs in its own thread)."
    if report.topics:
        yield "Through topics", f"{_TOPICS}\n\n{tables.topics_table(report)}"
    if report.frame_path is not None:
        yield "The frame path", "\n\n".join((_PATH, tables.path_table(report), tables.messages_table(report)))
    if report.memory is not None:
        memory = report.memory
        yield (
            "Memory",
            _MEMORY.format(
                of=memory.of,
                frames=memory.frames[-1],
                start=memory.memory_mb[0],
                end=memory.memory_mb[-1],
                growth=memory.growth_mb,
            ),
        )
    if report.gpu_memory_mb is not None:
        yield "Memory of the GPU", f"{report.gpu_memory_mb:.0f} MB at most, held by PyTorch."
    if report.fairness is not None:
        fairness = report.fairness
        text = _FAIRNESS.format(count=len(fairness.cameras), rate=fairness.rate_hz, seconds=fairness.seconds)
        yield "Cameras that share", f"{text} ({fairness.of})\n\n{tables.fairness_table(report)}"
    if report.peers:
        yield "Other libraries", f"{_PEERS}\n\n{tables.peers_table(report)}"


_HEAD = """# Performance

<!-- Written by rednet-benchmark; change rednet_ros/evaluation/speed/page.py instead. -->

Made by

    {command}

which needs nothing but the package (and, for the topics, ROS 2 with its messages: `make shell`). `--from` makes page
and chart again from the figures in the JSON file. Times are milliseconds, the median with the 95th percentile in
brackets. The floor of the network is the number of its floating-point operations over the rate of the best matrix
product found in the same run, with the same precision and threads."""

_STAGES = """A frame with one face. `decode` reads it from a video file, in a thread of its own; `detect` is one
search of the detector, which runs once a second and with a camera in its own thread; `crop` cuts the face out,
upright; `network` is RED-Net with the reading of its maps; `landmarks` is all else that the tracker does; `publish`
fills the message and makes its bytes."""

_FACES = """All faces of a frame go through the network as one batch. `frame` is a whole `FaceTracker.update`, with
the detector inside where it was its turn (the 95th percentile shows it)."""

_BACKENDS = """The network by each backend that can be used here; all else on this page is measured with the one that
is chosen by itself."""

_CAMERAS = """One image of each camera in one call, `FaceTracker.update_many`: all faces in one batch."""

_TOPICS = """A camera in one process, the tracker node in another: from before the image's message is filled until the
faces' message has arrived. Images are sent at 30 a second, or as soon as the last is answered."""

_PATH = """The image message is looked at, not copied, where it is bgr8; other encodings are converted, which makes a
new array. `FaceLandmarks` holds one `Landmark` a point; beside it, the same numbers as one array."""

_MEMORY = """Resident memory of {of} over {frames} frames: {start:.0f} MB in the beginning, {end:.0f} MB at the end,
{growth:+.1f} MB since a tenth of the way."""

_FAIRNESS = """{count} streams of {rate:g} images a second, one face each, into one tracker for {seconds:.0f} s."""

_PEERS = """The same frames with one face, as each library is used: detection and landmarks. They find other points
and err by different amounts, so this compares cost only."""
