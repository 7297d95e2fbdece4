"""rednet-tracking-bench: what the tracker gets wrong in composed clips whose faces are known."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

from rednet_ros.cli import command
from rednet_ros.errors import InputError
from rednet_ros.evaluation.tables import write_json
from rednet_ros.evaluation.tracking_bench import leaks, returns
from rednet_ros.evaluation.tracking_bench.people import labelled_people, portrait_people
from rednet_ros.evaluation.tracking_bench.run import run_bench, table
from rednet_ros.evaluation.tracking_bench.sampling import Sampling
from rednet_ros.evaluation.tracking_bench.scenes import FPS, Clip, Scenes, bench_clips
from rednet_ros.tracking.recognition.recognizer import FROM_WEIGHTS
from rednet_ros.tracking.redaction.redactor import redaction_detector
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.sighting import Engine

NAME = "rednet-tracking-bench"
PEOPLE = 24


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code: 0, or 2 for input that cannot be used."""
    return command.execute(NAME, run, argument_parser().parse_args(argv))


def argument_parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    parser = command.parser(NAME, "Count id switches, false births and losses in clips composed of known faces.")
    parser.add_argument(
        "labels", metavar="LABELS.jsonl", type=Path, nargs="?", help="faces to use (default: variants of one portrait)"
    )
    parser.add_argument("--only", metavar="KIND", action="append", help="of these clips; may be given several times")
    parser.add_argument(
        "--rate", metavar="HZ", type=float, action="append", help="of the clips' 30 images/s use so many; repeatable"
    )
    parser.add_argument("--drop", metavar="SHARE", type=float, default=0.0, help="lose this share of images at random")
    parser.add_argument(
        "--detector-delay", metavar="S", type=float, default=0.0, help="seconds until a search's answer comes"
    )
    parser.add_argument("--seed", metavar="S", type=int, default=0, help="other places, speeds and backgrounds")
    parser.add_argument("--json", metavar="F", type=Path, help="write the counts to this file")
    parser.add_argument("--events", action="store_true", help="print what happened in which clip and frame")
    redact_help = "instead: how many faces --redact leaves visible; the sequences of LABELS.jsonl count, too"
    parser.add_argument("--redact", action="store_true", help=redact_help)
    returning_help = "instead: 12 people of LABELS.jsonl, each in two videos, leave and return in another order"
    parser.add_argument("--returning", action="store_true", help=returning_help)
    recognizer_help = f"with --returning: {command.RECOGNIZER_HELP}; may be given several times (default: weights)"
    parser.add_argument("--recognizer", metavar="NAME", action="append", help=recognizer_help)
    command.add_network_arguments(parser)
    return parser


def run(options: argparse.Namespace) -> None:
    """Track all clips. Raises the package's errors."""
    from rednet_ros.inference.engine import LandmarkEngine
    from rednet_ros.tracking.detector.models import load_detector

    command.check_outputs([options.labels] if options.labels else [], [options.json])
    if options.returning:
        _returning(options)
        return
    if options.recognizer:
        raise InputError("--recognizer needs --returning")
    clips = _clips(options)
    engine = LandmarkEngine.load(options.weights, options.device)
    if options.redact:
        _redact(options, clips, engine)
        return
    samplings = [Sampling(rate_hz, options.drop, options.detector_delay) for rate_hz in options.rate or [FPS]]
    began_s = time.monotonic()
    on_event = tqdm.write if options.events else lambda text: None
    totals = run_bench(clips, samplings, engine, load_detector(), on_event)
    for sampling, counts in totals.items():
        print(f"{sampling}:\n\n{table(counts)}\n")
    print(f"{engine.weights_name}, {time.monotonic() - began_s:.0f} s")
    if options.json:
        records = {
            str(sampling): {kind: asdict(row) for kind, row in rows.items()} for sampling, rows in totals.items()
        }
        write_json(options.json, records)


def _clips(options: argparse.Namespace) -> list[Clip]:
    clips = leaks.labelled_clips(options.labels) if options.redact and options.labels else []
    if options.only != [leaks.LABELLED]:
        people = labelled_people(options.labels, PEOPLE, options.seed) if options.labels else portrait_people(PEOPLE)
        clips += bench_clips(Scenes(people, options.seed))
    return [clip for clip in clips if not options.only or clip.kind in options.only]


def _redact(options: argparse.Namespace, clips: Sequence[Clip], engine: Engine) -> None:
    from rednet_ros.tracking.detector.models import load_detector

    detectors = load_detector(), redaction_detector(TrackerSettings().detector_px)
    on_event = tqdm.write if options.events else lambda text: None
    totals = leaks.run_leaks(clips, engine, *detectors, on_event)
    print(f"{leaks.table(totals)}\n\n{engine.weights_name}")
    if options.json:
        rows = {rule: {kind: asdict(row) for kind, row in kinds.items()} for rule, kinds in totals.items()}
        write_json(options.json, rows)


def _returning(options: argparse.Namespace) -> None:
    from rednet_ros.inference.engine import LandmarkEngine
    from rednet_ros.tracking.detector.models import load_detector

    if options.labels is None:
        raise InputError("--returning needs LABELS.jsonl: people in two videos each")
    people = returns.people_in_two_videos(options.labels)
    engine, detector = LandmarkEngine.load(options.weights, options.device), load_detector()
    rows = {
        name: returns.run_returns(people, engine, detector, name, options.seed)
        for name in options.recognizer or [FROM_WEIGHTS]
    }
    print(f"{returns.table(rows)}\n\n{engine.weights_name}")
    if options.json:
        write_json(options.json, {name: asdict(row) for name, row in rows.items()})


if __name__ == "__main__":
    raise SystemExit(main())
