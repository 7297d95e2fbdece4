from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rednet_ros.evaluation.clip_faces import ALONE, MAX_UNSEEN_FRAMES, ClipFollower, likeness
from rednet_ros.evaluation.memory import Memory
from rednet_ros.tracking.types import FloatArray, ImageArray

Paint = Callable[..., ImageArray]
Faces = list[dict[str, FloatArray]]

RULES = {*(memory.value for memory in Memory), ALONE}


def follow(engine: Any, detector: Any, images: list[ImageArray], min_frames: int = 3) -> Faces:
    follower = ClipFollower(engine, detector, min_frames)
    for image in images:
        follower.update(image)
    return follower.faces()


def test_every_rule_follows_every_face(engine: Any, detector: Any, person: Any, paint: Paint) -> None:
    people = [[person(2, 80 + 3 * t, 100), person(5, 240 - 3 * t, 120)] for t in range(6)]
    faces = follow(engine, detector, [paint(group) for group in people])
    assert len(faces) == 2
    for index, face in enumerate(faces):
        assert set(face) == RULES
        for name, track in face.items():
            assert track.shape == (6, 68, 2), name
            # Which of the two people was found first is the detector's choice.
            mine = min((0, 1), key=lambda who: np.abs(track[0] - people[0][who].landmarks()).max())
            for t, group in enumerate(people):
                np.testing.assert_allclose(track[t], group[mine].landmarks(), atol=2.5, err_msg=f"{name} {index} {t}")


def test_short_faces_are_left_out_and_a_face_ends_when_it_was_last_seen(
    engine: Any, detector: Any, person: Any, paint: Paint
) -> None:
    there, empty = paint([person(2, 100, 100)]), paint([])
    images = [there] * 5 + [empty] * (MAX_UNSEEN_FRAMES + 2)
    (face,) = follow(engine, detector, images)
    assert len(face[ALONE]) == 5
    assert follow(engine, detector, images, min_frames=6) == []


def test_a_detector_that_misses_a_frame_does_not_end_the_face(
    engine: Any, detector: Any, person: Any, paint: Paint, monkeypatch: pytest.MonkeyPatch
) -> None:
    detect, frames = detector.detect, iter(range(99))
    monkeypatch.setattr(detector, "detect", lambda image: [] if next(frames) == 2 else detect(image))
    (face,) = follow(engine, detector, [paint([person(2, 100, 100)])] * 5)
    assert np.isfinite(face[Memory.STATE.value]).all()
    alone = np.isfinite(face[ALONE]).all(axis=(1, 2))
    assert alone.tolist() == [True, True, False, True, True]  # for it no box means no face


def test_a_lost_face_is_found_again_from_the_detector(engine: Any, detector: Any, person: Any, paint: Paint) -> None:
    """In the third frame the network says of known faces that they are a crop's side farther right."""
    run, is_wrong = engine.run, False

    def unreliable(crops: ImageArray, previous_px: np.ndarray, state: Any) -> Any:
        estimate = run(crops, previous_px, state)
        known = np.isfinite(previous_px).all(axis=(1, 2))
        estimate.landmarks_px[known & is_wrong, :, 0] += engine.crop_size_px
        return estimate

    engine.run = unreliable
    follower = ClipFollower(engine, detector, min_frames=3)
    for t in range(5):
        is_wrong = t == 2
        follower.update(paint([person(2, 100, 100)]))
    (face,) = follower.faces()
    is_found = {name: np.isfinite(track).all(axis=(1, 2)).tolist() for name, track in face.items()}
    assert is_found[Memory.STATE.value] == is_found[Memory.LANDMARKS.value] == [True, True, False, True, True]
    assert is_found[Memory.CROP.value] == [True] * 5
    np.testing.assert_allclose(face[Memory.STATE.value][3], person(2, 100, 100).landmarks(), atol=2.5)


def test_a_cut_ends_all_faces(engine: Any, detector: Any, person: Any, paint: Paint) -> None:
    noise = np.random.default_rng(0)
    scenes = [noise.integers(0, 12, (30, 40, 1)).repeat(8, 0).repeat(8, 1).astype(np.uint8) * 20 for _ in range(2)]
    images = []
    for scene in scenes:
        image = np.zeros((240, 320, 3), np.uint8)
        image[..., 1:] = scene  # the painted people are told by their blue
        painted = paint([person(4, 160, 120)])
        covered = painted.any(axis=2)
        image[covered] = painted[covered]
        images += [image] * 4
    faces = follow(engine, detector, images)
    assert [len(face[ALONE]) for face in faces] == [4, 4]


def test_likeness_is_of_what_is_seen_not_of_the_light() -> None:
    image = np.random.default_rng(0).integers(0, 100, (32, 32)).astype(np.uint8)
    assert likeness(image, image // 2 + 100) > 0.98
    assert likeness(image, image.T) < 0.3
    assert likeness(np.zeros((32, 32), np.uint8), image) == 1.0  # nothing to compare


def test_weights_without_state_look_once_for_both_rules(
    engine: Any, detector: Any, person: Any, paint: Paint, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = [paint([person(2, 100, 100)])] * 3
    with_state = follow(engine, detector, images)
    looks = len(engine.batches)
    initial, stateless = engine.initial_state, type(engine)()
    run = stateless.run
    monkeypatch.setattr(stateless, "initial_state", lambda faces: None)
    monkeypatch.setattr(stateless, "run", lambda crops, previous, state: run(crops, previous, initial(len(crops))))
    (face,) = follow(stateless, detector, images)
    assert set(face) == set(with_state[0]) == RULES
    assert len(stateless.batches) < looks
    np.testing.assert_array_equal(face[Memory.STATE.value], face[Memory.LANDMARKS.value])
