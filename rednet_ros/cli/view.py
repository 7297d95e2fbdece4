"""rednet-view: a camera or a video tracked, and shown on a page in the browser."""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from rednet_ros.cli import command
from rednet_ros.cli.playback import PlayedFrame, play
from rednet_ros.cli.track import OpenTracker, Tracker, add_tracker_arguments, open_face_tracker, tracker_settings
from rednet_ros.errors import InputError
from rednet_ros.media.video import open_source
from rednet_ros.media.video_input import INPUT_HELP
from rednet_ros.tracking.camera_model import CameraModel
from rednet_ros.tracking.redaction.hiding import STYLES
from rednet_ros.tracking.redaction.redactor import redaction_detector
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.view.live_frame import LiveFrame
from rednet_ros.view.redaction import FrameRedactor
from rednet_ros.view.view import DEFAULT_HOST, DEFAULT_PORT, View, open_view

NAME = "rednet-view"


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code: 0 after Ctrl-C too, 2 for input that cannot be used."""
    options = argument_parser().parse_args(argv)
    return command.execute(NAME, run, options)


def argument_parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    parser = command.parser(NAME, "Track the faces of a camera or a video, and show them on a page in the browser.")
    parser.add_argument("input", metavar="INPUT", nargs="?", default="0", help=f"{INPUT_HELP} (default: camera 0)")
    parser.add_argument(
        "--host",
        default=DEFAULT_HOST,
        help="address to listen on; with 0.0.0.0 whoever reaches this machine sees it (default: %(default)s)",
    )
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0: any free one (default: %(default)s)")
    parser.add_argument(
        "--output",
        metavar="DIR",
        type=Path,
        default=Path(),
        help="folder of what the record button writes (default: this one)",
    )
    parser.add_argument(
        "--redact",
        choices=STYLES,
        help="make faces unrecognisable on the page and in recordings; shows everything some frames later",
    )
    add_tracker_arguments(parser)
    return parser


def run(options: argparse.Namespace, open_tracker: OpenTracker = open_face_tracker) -> None:
    """Track and show until Ctrl-C. Raises the package's errors."""
    if not options.output.is_dir():
        raise InputError(f"{options.output}: there is no such folder for recordings")
    command.check_writable(options.output)
    with ExitStack() as stack:
        source = stack.enter_context(open_source(options.input))
        view = stack.enter_context(
            open_view(
                f"rednet_ros: {Path(source.name).name}",
                host=options.host,
                port=options.port,
                folder=options.output,
                rate_hz=source.fps,
                tell=lambda text: print(text, flush=True),
            )
        )
        # No frame waits for the detector; the only one of a photo does, for there is no other to find the face in.
        settings = replace(tracker_settings(options, source), detect_in_background=source.frame_count != 1)
        tracker = stack.enter_context(open_tracker(options, settings))
        print(f"Live view of {source.name}: {view.address} (Ctrl-C ends)", flush=True)
        try:
            _show_all(play(source, options.input, view.wait_while_paused), tracker, view, _redactor(options))
            print(f"{source.name} has ended; the page stays until Ctrl-C", flush=True)
            threading.Event().wait()
        except KeyboardInterrupt:
            print(flush=True)


def _redactor(options: argparse.Namespace) -> FrameRedactor | None:
    return FrameRedactor(options.redact, redaction_detector(options.detector_px)) if options.redact else None


def _show_all(frames: Iterable[PlayedFrame], tracker: Tracker, view: View, redactor: FrameRedactor | None) -> None:
    for played in frames:
        frame = _tracked(played, tracker)
        for shown in [frame] if redactor is None else redactor.add(frame, tracker.places()):
            view.show(shown)
    for shown in [] if redactor is None else redactor.finish():
        view.show(shown)


def _tracked(frame: PlayedFrame, tracker: Tracker) -> LiveFrame:
    faces = tracker.update(frame.image_bgr, frame.time_s)
    height, width = frame.image_bgr.shape[:2]
    camera = CameraModel.known_or_assumed(None, width, height, TrackerSettings().assumed_fov_deg)
    return LiveFrame(frame.image_bgr, faces, frame.time_s, time.monotonic() - frame.arrived_s, camera)


if __name__ == "__main__":
    raise SystemExit(main())
