"""Leaks of redaction are counted: on clips in which it is known which face shows in which frame."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from rednet_ros.evaluation.tracking_bench import leaks
from rednet_ros.evaluation.tracking_bench.canvas import Frame, Shown
from rednet_ros.evaluation.tracking_bench.scenes import Clip
from rednet_ros.evaluation.tracking_bench.synthetic_scene import BrightDetector, BrightEngine, Square, paint
from rednet_ros.tracking.detector.models import Detector, NoDetector
from rednet_ros.tracking.redaction.redactor import LOOK_AHEAD_FRAMES

SQUARE = Square(48, 36, 24)
NOT_THERE = paint([])
ONLY_SHOWN, LIVE, AHEAD = leaks.RULES


def leaked(clip: Clip, every: Detector, detector: Detector | None = None) -> tuple[leaks.Totals, list[str]]:
    """What redaction leaves of the clip, and the events. `every`: its own detector."""
    events: list[str] = []
    return leaks.run_leaks([clip], BrightEngine(), detector or BrightDetector(), every, events.append), events


def test_a_face_in_one_frame_of_a_thousand_that_nothing_finds_is_one_leak_and_is_named() -> None:
    face = Frame(NOT_THERE, (Shown(7, SQUARE.landmarks(), 1.0),))  # labelled, and seen by nobody
    frames = [Frame(NOT_THERE, ())] * 600 + [face] + [Frame(NOT_THERE, ())] * 399
    totals, events = leaked(Clip("made", "made-1", lambda: iter(frames)), NoDetector())
    for rule in leaks.RULES:
        made = totals[rule]["made"]
        assert (made.frames, made.faces, made.leaked, made.image_share) == (1000, 1, 1, 0.0)
    assert events == [f"made-1, {rule}: frame 600: person 7 is visible" for rule in leaks.RULES]


class BlindOnce(BrightDetector):
    """Does not see the face in one frame."""

    def __init__(self, blind: int) -> None:
        super().__init__()
        self.calls, self.blind = 0, blind

    def detect(self, image_bgr):  # type: ignore[no-untyped-def]
        self.calls += 1
        return [] if self.calls == self.blind + 1 else super().detect(image_bgr)


def test_a_face_missed_in_one_frame_leaks_unless_the_frames_around_it_hide_it() -> None:
    frames = [Frame(paint([SQUARE]), (Shown(1, SQUARE.landmarks(), 1.0),))] * 40
    nobody = NoDetector()  # of the tracker, which then hides nothing
    totals, events = leaked(Clip("made", "made-1", lambda: iter(frames)), BlindOnce(20), nobody)
    assert [totals[rule]["made"].leaked for rule in leaks.RULES] == [40, 0, 0]
    assert events == [f"made-1, {ONLY_SHOWN}: frame {number}: person 1 is visible" for number in range(40)]


def test_only_looking_ahead_hides_a_face_before_it_was_found() -> None:
    class Late(BlindOnce):
        def detect(self, image_bgr):  # type: ignore[no-untyped-def]
            self.calls += 1
            return BrightDetector.detect(self, image_bgr) if self.calls > self.blind else []

    late = LOOK_AHEAD_FRAMES + 3
    frames = [Frame(paint([SQUARE]), (Shown(1, SQUARE.landmarks(), 1.0),))] * 40
    totals, _ = leaked(Clip("made", "made-1", lambda: iter(frames)), Late(late), NoDetector())
    assert [totals[rule]["made"].leaked for rule in leaks.RULES] == [40, late, 3]


@pytest.mark.parametrize(("visible", "counted"), [(0.04, (0, 0)), (0.5, (0, 1)), (0.7, (1, 0))])
def test_faces_that_are_partly_hidden_count_apart_and_those_that_hardly_show_not_at_all(
    visible: float, counted: tuple[int, int]
) -> None:
    frames = [Frame(NOT_THERE, (Shown(1, SQUARE.landmarks(), visible),))]
    totals, events = leaked(Clip("made", "made-1", lambda: iter(frames)), NoDetector())
    made = totals[LIVE]["made"]
    assert (made.leaked, made.hidden_leaked) == (made.faces, made.hidden_faces) == counted
    assert len(events) == 3 * counted[0]


@pytest.mark.parametrize(("covered", "is_visible"), [(1.0, False), (0.96, False), (0.9, True), (0.0, True)])
def test_a_face_is_hidden_when_95_percent_of_its_inner_region_are(covered: float, is_visible: bool) -> None:
    points = np.zeros((68, 2), np.float32)
    points[17:] = np.array([(100, 100), (199, 100), (199, 199)], np.float32).repeat(17, axis=0)
    points[17] = (100, 199)  # a square of 100 x 100 pixels; the jaw lies outside
    mask = np.zeros((300, 300), np.uint8)
    mask[100 : 100 + round(100 * covered), 100:200] = 255
    assert leaks._is_visible(Shown(1, points, 1.0), mask) is is_visible


def test_what_lies_outside_the_image_or_is_not_labelled_is_no_leak() -> None:
    mask = np.zeros((30, 30), np.uint8)
    assert not leaks._is_visible(Shown(1, SQUARE.landmarks() + 1000, 1.0), mask)
    assert not leaks._is_visible(Shown(1, np.full((68, 2), np.nan, np.float32), 1.0), mask)


def test_the_table_has_the_share_that_leaked_by_rule_and_kind_and_its_sum() -> None:
    one, other = leaks.Leaks(500, 500, 1, 200, 3, 50.0), leaks.Leaks(500, 500, 0, 0, 0, 0.0)
    before = dataclasses.replace(one)
    rows = [
        [cell.strip() for cell in row.strip("|").split("|")]
        for row in leaks.table({AHEAD: {"cut": one, "tiled": other}}).splitlines()[2:]
    ]
    assert rows[0] == [AHEAD, "cut", "500", "500", "1", "0.200", "200", "3", "1.50", "10.0"]
    assert rows[2] == [AHEAD, "all", "1000", "1000", "1", "0.100", "200", "3", "1.50", "5.0"]
    assert one == before
