"""Small faces in large images: a detector that sees 320 pixels at a time finds them in pieces."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from painted_people import as_detection, people_in

from rednet_ros.tracking import FaceTracker, TrackerSettings
from rednet_ros.tracking.detector.background import DetectionRequest, DetectionResult
from rednet_ros.tracking.detector.search_plan import SEEN_PX
from rednet_ros.tracking.types import Detection, Face, ImageArray

SETTINGS = TrackerSettings(detect_in_background=False, detector_px=320, min_face_px=20.0)
FPS = 30


class ShortSighted:
    """Sees painted people of 20 pixels or more, in an image shrunk to 320. `sides_px`: of the images it was given."""

    def __init__(self) -> None:
        self.sides_px: list[int] = []

    def detect(self, image_bgr: ImageArray) -> list[Detection]:
        side_px = max(image_bgr.shape[:2])
        self.sides_px.append(side_px)
        scale = min(1.0, 320 / side_px)
        found = [one for one, pixels in people_in(image_bgr) if pixels > 0.9 * (one.side - 1) ** 2]
        return [as_detection(one) for one in found if one.side * scale >= SEEN_PX - 1]


@pytest.fixture
def tracker(engine: Any) -> Iterator[FaceTracker]:
    with FaceTracker(engine=engine, detector=ShortSighted(), settings=SETTINGS) as made:
        yield made


def play(tracker: FaceTracker, image: ImageArray, seconds: float, start_s: float = 0.0) -> list[list[Face]]:
    return [tracker.update(image, start_s + number / FPS) for number in range(round(seconds * FPS))]


def test_a_far_face_in_the_first_image_of_a_file_is_found_at_once(
    tracker: FaceTracker, person: Any, paint: Any
) -> None:
    image = paint([person(1, 200, 150, 120), person(2, 900, 500, 24)], width=1280, height=640)
    shown = play(tracker, image, 0.2)
    assert len(shown[-1]) == 2
    far = min(shown[-1], key=lambda face: face.box.width)
    np.testing.assert_allclose(far.landmarks_px, person(2, 900, 500, 24).landmarks(), atol=1.5)


def test_a_far_face_that_comes_later_is_found_and_near_ones_do_not_wait(
    tracker: FaceTracker, person: Any, paint: Any
) -> None:
    near = person(1, 200, 150, 120)
    play(tracker, paint([near], width=1280, height=640), 0.5)
    with_far = paint([near, person(2, 900, 500, 24)], width=1280, height=640)
    shown = play(tracker, with_far, 9.0, start_s=0.5)
    first = next(number for number, faces in enumerate(shown) if len(faces) == 2)
    assert first / FPS < 8.0
    assert {face.id for face in shown[-1]} == {"f1", "f2"}
    another = paint([near, person(3, 500, 200, 130)], width=1280, height=640)
    shown = play(tracker, another, 1.5, start_s=9.5)
    assert next(number for number, faces in enumerate(shown) if "f3" in {face.id for face in faces}) / FPS < 1.3


def test_a_far_face_is_not_doubted_because_the_whole_image_does_not_show_it(
    tracker: FaceTracker, person: Any, paint: Any, engine: Any
) -> None:
    """In doubt a face is lost that the detector misses; but only where it could have found it."""
    engine.sureness = 0.5  # below `trusted_confidence`
    shown = play(tracker, paint([person(2, 900, 500, 24)], width=1280, height=640), 6.0)
    assert all([face.id for face in faces] == ["f1"] for faces in shown[3:])


def test_a_far_face_that_is_lost_is_searched_where_it_was(tracker: FaceTracker, person: Any, paint: Any) -> None:
    play(tracker, paint([person(2, 900, 500, 24)], width=1280, height=640), 0.5)
    play(tracker, paint([], width=1280, height=640), 0.1, start_s=0.5)
    shown = play(tracker, paint([person(2, 930, 500, 24)], width=1280, height=640), 0.3, start_s=0.6)
    assert [face.id for face in shown[-1]] == ["f1"]


def test_no_search_sees_more_than_the_detector_does(tracker: FaceTracker, person: Any, paint: Any) -> None:
    play(tracker, paint([person(1, 200, 150, 120)], width=1280, height=640), 3.0)
    detector = tracker._detector._detector
    assert isinstance(detector, ShortSighted)
    assert set(detector.sides_px) == {1280, 640, 320, 120}  # 120: of the face's place, shrunk
    per_second = (len(detector.sides_px) - 24) / 3.0  # after the first image, which is searched whole and in pieces
    assert per_second < 6


def test_where_nobody_else_would_be_taken_in_only_the_faces_places_are_searched(
    tracker: FaceTracker, person: Any, paint: Any
) -> None:
    """Until one of them is lost: then another is found."""
    tracker.settings = replace(SETTINGS, max_faces=1)
    detector = tracker._detector._detector
    assert isinstance(detector, ShortSighted)

    def passes(seconds: float, near: list[Any], start_s: float) -> list[list[Face]]:
        moments = [start_s + number / FPS for number in range(round(seconds * FPS))]
        scenes = (paint([*near, person(2, 300 + 60 * time_s, 200, 60)], width=640, height=320) for time_s in moments)
        return [tracker.update(scene, time_s) for scene, time_s in zip(scenes, moments, strict=True)]

    passes(0.2, [person(1, 150, 150, 120)], 0.0)
    detector.sides_px.clear()
    shown = passes(3.0, [person(1, 150, 150, 120)], 0.2)
    assert all([face.id for face in faces] == ["f1"] for faces in shown)
    assert set(detector.sides_px) == {120}
    assert [face.id for face in passes(1.5, [], 3.2)[-1]] == ["f2"]


class Turns:
    """A detector's thread, without the thread: of the cameras that wait it searches one a frame, in their turn."""

    is_immediate = False

    def __init__(self) -> None:
        self.regions: dict[str, list[bool]] = {}
        self._waiting: dict[str, DetectionRequest] = {}
        self._done: list[DetectionResult] = []

    def submit(self, request: DetectionRequest) -> None:
        self._waiting[request.camera] = request

    def is_busy(self, camera: str) -> bool:
        return any(result.request.camera == camera for result in self._done)

    def waiting(self, camera: str) -> DetectionRequest | None:
        return self._waiting.get(camera)

    def wait(self, timeout_s: float) -> float:
        return 0.0

    def turn(self) -> None:
        request = self._waiting.pop(next(iter(self._waiting)))
        self.regions.setdefault(request.camera, []).append(request.region.is_whole)
        self._done.append(DetectionResult(request, (), took_s=0.05))

    def collect(self) -> list[DetectionResult]:
        done, self._done = self._done, []
        return done

    def problem(self) -> str:
        return ""

    def close(self) -> None:
        pass


def test_with_several_cameras_the_pieces_of_each_get_their_turn(engine: Any, paint: Any) -> None:
    runner = Turns()
    image = paint([], width=1280, height=640)
    with FaceTracker(engine=engine, detector=ShortSighted(), settings=SETTINGS, runner=runner) as tracker:
        for number in range(300):
            tracker.update_many(dict.fromkeys("abc", (image, number / FPS)))
            if number % 3 == 2:  # a tenth of a second for a search: slower than searches fall due
                runner.turn()
    for wholes in runner.regions.values():
        assert wholes.count(False) >= 8, runner.regions
        assert wholes.count(True) >= 8
