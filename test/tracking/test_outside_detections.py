"""Detections that somebody else makes, and what the tracker tells of its own detector."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.tracking import FaceTracker, TrackerSettings
from rednet_ros.tracking.detector.models import NoDetector
from rednet_ros.tracking.types import Box, Detection, Detections

STEP_S = 1 / 30


@pytest.fixture
def tracker(engine: Any) -> Iterator[FaceTracker]:
    with FaceTracker(engine=engine, detector=NoDetector(), settings=TrackerSettings()) as made:
        yield made


def box_around(person: Any) -> Detection:
    """A box as detectors draw it, forehead to chin, and nothing else."""
    landmarks = Box.around(person.landmarks())
    side = 1.09 * max(landmarks.width, landmarks.height)
    return Detection(Box(person.x - side / 2, person.y - 0.13 * side - side / 2, side, side), 0.9)


def test_faces_begin_where_somebody_else_found_them(tracker: FaceTracker, person: Any, paint: Any) -> None:
    someone = person(1, 150, 100)
    for number in range(10):
        frames = {"front": (paint([someone]), number * STEP_S)}
        found = tracker.update_many(frames, {"front": [box_around(someone)]})["front"]
    assert [face.id for face in found] == ["f1"]
    np.testing.assert_allclose(found[0].landmarks_px, someone.landmarks(), atol=1.0)


def test_without_detections_and_detector_nobody_is_found(tracker: FaceTracker, person: Any, paint: Any) -> None:
    for number in range(40):
        assert tracker.update(paint([person(1, 150, 100)]), number * STEP_S) == []


def test_detections_of_one_camera_begin_nothing_in_another(tracker: FaceTracker, person: Any, paint: Any) -> None:
    someone = person(1, 150, 100)
    for number in range(10):
        image = paint([someone])
        frames = {"front": (image, number * STEP_S), "rear": (image, number * STEP_S)}
        found = tracker.update_many(frames, {"rear": [box_around(someone)]})
    assert [len(found[name]) for name in ("front", "rear")] == [0, 1]


def test_a_face_that_nobody_detects_again_is_followed_on(tracker: FaceTracker, person: Any, paint: Any) -> None:
    for number in range(90):
        someone = person(1, 100 + number, 100)
        detections = {"": [box_around(someone)]} if number == 0 else {}
        found = tracker.update_many({"": (paint([someone]), number * STEP_S)}, detections)[""]
    assert [face.id for face in found] == ["f1"]


def test_the_own_detector_is_spared_and_its_time_is_told(engine: Any, detector: Any, person: Any, paint: Any) -> None:
    someone = person(1, 150, 100)
    settings = TrackerSettings(detect_in_background=False)
    with FaceTracker(engine=engine, detector=detector, settings=settings) as tracker:
        for number in range(3):
            tracker.update_many({"": (paint([someone]), number * STEP_S)}, {"": [box_around(someone)]})
        assert detector.calls == 0
        assert "detector_median_ms" not in tracker.figures()
        tracker.update(paint([someone]), 1.5)
        figures = tracker.figures()
    assert figures["weights"] == "painted"
    assert (figures["detector"], figures["detector_runs"]) == ("PaintedDetector", detector.calls)
    assert 0 < float(figures["detector_median_ms"]) <= float(figures["detector_p95_ms"])


@pytest.mark.parametrize(
    ("given", "kind"), [(None, "NoneType"), (Detections(None), "NoneType"), ([None], "NoneType"), (["face"], "str")]
)
def test_what_are_no_detections_is_refused_and_does_no_harm(
    tracker: FaceTracker, person: Any, paint: Any, given: Any, kind: str
) -> None:
    someone = person(1, 150, 100)
    tracker.update_many({"front": (paint([someone]), 0.0)}, {"front": [box_around(someone)]})
    for number in range(1, 10):  # refused whether or not a search is due
        frames = {"front": (paint([someone]), number * STEP_S)}
        with pytest.raises(InputError, match=f"detections of camera 'front' must be a list of Detection.* not {kind}"):
            tracker.update_many(frames, {"front": given})
        found = tracker.update_many(frames, {"front": ()})["front"]
    assert [face.id for face in found] == ["f1"]


def test_a_score_that_is_no_number_begins_nothing(tracker: FaceTracker, person: Any, paint: Any) -> None:
    someone = person(1, 150, 100)
    found = Detection(box_around(someone).box, float("nan"))
    for number in range(10):
        assert tracker.update_many({"": (paint([someone]), number * STEP_S)}, {"": [found]})[""] == []
