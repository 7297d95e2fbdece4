"""Clips go through a tracker, and the table has what came of it."""

import re

from rednet_ros.evaluation.tracking_bench.canvas import Frame, Shown
from rednet_ros.evaluation.tracking_bench.run import run_bench, table, track
from rednet_ros.evaluation.tracking_bench.sampling import Sampling
from rednet_ros.evaluation.tracking_bench.scenes import Clip
from rednet_ros.evaluation.tracking_bench.synthetic_scene import BrightDetector, BrightEngine, Square, paint
from rednet_ros.tracking import FaceTracker, TrackerSettings


def test_a_clip_is_tracked_and_counted() -> None:
    square = Square(48, 36, 24)
    frames = [Frame(paint([square]), (Shown(1, square.landmarks(), 1.0),)) for _ in range(20)]
    settings = TrackerSettings(detect_in_background=False, min_face_px=8)
    with FaceTracker(engine=BrightEngine(), detector=BrightDetector(), settings=settings) as tracker:
        score = track(Sampling().frames("one", frames), tracker)
    assert (score.counts.frames, score.counts.clear, score.counts.found) == (20, 8, 8)
    assert score.events == []
    rows = [re.sub(r" +", " ", row) for row in table({"tiled": score.counts}).splitlines()]
    assert rows[0].startswith("| clips | number | frames | clear | found | switches | renewals | births |")
    assert rows[2] == rows[3].replace("| all |", "| tiled |") == "| tiled | 1 | 20 | 8 | 8 | 0 | 0 | 0 | 0 | 0 |"


def test_events_are_reported_with_clip_and_sampling() -> None:
    square = Square(48, 36, 24)
    frames = [Frame(paint([square]), ()) for _ in range(20)]  # a face where none is labelled
    events: list[str] = []
    clip = Clip("empty", "empty-1", lambda: iter(frames))
    samplings = [Sampling(), Sampling(15.0, detector_delay_s=0.1)]
    totals = run_bench([clip], samplings, BrightEngine(), BrightDetector(), events.append)
    assert [totals[sampling]["empty"].births for sampling in samplings] == [1, 1]
    assert [totals[sampling]["empty"].frames for sampling in samplings] == [20, 10]
    assert events[0].startswith("empty-1, 30 images/s: frame ")
    assert events[1].startswith("empty-1, 15 images/s, detector 0.1 s late: frame ")
