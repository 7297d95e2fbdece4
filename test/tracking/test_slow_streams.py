"""Few images a second, lost images, late detections: time counts, not frames."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from painted_people import as_detection

from rednet_ros.evaluation.tracking_bench.sampling import LateDetector
from rednet_ros.tracking import FaceTracker, TrackerSettings
from rednet_ros.tracking import tracker as tracker_module
from rednet_ros.tracking.camera import MAX_KEPT
from rednet_ros.tracking.detector.models import NoDetector
from rednet_ros.tracking.types import Detections, Face, ImageArray

FPS = 30


@pytest.fixture
def make(engine: Any, detector: Any) -> Iterator[Callable[..., FaceTracker]]:
    made: list[FaceTracker] = []

    def build(**options: Any) -> FaceTracker:
        settings = TrackerSettings(detect_in_background=False)
        made.append(FaceTracker(**{"engine": engine, "detector": detector, "settings": settings, **options}))
        return made[-1]

    yield build
    for tracker in made:
        tracker.close()


def play(tracker: FaceTracker, scene: Callable[[float], ImageArray], times_s: list[float]) -> list[list[Face]]:
    return [tracker.update(scene(time_s), time_s) for time_s in times_s]


@pytest.mark.parametrize(("rate_hz", "first"), [(30, 2), (15, 1), (10, 0), (5, 0), (2.5, 0)])
def test_somebody_who_comes_is_published_after_a_tenth_of_a_second(
    make: Any, person: Any, paint: Any, rate_hz: float, first: int
) -> None:
    """Each image stands for the time since the one before."""
    tracker = make(settings=TrackerSettings(search_interval_s=0.0))
    tracker.update(paint([]), -1 / rate_hz)
    shown = play(tracker, lambda time_s: paint([person(1, 100, 100)]), [number / rate_hz for number in range(5)])
    assert [len(faces) for faces in shown] == [0] * first + [1] * (5 - first)


def test_in_a_slow_stream_a_new_face_is_published_in_the_image_that_was_searched(
    make: Any, person: Any, paint: Any
) -> None:
    def scene(time_s: float) -> ImageArray:
        return paint([person(1, 100, 100)] if time_s >= 2.0 else [])

    shown = play(make(), scene, [0.4 * number for number in range(8)])
    assert [len(faces) for faces in shown] == [0] * 5 + [1] * 3


@pytest.mark.parametrize("rate_hz", [30, 15, 10, 5, 2.5])
def test_a_walking_face_keeps_its_id_at_every_rate(make: Any, person: Any, paint: Any, rate_hz: float) -> None:
    """70 pixels a second: at 2.5 images/s half of its side from one to the next."""
    times_s = [number / rate_hz for number in range(round(2.4 * rate_hz))]
    shown = play(make(), lambda time_s: paint([person(1, 60 + 70 * time_s, 100)]), times_s)
    assert {face.id for faces in shown for face in faces} == {"f1"}
    assert all(len(faces) == 1 for faces in shown[3:])


def test_half_of_the_images_lost_at_random_cost_no_face_and_no_id(make: Any, person: Any, paint: Any) -> None:
    rng = np.random.default_rng(3)
    times_s = [number / FPS for number in range(120) if rng.random() < 0.5]
    people = [(1, 60, 80), (2, 160, 100), (3, 250, 90)]

    def scene(time_s: float) -> ImageArray:
        sway = 20 * np.sin(2 * np.pi * time_s)
        return paint([person(number, x + sway, y) for number, x, y in people])

    shown = play(make(), scene, times_s)
    assert {face.id for faces in shown for face in faces} == {"f1", "f2", "f3"}
    assert all(len(faces) == 3 for faces in shown[5:])


def test_a_confirmed_face_survives_one_bad_image_of_a_slow_camera(make: Any, person: Any, paint: Any) -> None:
    def scene(time_s: float) -> ImageArray:
        return paint([] if 1.9 < time_s < 2.5 else [person(1, 100, 100)])

    shown = play(make(), scene, [0.6 * number for number in range(8)])
    assert [[face.id for face in faces] for faces in shown[1:]] == [["f1"]] * 3 + [[]] + [["f1"]] * 3


@pytest.mark.parametrize("speed_px_s", [0.0, 60.0, 120.0])
def test_a_detection_that_comes_late_is_followed_to_the_present(
    make: Any, person: Any, paint: Any, detector: Any, speed_px_s: float
) -> None:
    """0.6 s late: meanwhile the face moved by more than the network's crop shows."""
    late = LateDetector(detector, delay_s=0.6)
    tracker = make(runner=late)
    seen_s = None
    for number in range(45):
        late.now_s = number / FPS
        faces = tracker.update(paint([person(1, 60 + speed_px_s * late.now_s, 100)]), late.now_s)
        if faces and seen_s is None:
            seen_s = late.now_s
    assert seen_s is not None
    assert seen_s < 0.8
    np.testing.assert_allclose(faces[0].landmarks_px, person(1, 60 + speed_px_s * 44 / FPS, 100).landmarks(), atol=1.5)


def test_a_slow_stream_waits_for_the_search_of_its_image(make: Any, person: Any, paint: Any, detector: Any) -> None:
    """At 2 images a second a face would have gone before the next one: 200 pixels a second."""
    late = LateDetector(detector, delay_s=0.2)
    tracker = make(runner=late)
    shown = []
    for number in range(6):
        late.now_s = 0.5 * number
        image = paint([person(1, 40 + 200 * late.now_s, 100)], width=640)
        shown.append([face.id for face in tracker.update(image, late.now_s)])
    assert shown == [["f1"]] * 6


@pytest.mark.parametrize("is_stamped", [True, False])
@pytest.mark.parametrize("delay_frames", [0, 3, 6, 9])
def test_late_detections_from_outside_relocate_nobody(
    make: Any, person: Any, paint: Any, monkeypatch: pytest.MonkeyPatch, delay_frames: int, is_stamped: bool
) -> None:
    """A head that sways by 60 pixels to either side, and a detector elsewhere that takes up to 0.3 s."""
    relocations = []
    original = tracker_module.after_relocation
    monkeypatch.setattr(
        tracker_module, "after_relocation", lambda *given: relocations.append(given) or original(*given)
    )

    def where(number: int) -> Any:
        return person(1, 160 + 60 * np.sin(2 * np.pi * number / 40), 100)

    tracker = make(detector=NoDetector(), settings=TrackerSettings(detection_interval_s=0.2))
    ids = set()
    for number in range(160):
        then = number - delay_frames
        found = as_detection(where(then))
        given = Detections((found,), then / FPS) if is_stamped else [found]
        frames = {"": (paint([where(number)]), number / FPS)}
        ids |= {face.id for face in tracker.update_many(frames, {"": given} if then >= 0 else {})[""]}
    assert relocations == []
    assert ids == {"f1"}


def test_a_late_detection_still_puts_a_drifted_track_back(make: Any, person: Any, paint: Any, engine: Any) -> None:
    """Where the track was when the image was taken is what counts, and the way it has gone since is added."""
    tracker = make(detector=NoDetector())
    for number in range(10):
        someone = person(1, 100, 100)
        tracker.update_many({"": (paint([someone]), number / FPS)}, {"": [as_detection(someone)]})
    engine.sticky = True
    for number in range(10, 60):
        someone = person(1, 122, 100)
        frames = {"": (paint([someone]), number / FPS)}
        given = Detections((as_detection(someone),), (number - 6) / FPS) if number >= 16 else ()
        (face,) = tracker.update_many(frames, {"": given} if given else {})[""]
    assert face.id == "f1"
    np.testing.assert_allclose(face.landmarks_px, someone.landmarks(), atol=1.5)


def test_images_farther_apart_than_any_gap_are_answered_one_by_one(make: Any, person: Any, paint: Any) -> None:
    """Nobody knows who is there after `max_gap_s`; but a face that shows is a face."""
    shown = play(make(), lambda time_s: paint([person(1, 100, 100)]), [5.0 * number for number in range(5)])
    assert [[face.id for face in faces] for faces in shown] == [["f1"], ["f2"], ["f3"], ["f4"], ["f5"]]


def test_a_detector_that_hangs_costs_no_memory(make: Any, person: Any, paint: Any, detector: Any) -> None:
    tracker = make(runner=LateDetector(detector, delay_s=math.inf))
    for number in range(600):
        tracker.update(paint([]), number / FPS)
    kept = tracker._cameras[""].kept
    assert 4 <= len(kept) <= MAX_KEPT
    assert kept[0].clock_s < 0.3  # from the image that is being searched to the present
    assert kept[-1].clock_s > 14.0


def test_without_a_detector_no_image_is_kept(make: Any, person: Any, paint: Any) -> None:
    tracker = make(detector=NoDetector())
    play(tracker, lambda time_s: paint([person(1, 100, 100)]), [number / FPS for number in range(20)])
    assert tracker._cameras[""].kept == []
