"""rednet-tracking-bench: what the tracker gets wrong in composed clips whose faces are known."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from rednet_ros.cli import command
from rednet_ros.evaluation.tracking_bench.people import labelled_people, portrait_people
from rednet_ros.evaluation.tracking_bench.sampling import LateDetector, Sampling
from rednet_ros.evaluation.tracking_bench.scenes import FPS, Scenes, bench_clips
from rednet_ros.evaluation.tracking_bench.score import Counts, Score
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.wording import progress_interval_s

if TYPE_CHECKING:
    from rednet_ros.evaluation.tracking_bench.canvas import Frame
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
    command.add_network_arguments(parser)
    return parser


def run(options: argparse.Namespace) -> None:
    """Track all clips. Raises the package's errors."""
    from rednet_ros.inference.engine import LandmarkEngine
    from rednet_ros.tracking.detector.models import load_detector
    from rednet_ros.tracking.tracker import FaceTracker

    command.check_outputs([options.labels] if options.labels else [], [options.json])
    people = labelled_people(options.labels, PEOPLE, options.seed) if options.labels else portrait_people(PEOPLE)
    clips = bench_clips(Scenes(people, options.seed))
    if options.only:
        clips = [clip for clip in clips if clip.kind in options.only]
    engine, detector = LandmarkEngine.load(options.weights, options.device), load_detector()
    settings = TrackerSettings(detect_in_background=False, max_faces=16)
    samplings = [Sampling(rate_hz, options.drop, options.detector_delay) for rate_hz in options.rate or [FPS]]
    totals: dict[Sampling, dict[str, Counts]] = {sampling: {} for sampling in samplings}
    began_s = time.monotonic()
    for clip in tqdm(clips, unit="clip", mininterval=progress_interval_s()):
        frames = list(clip.frames())
        for sampling in samplings:
            late = LateDetector(detector, sampling.detector_delay_s) if sampling.detector_delay_s else None
            with FaceTracker(engine=engine, detector=detector, settings=settings, runner=late) as tracker:
                score = track(sampling.frames(clip.name, frames), tracker, late)
            totals[sampling].setdefault(clip.kind, Counts())
            totals[sampling][clip.kind] += score.counts
            if options.events:
                for event in score.events:
                    tqdm.write(f"{clip.name}, {sampling}: {event}")
    for sampling, counts in totals.items():
        print(f"{sampling}:\n\n{table(counts)}\n")
    print(f"{engine.weights_name}, {time.monotonic() - began_s:.0f} s")
    if options.json:
        records = {
            str(sampling): {kind: asdict(row) for kind, row in rows.items()} for sampling, rows in totals.items()
        }
        options.json.write_text(json.dumps(records, indent=2) + "\n")


def track(frames: Iterable[tuple[Frame, float]], tracker: FaceTracker, late: LateDetector | None = None) -> Score:
    """The score of one clip: frames, each with its time in seconds. `late`: how the tracker's detector is run."""
    score = Score()
    for frame, time_s in frames:
        if late:
            late.now_s = time_s
        score.add(frame.faces, tracker.update(frame.image, time_s), time_s)
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
