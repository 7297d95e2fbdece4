"""rednet-benchmark: what a frame costs on this machine, beside other libraries on the same frames."""

from __future__ import annotations

import argparse
import json
import logging
import os
import shlex
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from rednet_ros.cli import command
from rednet_ros.errors import InputError, RednetError
from rednet_ros.evaluation.data import open_data
from rednet_ros.evaluation.speed import clips, worker
from rednet_ros.evaluation.speed.machine import this_machine
from rednet_ros.evaluation.speed.page import FORMAT, merged, page, sections
from rednet_ros.evaluation.speed.run import Contestant, Worker
from rednet_ros.evaluation.speed.run import run as measure
from rednet_ros.evaluation.tables import rounded, write_json, write_text
from rednet_ros.inference.choice import BACKENDS
from rednet_ros.resources import DEFAULT_WEIGHTS, resolve_weights

NAME = "rednet-benchmark"

MOST_FACES = 64

_OWN, _ROS = "rednet_ros.evaluation.speed.own", "rednet_ros.nodes.benchmark"
"""Started as processes; nothing here imports ROS."""


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code: 0, 2 for input that cannot be used, 130 when interrupted."""
    options = argument_parser().parse_args(argv)
    words = sys.argv[1:] if argv is None else argv
    options.command = shlex.join([NAME, *(Path(word).name if Path(word).is_absolute() else word for word in words)])
    return command.execute(NAME, run, options)


def argument_parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    parser = command.parser(NAME, "Measure what a frame costs on this machine, beside other libraries.")
    add = parser.add_argument
    add("--input", metavar="VIDEO", help="track the beginning of this clip of one face, not a portrait that sways")
    add("--faces", type=_counts, default=(1, 4, 8, 16), metavar="N,N,...", help="side by side (default: 1,4,8,16)")
    add("--rounds", type=command.positive, default=5, metavar="N", help="seconds of video a figure (default: 5)")
    add("--labels", metavar="DATA", help="measure the error on labelled faces, too: as of rednet-evaluate")
    add("--split", choices=("all", "validation", "train", "apart"), default="all", help="of --labels (default: all)")
    add("--backend", action="append", choices=BACKENDS, help="of the network; may be given again (default: auto)")
    python_help = "another that has MediaPipe or dlib; may be given again"
    add("--peer-python", metavar="PYTHON", action="append", default=[], help=python_help)
    add("--dlib-model", metavar="F", help="shape_predictor_68_face_landmarks.dat: measures dlib where it is installed")
    onnx_help = "a network of 68 landmarks, and the side of its crops in pixels; may be given again"
    add("--onnx", nargs=2, metavar=("F", "PX"), action="append", default=[], help=onnx_help)
    add("--no-topics", action="store_true", help="leave ROS out, though it is there")
    add("--note", metavar="TEXT", help="a remark for readers of the page, such as what else was running")
    add("--json", type=Path, metavar="F", help="put this machine's figures into this file, beside other machines'")
    add("--page", type=Path, metavar="F", help="write the figures of all machines in --json as a Markdown page")
    add("--from", dest="source", type=Path, metavar="F", help="measure nothing; take the figures of this --json file")
    command.add_network_arguments(parser, several=True)
    return parser


def run(options: argparse.Namespace) -> None:
    """Measure or load, then write. Raises the package's errors."""
    command.check_outputs([path for path in (options.source, options.input) if path], [options.json, options.page])
    if options.source is not None:
        report = _loaded(options.source)
    else:
        before = _loaded(options.json) if options.json is not None and options.json.exists() else None
        report = merged(before, rounded(_measured(options)))
    if options.json is not None:
        write_json(options.json, report)
    if options.page is not None:
        write_text(options.page, page(report))
    print("\n\n".join(sections(report["machines"][-1])))


def _measured(options: argparse.Namespace) -> dict[str, Any]:
    logging.getLogger("rednet_ros.evaluation.speed").setLevel(logging.INFO)
    contestants, machine = _contestants(options), this_machine()
    data = open_data(options.labels, options.split, None) if options.labels else None
    data = data and replace(data, title=f"{data.title}, {options.split}")
    frames = clips.recorded(options.input) if options.input else clips.portrait()
    tiled = {faces: clips.tiled(frames, faces) for faces in options.faces}
    rows, left_out = measure(contestants, tiled, options.rounds, data)
    topics = None if options.no_topics else _topics(options, left_out)
    note = {} if options.note is None else {"note": options.note}
    entry = {"machine": machine, "command": options.command, **note, "rows": rows, "topics": topics}
    return {**entry, "left_out": left_out}


def _contestants(options: argparse.Namespace) -> list[Contestant]:
    own, script, pythons = (sys.executable, "-m", _OWN), worker.__file__, (sys.executable, *options.peer_python)
    found = []
    for weights in options.weights or [DEFAULT_WEIGHTS]:
        resolve_weights(weights)
        for backend in options.backend or ["auto"]:
            arguments = ("rednet", weights, options.device, backend)
            found.append(Contestant(f"{weights}, {backend}", ((*own, *arguments),), is_own=True))
    found.append(Contestant("MediaPipe", tuple((python, script, "mediapipe") for python in pythons)))
    if options.dlib_model:
        found.append(Contestant("dlib", tuple((python, script, "dlib", options.dlib_model) for python in pythons)))
    found += [Contestant(Path(file).name, ((*own, "onnx", file, side_px),)) for file, side_px in options.onnx]
    return found


def _topics(options: argparse.Namespace, left_out: dict[str, str]) -> dict[str, Any] | None:
    """Figures of a node, by another process: None, with the reason in `left_out`, where there are none."""
    arguments = ["--weights", (options.weights or [DEFAULT_WEIGHTS])[0], "--device", options.device]
    arguments += ["--input", options.input] if options.input else []
    try:
        with closing(Worker([sys.executable, "-m", _ROS, *arguments], os.sched_getaffinity(0))) as worker:
            return dict(worker.said)
    except RednetError as error:
        left_out["topics"] = str(error)
        return None


def _loaded(path: Path) -> dict[str, Any]:
    """What --json wrote. Raises InputError where there is no such file or it holds something else."""
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: no results of rednet-benchmark: {error}") from error
    if not isinstance(report, dict) or report.get("format") != FORMAT or not report["machines"]:
        raise InputError(f"{path}: no results of this version's rednet-benchmark: measure into a new file")
    return report


def _counts(text: str) -> tuple[int, ...]:
    numbers = tuple(int(part) for part in text.split(","))
    if not all(1 <= number <= MOST_FACES for number in numbers) or list(numbers) != sorted(set(numbers)):
        raise argparse.ArgumentTypeError(f"must be rising numbers from 1 to {MOST_FACES}, not {text}")
    return numbers


if __name__ == "__main__":
    raise SystemExit(main())
