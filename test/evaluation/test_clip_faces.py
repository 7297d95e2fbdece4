from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rednet_ros.evaluation.clip_faces import FRAME_BY_FRAME, TRACKER, ClipFollower
from rednet_ros.tracking.types import FloatArray, ImageArray

Paint = Callable[..., ImageArray]
Faces = list[dict[str, FloatArray]]

RULES = {TRACKER, FRAME_BY_FRAME}


def follow(engine: Any, detector: Any, images: list[ImageArray], min_frames: int = 3) -> Faces:
    follower = ClipFollower(engine, detector, min_frames)
    for index, image in enumerate(images):
        follower.update(image, index / 30)
    return follower.faces()


def test_both_rules_follow_every_face(engine: Any, detector: Any, person: Any, paint: Paint) -> None:
    people = [[person(2, 80 + 3 * t, 100), person(5, 240 - 3 * t, 120)] for t in range(8)]
    faces = follow(engine, detector, [paint(group) for group in people])
    assert len(faces) == 2
    for face in faces:
        assert set(face) == RULES
        for name, track in face.items():
            first = 8 - len(track)  # the tracker confirms a face in some frames first
            assert first <= 3
            mine = min((0, 1), key=lambda who: np.abs(track[0] - people[first][who].landmarks()).max())
            for t, group in enumerate(people[first:]):
                np.testing.assert_allclose(track[t], group[mine].landmarks(), atol=2.5, err_msg=f"{name} {t}")


def test_short_faces_are_left_out_and_a_face_ends_when_it_was_last_seen(
    engine: Any, detector: Any, person: Any, paint: Paint
) -> None:
    there, empty = paint([person(2, 100, 100)]), paint([])
    images = [there] * 8 + [empty] * 30
    (face,) = follow(engine, detector, images)
    frames = len(face[TRACKER])
    assert 5 <= frames <= 8
    assert follow(engine, detector, images, min_frames=frames + 1) == []


def test_a_face_out_of_sight_for_a_moment_is_lost_in_these_frames(
    engine: Any, detector: Any, person: Any, paint: Paint
) -> None:
    there, empty = paint([person(2, 100, 100)]), paint([])
    (face,) = follow(engine, detector, [there] * 8 + [empty] * 2 + [there] * 4)
    is_found = np.isfinite(face[TRACKER]).all(axis=(1, 2))
    assert is_found[-7:].tolist() == [True, False, False, True, True, True, True]


def test_frame_by_frame_a_lost_face_begins_anew_where_the_tracker_has_it(
    engine: Any, detector: Any, person: Any, paint: Paint
) -> None:
    """In one frame the network says of new faces that they are a crop's side farther right."""
    run, is_wrong = engine.run, False

    def unreliable(crops: ImageArray, previous_px: np.ndarray, state: Any) -> Any:
        estimate = run(crops, previous_px, state)
        new = np.isnan(previous_px).any(axis=(1, 2))
        estimate.landmarks_px[new & is_wrong, :, 0] += engine.crop_size_px
        return estimate

    engine.run = unreliable
    follower = ClipFollower(engine, detector, min_frames=3)
    for t in range(10):
        is_wrong = t == 7
        follower.update(paint([person(2, 100, 100)]), t / 30)
    (face,) = follower.faces()
    assert np.isfinite(face[TRACKER]).all()
    assert np.isfinite(face[FRAME_BY_FRAME]).all(axis=(1, 2)).tolist()[-4:] == [True, False, True, True]
    np.testing.assert_allclose(face[FRAME_BY_FRAME][-2], person(2, 100, 100).landmarks(), atol=2.5)


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
        images += [image] * 6
    faces = follow(engine, detector, images)
    assert len(faces) == 2
    assert all(len(face[TRACKER]) <= 6 for face in faces)
