"""rednet-benchmark: how long every part of a frame takes on this machine, beside the least it could take."""

from __future__ import annotations

import argparse
import logging
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rednet_ros.cli import command
from rednet_ros.errors import InputError

if TYPE_CHECKING:  # torch takes seconds to load; `--help` need not wait
    from rednet_ros.evaluation.speed.results import Report

NAME = "rednet-benchmark"

MOST_FACES = 64
MOST_CAMERAS = 16


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code: 0, 2 for input that cannot be used, 130 when interrupted."""
    options = argument_parser().parse_args(argv)
    options.command = shlex.join([NAME, *(sys.argv[1:] if argv is None else argv)])
    return command.execute(NAME, run, options)


def argument_parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    parser = command.parser(NAME, "Measure how long every part of a frame takes on this machine.")
    parser.add_argument("--input", metavar="VIDEO", help="measure on the beginning of this clip, not on composed faces")
    parser.add_argument(
        "--size", type=_size, default=(640, 480), metavar="WxH", help="size of composed frames (default: 640x480)"
    )
    parser.add_argument(
        "--faces",
        type=_counts(MOST_FACES),
        default=(1, 2, 4, 8, 16, 32),
        metavar="N,N,...",
        help="numbers of faces (default: 1,2,4,8,16,32)",
    )
    parser.add_argument(
        "--cameras",
        type=_counts(MOST_CAMERAS),
        default=(1, 2, 3, 4),
        metavar="N,N,...",
        help="numbers of cameras (default: 1,2,3,4)",
    )
    parser.add_argument(
        "--backends",
        type=lambda text: tuple(text.split(",")),
        default=("eager", "openvino", "cuda_graph", "tensorrt"),
        metavar="B,B,...",
        help="backends to compare where they can be used (default: eager,openvino,cuda_graph,tensorrt)",
    )
    parser.add_argument(
        "--seconds", type=_positive, default=3.0, metavar="S", help="time for each figure (default: %(default)s)"
    )
    parser.add_argument("--no-topics", action="store_true", help="leave ROS out, though it is there")
    parser.add_argument("--no-peers", action="store_true", help="leave MediaPipe and dlib out, though they are there")
    parser.add_argument(
        "--memory-frames", type=command.positive, default=0, metavar="N", help="watch memory over N frames (20000)"
    )
    parser.add_argument(
        "--fairness", type=_positive, default=0.0, metavar="S", help="three cameras at 15 images/s for S seconds (300)"
    )
    parser.add_argument(
        "--note", metavar="TEXT", help="a remark for readers of the page, such as what else was running"
    )
    parser.add_argument("--json", type=Path, metavar="F", help="write all figures to this file")
    parser.add_argument("--chart", type=Path, metavar="F", help="draw them to this PNG file (needs matplotlib)")
    parser.add_argument("--page", type=Path, metavar="F", help="write them as a Markdown page with tables")
    parser.add_argument(
        "--from", dest="source", type=Path, metavar="F", help="measure nothing; take the figures of this --json file"
    )
    command.add_network_arguments(parser)
    return parser


def run(options: argparse.Namespace) -> None:
    """Measure or load, then write. Raises the package's errors."""
    inputs = [path for path in (options.source, options.input) if path is not None]
    command.check_outputs(inputs, [options.json, options.chart, options.page])
    if options.chart is not None:
        from rednet_ros.evaluation.speed.chart import check_matplotlib

        check_matplotlib()
    from rednet_ros.evaluation.speed.results import Report, load, save

    report = load(Report, options.source) if options.source is not None else _measured(options)
    if options.note is not None:
        report = replace(report, note=options.note)
    if options.json is not None:
        save(report, options.json)
    _draw(report, options)
    print(_text(report))


def _measured(options: argparse.Namespace) -> Report:
    if options.input is not None and not Path(options.input).is_file():
        raise InputError(f"{options.input}: no such file")
    from rednet_ros.evaluation.speed.runner import Plan
    from rednet_ros.evaluation.speed.runner import run as measure

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
    return measure(plan)


def _draw(report: Report, options: argparse.Namespace) -> None:
    if options.chart is not None:
        from rednet_ros.evaluation.speed.chart import draw_chart

        draw_chart(options.chart, report)
    if options.page is not None:
        from rednet_ros.evaluation.speed.page import write_page

        chart = options.chart
        write_page(
            options.page,
            report,
            None if chart is None else Path(os.path.relpath(chart, options.page.parent)).as_posix(),
        )


def _text(report: Report) -> str:
    from rednet_ros.evaluation.speed import tables

    parts = [tables.machine_table(report), tables.aims_table(report)]
    if report.faces:
        parts += [tables.stages_table(report), tables.faces_table(report)]
    if report.backends:
        parts.append(tables.backends_table(report))
    if report.cameras:
        parts.append(tables.cameras_table(report))
    if report.topics:
        parts.append(tables.topics_table(report))
    if report.fairness is not None:
        parts.append(tables.fairness_table(report))
    if report.peers:
        parts.append(tables.peers_table(report))
    parts += [f"not measured: {part}: {reason}" for part, reason in report.left_out.items()]
    return "\n\n".join(parts)


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
