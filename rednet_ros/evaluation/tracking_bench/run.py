"""Runs a tracker on the clips of the bench, and counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields

from tqdm import tqdm

from rednet_ros.evaluation.tables import markdown
from rednet_ros.evaluation.tracking_bench.canvas import Frame
from rednet_ros.evaluation.tracking_bench.sampling import LateDetector, Sampling
from rednet_ros.evaluation.tracking_bench.scenes import Clip
from rednet_ros.evaluation.tracking_bench.score import Counts, Score
from rednet_ros.tracking.detector.models import Detector
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.sighting import Engine
from rednet_ros.tracking.tracker import FaceTracker
from rednet_ros.wording import progress_interval_s

Totals = dict[Sampling, dict[str, Counts]]
"""By sampling and kind of clip."""


def run_bench(
    clips: Sequence[Clip],
    samplings: Sequence[Sampling],
    engine: Engine,
    detector: Detector,
    on_event: Callable[[str], None] = lambda text: None,
) -> Totals:
    """Track every clip once for each sampling. `on_event` is called with a line for each thing that went wrong."""
    settings = TrackerSettings(detect_in_background=False, max_faces=16)
    totals: Totals = {sampling: {} for sampling in samplings}
    for clip in tqdm(clips, unit="clip", mininterval=progress_interval_s()):
        frames = list(clip.frames())
        for sampling in samplings:
            late = LateDetector(detector, sampling.detector_delay_s) if sampling.detector_delay_s else None
            with FaceTracker(engine=engine, detector=detector, settings=settings, runner=late) as tracker:
                score = track(sampling.frames(clip.name, frames), tracker, late)
            totals[sampling].setdefault(clip.kind, Counts())
            totals[sampling][clip.kind] += score.counts
            for event in score.events:
                on_event(f"{clip.name}, {sampling}: {event}")
    return totals


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
    total = Counts()
    for counts in totals.values():
        total += counts
    names = [field.name for field in fields(Counts)]
    rows = [[kind, *(getattr(counts, name) for name in names)] for kind, counts in [*totals.items(), ("all", total)]]
    return markdown(["clips", *("number" if name == "clips" else name for name in names)], rows)
