"""rednet-tracking-bench: what the tracker gets wrong in composed clips whose faces are known."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from rednet_ros.cli import command
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking_bench.people import labelled_people, portrait_people
from rednet_ros.tracking_bench.scenes import FPS, Clip, Scenes, bench_clips
from rednet_ros.tracking_bench.score import Counts, Score

if TYPE_CHECKING:
    from rednet_ros.tracking.tracker import FaceTracker

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
    parser.add_argument("--seed", metavar="S", type=int, default=0, help="other places, speeds and backgrounds")
    parser.add_argument("--json", metavar="F", type=Path, help="write the counts to this file")
    parser.add_argument("--events", action="store_true", help="print what happened in which clip and frame")
    command.add_network_arguments(parser)
    return parser


def run(options: argparse.Namespace) -> None:
    """Track all clips. Raises the package's errors."""
    from rednet_ros.inference.engine import LandmarkEngine
    from rednet_ros.tracking.detector import load_detector
    from rednet_ros.tracking.tracker import FaceTracker

    command.check_outputs([options.labels] if options.labels else [], [options.json])
    people = labelled_people(options.labels, PEOPLE, options.seed) if options.labels else portrait_people(PEOPLE)
    clips = bench_clips(Scenes(people, options.seed))
    if options.only:
        clips = [clip for clip in clips if clip.kind in options.only]
    engine, detector = LandmarkEngine.load(options.weights, options.device), load_detector()
    settings = TrackerSettings(detect_in_background=False, max_faces=16)
    totals: dict[str, Counts] = {}
    began_s = time.monotonic()
    for clip in tqdm(clips, unit="clip", mininterval=command.progress_interval_s()):
        with FaceTracker(engine=engine, detector=detector, settings=settings) as tracker:
            score = track(clip, tracker)
        totals.setdefault(clip.kind, Counts())
        totals[clip.kind] += score.counts
        if options.events:
            for event in score.events:
                tqdm.write(f"{clip.name}: {event}")
    print(table(totals))
    print(f"{engine.weights_name}, {time.monotonic() - began_s:.0f} s")
    if options.json:
        options.json.write_text(json.dumps({kind: asdict(counts) for kind, counts in totals.items()}, indent=2) + "\n")


def track(clip: Clip, tracker: FaceTracker) -> Score:
    """The score of one clip."""
    score = Score()
    for number, frame in enumerate(clip.frames()):
        score.add(frame.faces, tracker.update(frame.image, number / FPS))
    return score


def table(totals: dict[str, Counts]) -> str:
    """Rows of clips by kind, and their sum, in Markdown."""
    names = [field.name for field in fields(Counts)]
    total = Counts()
    for counts in totals.values():
        total += counts
    lines = [f"| clips | {' | '.join(name if name != 'clips' else 'number' for name in names)} |", "|---" * 10 + "|"]
    for kind, counts in [*totals.items(), ("all", total)]:
        lines.append(f"| {kind} | {' | '.join(str(getattr(counts, name)) for name in names)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
