"""rednet-track: the faces of a video, a folder of images, a camera or an archive of videos, without ROS."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from rednet_ros.cli import command
from rednet_ros.cli.archive.run import run_archive
from rednet_ros.cli.track_summary import TrackSummary
from rednet_ros.errors import InputError
from rednet_ros.media.constant_rate import SteadyVideo, video_rate_hz
from rednet_ros.media.images import is_image_name, write_image
from rednet_ros.media.read_ahead import read_ahead
from rednet_ros.media.video import TimedImage, VideoSource, VideoWriter, check_video_name, open_source
from rednet_ros.media.video_input import INPUT_HELP, InputKind, identify
from rednet_ros.tracking.draw import draw_faces
from rednet_ros.tracking.frame_json import STDOUT, LineWriter, frame_record
from rednet_ros.tracking.redaction.hiding import STYLES
from rednet_ros.tracking.redaction.redactor import Redactor, redaction_detector
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.types import Face, ImageArray, Place
from rednet_ros.wording import progress_interval_s

NAME = "rednet-track"

_LONGEST_GAP_S = 60.0  # a damaged file may claim a gap of years


class Tracker(Protocol):
    """What this command needs of `rednet_ros.tracking.FaceTracker`."""

    def update(self, image_bgr: ImageArray, stamp_s: float) -> Sequence[Face]:
        """The confirmed faces in the image."""

    def places(self) -> Sequence[Place]:
        """Where it takes faces to be in the image."""

    def figures(self) -> Mapping[str, object]:
        """What runs: `weights`, and `license` where the weights name one."""


OpenTracker = Callable[[argparse.Namespace, TrackerSettings], AbstractContextManager[Tracker]]

Sink = Callable[[int, TimedImage, Sequence[Face]], None]
"""Receives each frame's number, image and faces."""

Picture = Callable[[ImageArray, float], None]
"""Receives each image with its faces drawn in, and its time in seconds."""


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code: 0, or 2 for input that cannot be used."""
    options = argument_parser().parse_args(argv)
    return command.execute(NAME, run, options)


def argument_parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    parser = command.parser(NAME, "Track the faces of a video, a folder of images or a camera.")
    parser.add_argument("input", metavar="INPUT", help=INPUT_HELP)
    parser.add_argument("--jsonl", metavar="F", type=Path, help="write one JSON line a frame to this file; - is stdout")
    parser.add_argument(
        "--video",
        metavar="F",
        type=Path,
        help="write the video with the faces drawn in (.mp4); for a single image also a picture (.png, .jpg)",
    )
    parser.add_argument(
        "--redact",
        choices=STYLES,
        help="in the video: make faces unrecognisable, hiding all that may be one; landmarks: a grey area",
    )
    add_tracker_arguments(parser)
    archive = parser.add_argument_group("archives", "INPUT is a folder: every video in it and below, each on its own")
    archive.add_argument(
        "--output",
        metavar="DIR",
        type=Path,
        help="write NAME.jsonl of each video into this folder; goes on where it ended",
    )
    archive.add_argument("--videos", action="store_true", help="write NAME.faces.mp4 with the faces drawn in, too")
    archive.add_argument(
        "--jobs", metavar="N", type=command.positive, default=1, help="processes on this machine (default: %(default)s)"
    )
    archive.add_argument("--dask", metavar="ADDRESS", help="instead on a cluster: the address of its Dask scheduler")
    return parser


def add_tracker_arguments(to: argparse.ArgumentParser) -> None:
    """What `tracker_settings` and `open_face_tracker` read."""
    to.add_argument(
        "--max-faces",
        metavar="N",
        type=command.positive,
        default=TrackerSettings().max_faces,
        help="track at most N faces at a time (default: %(default)s)",
    )
    to.add_argument(
        "--detector-px",
        metavar="N",
        type=command.positive,
        default=TrackerSettings().detector_px,
        help="longer side of what the detector sees at a time; larger finds far faces sooner (default: %(default)s)",
    )
    to.add_argument(
        "--recognizer",
        metavar="NAME",
        default=TrackerSettings().recognizer,
        help=f"{command.RECOGNIZER_HELP}; none: recognise nobody (default: %(default)s)",
    )
    to.add_argument("--people", metavar="F", default="", help="people enrolled with rednet-enroll, for their ids")
    command.add_network_arguments(to)


def run(options: argparse.Namespace, open_tracker: OpenTracker | None = None) -> None:
    """Track the whole source. Raises the package's errors; the outputs hold what was tracked until then."""
    _check_options(options)
    if options.output is not None:
        run_archive(options)
        return
    command.check_outputs([options.input], [path for path in (options.jsonl, options.video) if path != STDOUT])
    if options.video is not None:
        _check_video(options.video, options.input)
    with ExitStack() as stack:
        source, tracker, sinks = _opened(stack, options, open_tracker)
        stack.enter_context(logging_redirect_tqdm())
        summary = TrackSummary(_weights(tracker))
        bar = tqdm(
            total=source.frame_count,
            unit="frame",
            desc=Path(source.name).name,
            mininterval=progress_interval_s(),
        )
        interrupted = False
        try:
            with bar:
                _track(source, tracker, sinks, summary, bar.update)
        except KeyboardInterrupt:
            interrupted = not source.live  # a camera ends in no other way
    print(summary.text(), file=sys.stderr if options.jsonl == STDOUT else sys.stdout)
    if interrupted:
        raise KeyboardInterrupt


def track_file(options: argparse.Namespace, open_tracker: OpenTracker | None = None) -> TrackSummary:
    """Track a clip of an archive, without a word, with options of `clip_options`. Raises the package's errors."""
    with ExitStack() as stack:
        source, tracker, sinks = _opened(stack, options, open_tracker)
        summary = TrackSummary(_weights(tracker))
        _track(source, tracker, sinks, summary)
    return summary


def clip_options(source: Path, jsonl: Path, video: Path | None, others: Mapping[str, Any]) -> argparse.Namespace:
    """The options that track one file into these."""
    return argparse.Namespace(input=str(source.absolute()), jsonl=jsonl, video=video, **others)


def _check_options(options: argparse.Namespace) -> None:
    """Raises InputError for options that do not go together."""
    if options.output is None:
        given = [name for name in ("videos", "dask") if getattr(options, name)] + ["jobs"] * (options.jobs > 1)
        if given:
            raise InputError(f"--{given[0]} is for archives: name a folder of videos, and --output")
    elif options.jsonl is not None or options.video is not None:
        raise InputError("--output names the files itself: leave out --jsonl and --video; --videos writes videos, too")
    elif options.dask and options.jobs > 1:
        raise InputError("--jobs is for this machine, --dask for a cluster: give one of them")
    if options.redact and not (options.video or options.videos):
        raise InputError("--redact needs a video to hide faces in: --video F, or --videos with --output")


def _opened(
    stack: ExitStack, options: argparse.Namespace, open_tracker: OpenTracker | None
) -> tuple[VideoSource, Tracker, list[Sink]]:
    source = stack.enter_context(open_source(options.input))
    tracker = stack.enter_context((open_tracker or open_face_tracker)(options, tracker_settings(options, source)))
    return source, tracker, [stack.enter_context(sink) for sink in _sinks(options, source.fps, tracker)]


def _check_video(path: Path, source: str) -> None:
    """Raises InputError if the faces in `source` cannot be drawn into a file with this ending."""
    if not is_image_name(path):
        check_video_name(path)
    elif (kind := identify(source).kind) is not InputKind.IMAGE:
        raise InputError(f"{path}: a picture can be written for a single image only, not for a {kind.value}; use .mp4")


def _weights(tracker: Tracker) -> str:
    figures = tracker.figures()
    return f"{figures['weights']} ({figures.get('license', 'no licence named')})"


def tracker_settings(options: argparse.Namespace, source: VideoSource) -> TrackerSettings:
    """A camera must not wait for the detector."""
    return TrackerSettings(
        max_faces=options.max_faces,
        detector_px=options.detector_px,
        detect_in_background=source.live,
        recognizer=options.recognizer,
        people_file=options.people,
    )


def _track(
    source: VideoSource,
    tracker: Tracker,
    sinks: Sequence[Sink],
    summary: TrackSummary,
    on_frame: Callable[[], object] = lambda: None,
) -> None:
    with read_ahead(_timed(source, summary)) as frames:
        for index, frame in enumerate(frames):
            with summary.timed("track"):
                faces = tracker.update(frame.image_bgr, frame.time_s)
            with summary.timed("write"):
                for sink in sinks:
                    sink(index, frame, faces)
            summary.add(faces)
            on_frame()


def _timed(frames: Iterable[TimedImage], summary: TrackSummary) -> Iterator[TimedImage]:
    iterator = iter(frames)
    while True:
        with summary.timed("decode"):
            frame = next(iterator, None)
        if frame is None:
            return
        yield frame


def _sinks(options: argparse.Namespace, fps: float, tracker: Tracker) -> list[AbstractContextManager[Sink]]:
    sinks: list[AbstractContextManager[Sink]] = []
    if options.jsonl is not None:
        sinks.append(_json_lines(options.jsonl))
    if options.video is not None:
        picture = _picture(options.video) if is_image_name(options.video) else _overlay(options.video, fps)
        sinks.append(_redacted(picture, options, tracker) if options.redact else _drawn(picture))
    return sinks


@contextmanager
def _json_lines(path: Path) -> Iterator[Sink]:
    with LineWriter(path) as lines:
        yield lambda index, frame, faces: lines.write(frame_record(index, frame.time_s, faces))


@contextmanager
def _drawn(picture: AbstractContextManager[Picture]) -> Iterator[Sink]:
    with picture as show:
        yield lambda _, frame, faces: show(draw_faces(frame.image_bgr, faces), frame.time_s)


@contextmanager
def _redacted(
    picture: AbstractContextManager[Picture], options: argparse.Namespace, tracker: Tracker
) -> Iterator[Sink]:
    """Frames are shown some frames later, when it is known whose face they may hold."""
    redactor = Redactor[tuple[float, Sequence[Face]]](options.redact, redaction_detector(options.detector_px))
    with picture as show:

        def show_ready(ready: Iterable[tuple[ImageArray, tuple[float, Sequence[Face]]]]) -> None:
            for image_bgr, (time_s, faces) in ready:
                show(draw_faces(image_bgr, faces), time_s)

        yield lambda _, frame, faces: show_ready(
            redactor.add(frame.image_bgr, frame.time_s, tracker.places(), (frame.time_s, faces))
        )
        show_ready(redactor.finish())


@contextmanager
def _picture(path: Path) -> Iterator[Picture]:
    yield lambda image_bgr, _: write_image(path, image_bgr)


@contextmanager
def _overlay(path: Path, fps: float) -> Iterator[Picture]:
    """Frames are shown at their times, whatever rate the source announces; a gap in a recording is kept."""
    rate_hz = video_rate_hz(fps)
    with VideoWriter(path, rate_hz) as writer:
        video = SteadyVideo(writer, rate_hz, longest_hold_s=_LONGEST_GAP_S)
        yield video.add
        video.close()


def open_face_tracker(options: argparse.Namespace, settings: TrackerSettings) -> AbstractContextManager[Tracker]:
    """The tracker that `add_tracker_arguments` describe. Raises InputError where it cannot recognise as asked."""
    from rednet_ros.tracking.tracker import FaceTracker  # torch takes seconds to load; `--help` need not wait

    tracker = FaceTracker(options.weights, options.device, settings=settings)
    if tracker.recognition_problem:
        tracker.close()
        raise InputError(tracker.recognition_problem)
    return tracker


if __name__ == "__main__":
    raise SystemExit(main())
