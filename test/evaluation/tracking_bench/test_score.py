"""Errors that a tracker makes are counted, each as what it is."""

import numpy as np

from rednet_ros.evaluation.tracking_bench.canvas import Shown
from rednet_ros.evaluation.tracking_bench.score import SETTLE_S, Counts, Score
from rednet_ros.evaluation.tracking_bench.synthetic_scene import Square
from rednet_ros.tracking.types import Box, Face, FaceStatus

STEP_S = 1 / 30
SETTLE_FRAMES = round(SETTLE_S / STEP_S)

LEFT, RIGHT = Square(50, 50, 40), Square(150, 50, 40)


def shown(person: int, square: Square, visible: float = 1.0) -> Shown:
    return Shown(person, square.landmarks(), visible)


def face(name: str, square: Square) -> Face:
    points = square.landmarks()
    return Face(name, FaceStatus.TRACKED, 0.9, Box.around(points), points, np.ones(68, np.float32))


def errors(counts: Counts) -> dict[str, int]:
    kinds = ("switches", "renewals", "births", "astray", "losses")
    return {kind: getattr(counts, kind) for kind in kinds if getattr(counts, kind)}


def test_a_tracker_without_fault_has_none() -> None:
    score = Score()
    for number in range(30):
        score.add([shown(1, LEFT), shown(2, RIGHT)], [face("f1", LEFT), face("f2", RIGHT)], number * STEP_S)
    assert errors(score.counts) == {}
    assert (score.counts.frames, score.counts.clear, score.counts.found) == (30, 36, 36)


def test_ids_that_change_places_are_two_switches() -> None:
    score = Score()
    score.add([shown(1, LEFT), shown(2, RIGHT)], [face("f1", LEFT), face("f2", RIGHT)], 0.0)
    score.add([shown(1, LEFT), shown(2, RIGHT)], [face("f2", LEFT), face("f1", RIGHT)], STEP_S)
    assert errors(score.counts) == {"switches": 2}


def test_a_new_id_for_the_same_person_is_a_renewal() -> None:
    score = Score()
    score.add([shown(1, LEFT)], [face("f1", LEFT)], 0.0)
    score.add([shown(1, LEFT)], [face("f2", LEFT)], STEP_S)
    assert errors(score.counts) == {"renewals": 1}


def test_a_face_where_none_is_is_a_birth_and_astray_as_long_as_it_stays() -> None:
    score = Score()
    for number in range(3):
        score.add([shown(1, LEFT)], [face("f1", LEFT), face("f9", RIGHT)], number * STEP_S)
    assert errors(score.counts) == {"births": 1, "astray": 3}
    assert score.events == ["frame 0: f9 begins where no face is"]


def test_a_face_that_wanders_off_its_person_is_astray_and_lost_but_no_birth() -> None:
    score = Score()
    for number in range(SETTLE_FRAMES + 2):
        score.add([shown(1, LEFT)], [face("f1", LEFT)], number * STEP_S)
    score.add([shown(1, LEFT)], [face("f1", RIGHT)], (SETTLE_FRAMES + 2) * STEP_S)
    assert errors(score.counts) == {"astray": 1, "losses": 1}


def test_hidden_and_new_faces_need_not_be_found() -> None:
    score = Score()
    for number in range(40):
        score.add([shown(1, LEFT, visible=0.3)], [] if number % 2 else [face("f1", LEFT)], number * STEP_S)
    for number in range(40, 40 + SETTLE_FRAMES):
        score.add([shown(1, LEFT)], [], number * STEP_S)
    assert errors(score.counts) == {}
    assert score.counts.clear == 0
    score.add([shown(1, LEFT)], [], (40 + SETTLE_FRAMES) * STEP_S)
    assert (score.counts.clear, score.counts.found) == (1, 0)


def test_counts_add_up() -> None:
    total = Counts(clips=1, frames=2, switches=3)
    total += Counts(clips=1, frames=5, births=1)
    assert (total.clips, total.frames, total.switches, total.births) == (2, 7, 3, 1)
