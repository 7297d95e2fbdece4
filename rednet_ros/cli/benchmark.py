"""rednet-benchmark: what a frame costs on this machine, beside the least it could cost and beside other libraries."""

from __future__ import annotations

import argparse
import json
import logging
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rednet_ros.cli import command
from rednet_ros.errors import InputError
from rednet_ros.evaluation.plots import check_matplotlib
from rednet_ros.evaluation.tables import rounded, write_json, write_text

NAME = "rednet-benchmark"

MOST_FACES, MOST_CAMERAS = 64, 16


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code: 0, 2 for input that cannot be used, 130 when interrupted."""
    options = argument_parser().parse_args(argv)
    options.command = shlex.join([NAME, *(sys.argv[1:] if argv is None else argv)])
    return command.execute(NAME, run, options)


def argument_parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    parser = command.parser(NAME, "Measure what a frame costs on this machine.")
    add = parser.add_argument
    add("--input", metavar="VIDEO", help="measure on the beginning of this clip, not on composed faces")
    add("--size", type=_size, default=(640, 480), metavar="WxH", help="of composed frames (default: 640x480)")
    add("--faces", type=_counts(MOST_FACES), default=(1, 4, 8, 16), metavar="N,N,...", help="default: 1,4,8,16")
    add("--cameras", type=_counts(MOST_CAMERAS), default=(1, 3), metavar="N,N,...", help="default: 1,3")
    add(
        "--backends",
        type=lambda text: tuple(text.split(",")),
        default=("opencv", "openvino", "torch", "tensorrt"),
        metavar="B,B,...",
        help="backends to compare where they can be used (default: opencv,openvino,torch,tensorrt)",
    )
    add("--seconds", type=_positive, default=3.0, metavar="S", help="time for each figure (default: %(default)s)")
    add("--no-topics", action="store_true", help="leave ROS out, though it is there")
    add("--no-peers", action="store_true", help="leave MediaPipe and dlib out, though they are there")
    add("--memory-frames", type=command.positive, default=0, metavar="N", help="watch memory over N frames (20000)")
    add("--fairness", type=_positive, default=0.0, metavar="S", help="three cameras at 15 images/s for S seconds (300)")
    add("--note", metavar="TEXT", help="a remark for readers of the page, such as what else was running")
    add("--json", type=Path, metavar="F", help="write all figures to this file")
    add("--chart", type=Path, metavar="F", help="draw the time over the number of faces to this PNG (needs matplotlib)")
    add("--page", type=Path, metavar="F", help="write them as a Markdown page with tables")
    add("--from", dest="source", type=Path, metavar="F", help="measure nothing; take the figures of this --json file")
    command.add_network_arguments(parser)
    return parser


def run(options: argparse.Namespace) -> None:
    """Measure or load, then write. Raises the package's errors."""
    inputs = [path for path in (options.source, options.input) if path is not None]
    command.check_outputs(inputs, [options.json, options.chart, options.page])
    if options.chart is not None:
        check_matplotlib()
    from rednet_ros.evaluation.speed.page import draw_chart, page, sections

    report = _measured(options) if options.source is None else _loaded(options.source)
    if options.note is not None:
        report["note"] = options.note
    if options.json is not None:
        write_json(options.json, report)
    if options.chart is not None:
        draw_chart(options.chart, report)
    if options.page is not None:
        chart = options.chart and Path(os.path.relpath(options.chart, options.page.parent)).as_posix()
        write_text(options.page, page(report, chart))
    print("\n\n".join(f"{title}\n\n{text}" for title, text in sections(report)))


def _measured(options: argparse.Namespace) -> dict[str, Any]:
    if options.input is not None and not Path(options.input).is_file():
        raise InputError(f"{options.input}: no such file")
    from rednet_ros.evaluation.speed.run import Plan
    from rednet_ros.evaluation.speed.run import run as measure

    logging.getLogger("rednet_ros.evaluation.speed").setLevel(logging.INFO)
    plan = Plan(
        command=options.command,
        weights=options.weights,
        device=options.device,
        backends=options.backends,
        input=options.input,
        size_px=options.size,
        faces=options.faces,
        cameras=options.cameras,
        seconds=options.seconds,
        memory_frames=options.memory_frames,
        fairness_s=options.fairness,
        with_topics=not options.no_topics,
        with_peers=not options.no_peers,
    )
    result: dict[str, Any] = rounded(measure(plan))
    return result


def _loaded(path: Path) -> dict[str, Any]:
    """What --json wrote. Raises InputError where there is no such file or it holds something else."""
    from rednet_ros.evaluation.speed.run import FORMAT

    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: no results of rednet-benchmark: {error}") from error
    if not isinstance(report, dict) or report.get("format") != FORMAT:
        raise InputError(f"{path}: no results of this version's rednet-benchmark: measure again")
    return report


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal()) or min(int(width), int(height)) < 64:
        raise argparse.ArgumentTypeError(f"must be like 640x480, at least 64x64, not {text}")
    return int(width), int(height)


def _counts(most: int) -> Callable[[str], tuple[int, ...]]:
    """An argparse type: rising numbers from 1 to `most`, separated by commas."""

    def parse(text: str) -> tuple[int, ...]:
        numbers = tuple(int(part) for part in text.split(","))
        if not all(1 <= number <= most for number in numbers) or list(numbers) != sorted(set(numbers)):
            raise argparse.ArgumentTypeError(f"must be rising numbers from 1 to {most}, not {text}")
        return numbers

    return parse


def _positive(text: str) -> float:
    value = float(text)
    if not 0.0 < value <= 86_400.0:
        raise argparse.ArgumentTypeError(f"must be above 0 and at most 86400, not {text}")
    return value


if __name__ == "__main__":
    raise SystemExit(main())
