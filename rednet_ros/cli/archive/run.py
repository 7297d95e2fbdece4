"""A whole archive: what is left to do is done, and what came of it is said."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from rednet_ros.cli.archive.clips import Clip, Listing, list_clips
from rednet_ros.cli.archive.cluster import run_on_cluster
from rednet_ros.cli.archive.job import Job, Outcome
from rednet_ros.cli.archive.journal import Journal, Settings, differences
from rednet_ros.cli.archive.processes import run_in_processes
from rednet_ros.errors import InputError
from rednet_ros.files import user_path
from rednet_ros.resources import resolve_weights
from rednet_ros.wording import progress_interval_s

_HANDED_ON = ("max_faces", "detector_px", "recognizer", "people", "weights", "device", "redact")
"""Options that every clip is tracked with."""


@dataclass
class _Report:
    """What came of a run."""

    before: int
    done: int = 0
    failures: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def run_archive(options: argparse.Namespace) -> None:
    """Track every video below `options.input` that has no result yet.

    Raises InputError where nothing can be done, and at the end where clips failed.
    """
    folder, output = Path(options.input), options.output
    listing = list_clips(folder, output)
    settings = settings_of(options)
    with Journal(output) as journal:
        journal.remove_parts()
        done = [clip for clip in listing.clips if journal.is_done(clip)]
        _check_same(journal, done, settings)
        skipped = {clip.name for clip in done}
        left = [clip for clip in listing.clips if clip.name not in skipped]
        report = _Report(len(done))
        try:
            with closing(_outcomes(left, options)) as outcomes:
                for clip, outcome in outcomes:
                    _note(report, journal, clip, settings, outcome)
        finally:
            print(_text(report, listing, output), flush=True)
    if report.failures:
        raise InputError(f"{len(report.failures)} of {len(listing.clips)} clips failed; the next run tries them again")


def settings_of(options: argparse.Namespace) -> Settings:
    """What the results depend on. Raises WeightsError where there are no such weights."""
    settings: Settings = {
        "weights": f"{options.weights} ({_digest(_weights_file(options.weights))})",
        "max-faces": options.max_faces,
        "detector-px": options.detector_px,
        "recognizer": options.recognizer,
        "people": f"{options.people} ({_digest(user_path(options.people))})" if options.people else "",
        "videos": options.videos,
    }
    return {**settings, "redact": options.redact} if options.redact else settings


def _weights_file(name: str) -> Path:
    """An installation for CPUs may have the .onnx only."""
    path = resolve_weights(name)
    return path if path.is_file() else path.with_suffix(".onnx")


def _digest(path: Path) -> str:
    """Of a file's content, in short."""
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def _check_same(journal: Journal, done: Sequence[Clip], settings: Settings) -> None:
    """Raises InputError where results are there that were made in another way."""
    others = [(clip, text) for clip in done if (text := differences(journal.settings_of(clip), settings))]
    if others:
        clip, text = others[0]
        raise InputError(
            f"{journal.output}: {len(others)} of {len(done)} results there, such as that of {clip.name}, were made "
            f"with other settings ({text}): choose another folder, or delete what is to be made anew"
        )


def _outcomes(clips: Sequence[Clip], options: argparse.Namespace) -> Generator[tuple[Clip, Outcome], None, None]:
    given = {name: getattr(options, name) for name in _HANDED_ON}
    for name in ("weights", "people"):
        if given[name] and user_path(given[name]).is_file():
            given[name] = str(user_path(given[name]).resolve())  # workers have working folders of their own
    output = options.output.resolve()
    jobs = [
        Job(clip.source.absolute(), clip.jsonl(output), clip.video(output) if options.videos else None, given)
        for clip in clips
    ]
    if not jobs:
        return
    run = run_on_cluster(jobs, options.dask) if options.dask else run_in_processes(jobs, options.jobs)
    with closing(run):
        for index, outcome in tqdm(run, total=len(jobs), unit="clip", mininterval=progress_interval_s()):
            yield clips[index], outcome


def _note(report: _Report, journal: Journal, clip: Clip, settings: Settings, outcome: Outcome) -> None:
    report.warnings += [_named(clip, text) for text in outcome.warnings]
    if outcome.failure:
        report.failures.append(_named(clip, outcome.failure))
        return
    journal.add(clip, settings, outcome.summary)
    report.done += 1


def _named(clip: Clip, text: str) -> str:
    return f"{clip.name}: {text.removeprefix(f'{clip.source.absolute()}: ')}"


def _text(report: _Report, listing: Listing, output: Path) -> str:
    total, missing = len(listing.clips), len(listing.clips) - report.before - report.done - len(report.failures)
    lines = [
        f"clips       {total}: {report.done} done, {report.before} were done before, {len(report.failures)} failed"
        + (f", {missing} not begun" if missing else ""),
        f"results     {output}",
    ]
    if listing.images or listing.others:
        lines.append(f"left out    {listing.images} images, {listing.others} other files: no videos")
    for title, entries in (("damaged", report.warnings), ("failed", report.failures)):
        lines += [f"{title:<11} {entry}" for entry in entries]
    return "\n".join(lines)
