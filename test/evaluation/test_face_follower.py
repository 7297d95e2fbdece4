from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rednet_ros.evaluation.face_follower import FaceFollower
from rednet_ros.evaluation.memory import Memory
from rednet_ros.evaluation.still_images import StillPredictor
from rednet_ros.tracking.types import Box, ImageArray

Paint = Callable[..., ImageArray]


def states_seen(engine: Any) -> list[float]:
    """The painted engine counts frames in the state that it is given; spy on what comes in."""
    seen: list[float] = []
    run = engine.run

    def spy(crops: ImageArray, previous_px: np.ndarray, state: Any) -> Any:
        seen.append(float(state.parts["hidden"][0, 0]))
        return run(crops, previous_px, state)

    engine.run = spy
    return seen


def begin(engine: Any, detector: Any, memory: Memory, image: ImageArray, box: Box) -> FaceFollower:
    follower = FaceFollower(engine, memory)
    follower.begin(StillPredictor(engine, detector, memory).face_in_box(image, box))
    return follower


@pytest.mark.parametrize(
    ("memory", "states", "knows_landmarks"),
    [
        (Memory.STATE, [0, 0, 1, 2], [False, True, True, True]),
        (Memory.LANDMARKS, [0, 0, 0, 0], [False, True, True, True]),
        (Memory.CROP, [0, 0, 0, 0], [False, False, False, False]),
    ],
)
def test_each_rule_carries_what_it_says(
    engine: Any,
    detector: Any,
    person: Any,
    paint: Paint,
    memory: Memory,
    states: list[float],
    knows_landmarks: list[bool],
) -> None:
    """Two looks at the first frame, the second mirrored and with a state of its own, and one at each of two more."""
    seen = states_seen(engine)
    someone = person(3, 160, 120)
    image = paint([someone])
    follower = begin(engine, detector, memory, image, Box.around(someone.landmarks()))
    for _ in range(2):
        follower.follow(image)
    assert seen == states
    assert [bool(np.isfinite(previous).all()) for previous in engine.previous] == knows_landmarks


@pytest.mark.parametrize("memory", Memory)
def test_a_face_is_followed_where_it_goes(
    engine: Any, detector: Any, person: Any, paint: Paint, memory: Memory
) -> None:
    start = person(3, 100, 100)
    follower = begin(engine, detector, memory, paint([start]), Box.around(start.landmarks()))
    for step in range(1, 8):
        now = person(3, 100 + 12 * step, 100 + 3 * step)
        landmarks_px = follower.follow(paint([now]))
        assert landmarks_px is not None
        np.testing.assert_allclose(landmarks_px, now.landmarks(), atol=2.5)
    assert detector.calls == 0


def test_without_a_beginning_there_is_nothing_to_follow(engine: Any, person: Any, paint: Paint) -> None:
    follower = FaceFollower(engine)
    assert follower.follow(paint([person(3, 100, 100)])) is None
    assert follower.begin(None) is None
    assert engine.batches == []


@pytest.mark.parametrize("with_motion", [False, True])
def test_while_nobody_looks_a_face_stays_or_moves_on(
    engine: Any, detector: Any, person: Any, paint: Paint, with_motion: bool
) -> None:
    """Without the motion it stays where it was; and the state is none the older for it."""
    start = person(3, 100, 100)
    follower = FaceFollower(engine, Memory.LANDMARKS, with_motion=with_motion)
    assert follower.coast() is None
    follower.begin(StillPredictor(engine, detector).face_in_box(paint([start]), Box.around(start.landmarks())))
    for step in range(1, 5):
        follower.follow(paint([person(3, 100 + 4 * step, 100)]))
    looks = len(engine.batches)
    coasted = [follower.coast() for _ in range(4)]
    assert len(engine.batches) == looks
    for step, landmarks_px in enumerate(coasted, 5):
        expected = person(3, 100 + 4 * (step if with_motion else 4), 100).landmarks()
        assert landmarks_px is not None
        np.testing.assert_allclose(landmarks_px, expected, atol=4)
    landmarks_px = follower.follow(paint([person(3, 100 + 4 * 9, 100)]))
    assert landmarks_px is not None
    np.testing.assert_allclose(landmarks_px, person(3, 100 + 4 * 9, 100).landmarks(), atol=2.5)
