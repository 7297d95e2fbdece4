"""rednet-tracking-bench: clips go through a tracker, and the table says what came of it."""

import re
from pathlib import Path

from rednet_ros.cli import tracking_bench
from rednet_ros.evaluation.tracking_bench.canvas import Frame, Shown
from rednet_ros.evaluation.tracking_bench.sampling import Sampling
from rednet_ros.evaluation.tracking_bench.synthetic_scene import BrightDetector, BrightEngine, Square, paint
from rednet_ros.tracking import FaceTracker, TrackerSettings


def test_a_clip_is_tracked_and_counted() -> None:
    square = Square(48, 36, 24)
    frames = [Frame(paint([square]), (Shown(1, square.landmarks(), 1.0),)) for _ in range(20)]
    settings = TrackerSettings(detect_in_background=False, min_face_px=8)
    with FaceTracker(engine=BrightEngine(), detector=BrightDetector(), settings=settings) as tracker:
        score = tracking_bench.track(Sampling().frames("one", frames), tracker)
    assert (score.counts.frames, score.counts.clear, score.counts.found) == (20, 8, 8)
    assert score.events == []
    rows = tracking_bench.table({"tiled": score.counts}).splitlines()
    assert rows[0].startswith("| clips | number | frames | clear | found | switches | renewals | births |")
    assert rows[2] == rows[3].replace("| all |", "| tiled |") == "| tiled | 1 | 20 | 8 | 8 | 0 | 0 | 0 | 0 | 0 |"


def test_what_cannot_be_used_costs_one_line(tmp_path, capsys) -> None:  # type: ignore[no-untyped-def]
    assert tracking_bench.main([str(tmp_path / "none.jsonl")]) == 2
    assert "no such labels file" in capsys.readouterr().err


def test_the_page_names_every_option_count_and_kind_of_clip() -> None:
    page = (Path(__file__).parents[2] / "docs/reliability.md").read_text(encoding="utf-8")
    (usage,) = re.findall(r"^rednet-tracking-bench .*$", page, re.MULTILINE)
    options = {name for action in tracking_bench.argument_parser()._actions for name in action.option_strings}
    assert set(re.findall(r"--[a-z-]+", usage)) == {name for name in options if name.startswith("--")} - {
        "--help",
        "--version",
    }
    for field in ("clear", "found", "switches", "renewals", "births", "astray", "losses"):
        assert f"`{field}`" in page
    for kind in ("tiled", "crossing", "leaving", "returning", "replaced", "occluded", "cut", "empty"):
        assert re.search(rf"^\| .*\b{kind}\b.* \|", page, re.MULTILINE)
