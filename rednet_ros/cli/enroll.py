"""rednet-enroll: whom a robot may remember over restarts. Only it and the node's ~/enroll write identity vectors."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rednet_ros.cli import command
from rednet_ros.errors import InputError
from rednet_ros.media.video import open_source
from rednet_ros.media.video_input import INPUT_HELP
from rednet_ros.tracking.recognition.people import People, check_name, enrolled_with, read_people, write_people
from rednet_ros.tracking.recognition.portrait import Portrait, face_quality
from rednet_ros.tracking.recognition.recognizer import AUTO, Recognizer, load_recognizer
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.types import FloatArray
from rednet_ros.wording import counted

if TYPE_CHECKING:
    from rednet_ros.tracking.tracker import FaceTracker

NAME = "rednet-enroll"

LOOKS_BETWEEN_S = 0.3
"""Of a video so often a frame is looked at: the next one shows the same."""


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code: 0, or 2 for input that cannot be used."""
    return command.execute(NAME, run, argument_parser().parse_args(argv))


def argument_parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    parser = command.parser(NAME, "Enroll a person, with consent, so that the tracker gives them their id again.")
    parser.add_argument(
        "name", metavar="NAME", nargs="?", help="the person's id: letters, digits and _, a letter first"
    )
    parser.add_argument("input", metavar="INPUT", nargs="?", help=f"shows this person alone; {INPUT_HELP}")
    parser.add_argument("--people", metavar="F", type=Path, required=True, help="the file of enrolled people")
    parser.add_argument("--recognizer", metavar="NAME", default=AUTO, help=f"{command.RECOGNIZER_HELP} (default: auto)")
    parser.add_argument("--list", action="store_true", help="print who is enrolled, and with which recognizer")
    parser.add_argument("--delete", metavar="NAME", help="forget this person (to forget all, delete the file)")
    command.add_network_arguments(parser)
    return parser


def run(options: argparse.Namespace) -> None:
    """Enroll, list or delete. Raises the package's errors; the file is changed as a whole, or not at all."""
    wanted = [options.name is not None, options.list, options.delete is not None]
    if sum(wanted) != 1 or (options.name is None) != (options.input is None):
        raise InputError("give NAME and INPUT to enroll somebody, or --list, or --delete NAME")
    if options.list:
        people = read_people(options.people)
        for name, views in people.vectors.items():
            print(f"{name}: {counted(len(views), 'vector')} of the recognizer {people.recognizer}")
    elif options.delete is not None:
        _delete(options.people, options.delete)
    else:
        _enroll(options)


def _delete(path: Path, name: str) -> None:
    people = read_people(path)
    if name not in people.vectors:
        raise InputError(f"{path}: nobody is called {name!r}; there are {', '.join(people.vectors) or 'none'}")
    rest = {other: views for other, views in people.vectors.items() if other != name}
    if rest:
        write_people(path, People(people.recognizer, rest))
    else:
        path.unlink()
    print(f"{name} is forgotten" + ("" if rest else f"; {path} was the last person's, and is deleted"))


def _enroll(options: argparse.Namespace) -> None:
    from rednet_ros.inference.engine import LandmarkEngine
    from rednet_ros.tracking.tracker import FaceTracker

    check_name(options.name)
    command.check_outputs([options.input], [options.people])
    engine = LandmarkEngine.load(options.weights, options.device)
    recognizer = load_recognizer(options.recognizer, engine)
    if recognizer.problem:
        raise InputError(f"recognizer {recognizer.name} {recognizer.problem}: it cannot tell people apart")
    before = enrolled_with(options.people, recognizer.name)
    settings = TrackerSettings(recognition=False, recognizer="none", detect_in_background=False)
    with FaceTracker(engine=engine, settings=settings) as tracker:
        views = _views(options.input, tracker, recognizer)
    if not views:
        raise InputError(f"{options.input}: shows no face well enough: let it look at the camera, large and in light")
    write_people(options.people, People(recognizer.name, {**before.vectors, options.name: views}))
    print(f"{options.name} is enrolled in {options.people} with {counted(len(views), 'vector')} of {recognizer.name}")


def _views(source_name: str, tracker: FaceTracker, recognizer: Recognizer) -> list[FloatArray]:
    """A few diverse vectors of the only person that the source shows. Raises InputError where it shows several."""
    trusted, last_s = tracker.settings.trusted_confidence, float("-inf")
    portrait = Portrait()
    with open_source(source_name) as source:
        for frame in source:
            faces = tracker.update(frame.image_bgr, frame.time_s)
            if len(faces) > 1:
                raise InputError(
                    f"{source_name}: shows {len(faces)} faces at {frame.time_s:.1f} s, give one person alone"
                )
            height, width = frame.image_bgr.shape[:2]
            for face in faces if frame.time_s - last_s >= LOOKS_BETWEEN_S else ():
                if not face_quality(face.landmarks_px, face.confidence, width, height, trusted):
                    continue
                vector = recognizer.vector(frame.image_bgr, face.landmarks_px)
                if vector is not None:
                    portrait, last_s = portrait.with_look(vector), frame.time_s
    return list(portrait.views)


if __name__ == "__main__":
    raise SystemExit(main())
