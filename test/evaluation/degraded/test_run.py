"""Four rules on clips of a painted person, whom a painted network sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.evaluation.degraded.bursts import MIN_FRAMES, RECOVERY_FRAMES, Burst
from rednet_ros.evaluation.degraded.clips import Clip
from rednet_ros.evaluation.degraded.run import MOTION_ALONE, Seen, measure, rules_of, run
from rednet_ros.evaluation.memory import Memory
from rednet_ros.evaluation.networks import Network
from rednet_ros.metrics import interocular_distance
from rednet_ros.tracking.types import ImageArray

Paint = Callable[..., ImageArray]
FRAMES = 30
RULES = ["with state", "without state", "without state and z0", MOTION_ALONE]


def walk(person: Any, paint: Paint, speed_px: float = 2.0, frames: int = FRAMES) -> Clip:
    """Somebody crosses the picture."""
    people = [person(3, 60 + speed_px * frame, 120) for frame in range(frames)]

    def images() -> Iterator[ImageArray]:
        return (paint([one]) for one in people)

    points_px = np.stack([one.landmarks() for one in people])
    return Clip("walk", points_px, interocular_distance(points_px), images)


def burst(kind: str, start: int = 10, stop: int = 16) -> tuple[Burst, ...]:
    return (Burst(start, stop, kind, (0, 0)),)


def test_in_missing_frames_every_rule_goes_on_as_the_face_did(network: Network, person: Any, paint: Paint) -> None:
    clip = walk(person, paint)
    found = measure(network, clip, burst("drop"), from_truth=False)
    assert list(found.errors) == RULES
    for rule in RULES:
        assert found.errors[rule].shape == (FRAMES,)
        assert found.errors[rule].max() < 0.1  # two pixels a frame would be 12 of 40 px at the end of the burst
        assert found.undegraded[rule].max() < 0.1
        assert found.anew[rule] == 0


def test_the_network_is_not_asked_in_missing_frames(network: Network, person: Any, paint: Paint, engine: Any) -> None:
    clip = walk(person, paint, frames=8)
    measure(network, clip, (), from_truth=True)
    without = len(engine.batches)
    measure(network, clip, burst("drop", 2, 5), from_truth=True)
    assert len(engine.batches) - without == without - 3 * len(RULES)


def test_the_motion_alone_does_not_believe_what_the_network_sees_in_a_burst(
    network: Network, person: Any, paint: Paint
) -> None:
    """The painted network sees nobody behind the thing, and says that the face fills its crop."""
    found = measure(network, walk(person, paint), burst("face"), from_truth=False)
    inside = {rule: found.errors[rule][10:16] for rule in RULES}
    assert inside[MOTION_ALONE].max() < 0.1
    assert min(inside["with state"].max(), inside["without state and z0"].max()) > 0.1
    assert max(found.undegraded["with state"]) < 0.1


def test_each_rule_carries_what_it_is_called_by_and_all_of_them_the_motion(
    network: Network, person: Any, paint: Paint, engine: Any
) -> None:
    titles = {rule.title: (rule.memory, rule.coasts) for rule in rules_of(network)}
    assert titles == {
        "with state": (Memory.STATE, False),
        "without state": (Memory.LANDMARKS, False),
        "without state and z0": (Memory.CROP, False),
        MOTION_ALONE: (Memory.STATE, True),
    }
    engine.initial_state = lambda faces: None
    assert [rule.title for rule in rules_of(network)] == RULES[1:]
    assert rules_of(network)[-1].memory is Memory.LANDMARKS


def test_a_lost_face_begins_anew_after_the_time_it_had(network: Network, person: Any, paint: Paint) -> None:
    """Behind the thing the face goes where nobody expects it."""
    people = [person(3, 60 + 90 * (frame >= 12), 120) for frame in range(FRAMES)]
    points_px = np.stack([one.landmarks() for one in people])
    clip = Clip("gone", points_px, interocular_distance(points_px), lambda: (paint([one]) for one in people))
    found = measure(network, clip, burst("face"), from_truth=True)
    back = 16 + RECOVERY_FRAMES
    assert found.anew[MOTION_ALONE] == 1
    assert found.errors[MOTION_ALONE][16:back].min() > 0.1
    assert found.errors[MOTION_ALONE][back:].max() < 0.1


def test_a_face_that_the_detector_misses_is_missed_and_looked_for_again(
    network: Network, person: Any, paint: Paint
) -> None:
    clip = walk(person, paint, frames=8)
    late = Clip("late", clip.points_px, clip.unit_px, lambda: _hidden_at_first(clip.images(), 2))
    found = measure(network, late, burst("drop", 5, 7), from_truth=False)
    for rule in RULES:
        assert np.isinf(found.errors[rule][:2]).all()
        assert found.errors[rule][2:].max() < 0.2


def _hidden_at_first(images: Iterator[ImageArray], frames: int) -> Iterator[ImageArray]:
    for frame, image in enumerate(images):
        yield np.zeros_like(image) if frame < frames else image


def test_clips_without_room_for_a_burst_are_left_out_and_none_at_all_is_an_error(
    network: Network, person: Any, paint: Paint
) -> None:
    long, short = walk(person, paint, frames=MIN_FRAMES), walk(person, paint, frames=12)
    seen: list[Seen] = []
    (found,) = run(network, [short, long], "drop", seed=0, from_truth=True, on_frame=seen.append)
    assert found.bursts
    assert [one.frame for one in seen] == list(range(MIN_FRAMES))
    missing = [one.frame for one in seen if one.image is None]
    assert missing == [frame for burst in found.bursts for frame in range(burst.start, burst.stop)]
    with pytest.raises(InputError, match=f"sequence of {MIN_FRAMES} frames"):
        run(network, [short], "drop", seed=0, from_truth=True)
