"""After a cut somebody else may be where a face was: ids do not pass on, and faces that stay keep theirs."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from rednet_ros.evaluation.tracking_bench.synthetic_scene import BrightDetector, BrightEngine, Square, paint
from rednet_ros.tracking import FaceTracker, TrackerSettings
from rednet_ros.tracking.appearance import MIN_FACE_LIKENESS, appearance, is_cut, likeness, overview
from rednet_ros.tracking.crops import CropTransform
from rednet_ros.tracking.types import ImageArray

Shown = list[list[str]]


def play(scene: Callable[[int], ImageArray], frames: int = 40, **settings: object) -> Shown:
    """Ids in each frame of a scene at 30 frames a second."""
    chosen = TrackerSettings(detect_in_background=False, min_face_px=8, **settings)  # type: ignore[arg-type]
    with FaceTracker(engine=BrightEngine(), detector=BrightDetector(), settings=chosen) as tracker:
        return [[face.id for face in tracker.update(scene(number), number / 30)] for number in range(frames)]


@pytest.mark.parametrize("shift", [(0, 0), (4, -3)])
@pytest.mark.parametrize("max_faces", [1, 8])
def test_an_id_does_not_pass_to_another_person_over_a_cut(shift: tuple[int, int], max_faces: int) -> None:
    def scene(number: int) -> ImageArray:
        if number < 20:
            return paint([Square(48, 36, 24, pattern=1)], room=1)
        return paint([Square(48 + shift[0], 36 + shift[1], 26, pattern=2)], room=2)

    shown = play(scene, max_faces=max_faces)
    assert shown[19] == ["f1"]
    assert {face for faces in shown[20:] for face in faces} == {"f2"}
    assert shown[26] == ["f2"]  # searched for at once


def test_every_photo_of_a_folder_gives_its_faces() -> None:
    """Whatever rate a folder is given: each is a scene of its own, some without a face."""
    faces = [[1], [2], [], [3], [], [4]]
    photos = [
        [Square(30 + 9 * number, 36, 24, pattern=pattern) for pattern in patterns]
        for number, patterns in enumerate(faces)
    ]
    shown = play(lambda number: paint(photos[number], room=number + 1), frames=len(photos))
    assert [len(ids) for ids in shown] == [len(patterns) for patterns in faces]


def test_a_face_that_turns_with_the_camera_keeps_its_id() -> None:
    """The whole picture changes behind it."""
    shown = play(lambda number: paint([Square(48, 36, 24, pattern=1)], room=number // 5))
    assert {face for faces in shown[2:] for face in faces} == {"f1"}
    assert all(shown[2:])


def test_somebody_who_takes_anothers_place_without_a_cut_is_no_matter_of_cuts() -> None:
    """One walks behind another's patch and only the look of the face changes: tracking goes on."""
    shown = play(lambda number: paint([Square(48, 36, 24, pattern=1 + (number >= 20))], room=1))
    assert shown[-1] == ["f1"]


def test_a_flash_costs_no_id() -> None:
    def scene(number: int) -> ImageArray:
        image = paint([Square(48, 36, 24, pattern=1)], room=1)
        return np.full_like(image, 255) if number == 20 else image

    shown = play(scene)
    assert {face for faces in shown[21:] for face in faces} == {"f1"}
    assert shown[-1] == ["f1"]


def test_a_cut_to_an_empty_room_and_back_keeps_the_face() -> None:
    def scene(number: int) -> ImageArray:
        inside = [] if 20 <= number < 28 else [Square(48, 36, 24, pattern=1)]
        return paint(inside, room=2 if 20 <= number < 28 else 1)

    shown = play(scene, grace_s=0.5)
    assert not any(shown[20:28])
    assert {face for faces in shown[28:] for face in faces} == {"f1"}


def test_a_scene_that_moves_or_gets_darker_is_no_cut() -> None:
    rng = np.random.default_rng(0)
    room = cv2.resize(rng.integers(0, 256, (30, 40, 3), np.uint8), (700, 520), interpolation=cv2.INTER_CUBIC)
    first = overview(room[:480, :640])
    assert not is_cut(first, overview(room[1:481, 2:642]))
    assert not is_cut(first, overview((room[:480, :640] * 0.9).astype(np.uint8)))
    assert is_cut(first, overview(room[:480, ::-1][:, :640]))
    blank = overview(np.full((480, 640, 3), 90, np.uint8))
    assert not is_cut(blank, blank)
    assert is_cut(blank, overview(np.full((480, 640, 3), (90, 90, 200), np.uint8)))


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 2), (24, 32), (1080, 1920)])
def test_any_image_has_an_overview(size: tuple[int, int]) -> None:
    assert overview(np.full((*size, 3), 200, np.uint8)).colours.shape == (3, 24, 32)


def around(square: Square) -> CropTransform:
    return CropTransform.from_landmarks(square.landmarks(), 1)


def test_a_face_looks_alike_wherever_and_however_bright_it_is() -> None:
    first, second = Square(30, 30, 24, pattern=1), Square(60, 40, 36, pattern=1)
    other = Square(60, 40, 36, pattern=2)
    seen = appearance(paint([first]), around(first))
    assert likeness(seen, appearance(paint([second]), around(second))) > MIN_FACE_LIKENESS
    assert likeness(seen, appearance(paint([second]) // 2 + 60, around(second))) > MIN_FACE_LIKENESS
    assert likeness(seen, appearance(paint([other]), around(other))) < MIN_FACE_LIKENESS
    assert likeness(None, seen) == 1.0
