import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.tracking import FaceTracker, TrackerSettings
from rednet_ros.tracking.camera_model import CameraModel
from rednet_ros.tracking.types import Detection, Face, FaceStatus, ImageArray

STEP_S = 1 / 30

Scene = Callable[[int], ImageArray]


@pytest.fixture
def make(engine: Any, detector: Any) -> Iterator[Callable[..., FaceTracker]]:
    """Trackers that see painted people, with the detector run on the spot unless told otherwise."""
    made: list[FaceTracker] = []

    def build(**settings: Any) -> FaceTracker:
        chosen = TrackerSettings(**{"detect_in_background": False, **settings})
        made.append(FaceTracker(engine=engine, detector=detector, settings=chosen))
        return made[-1]

    yield build
    for tracker in made:
        tracker.close()


def play(tracker: FaceTracker, scene: Scene, frames: int, start: int = 0) -> list[list[Face]]:
    """Frames `start`.. of a scene at 30 frames a second."""
    return [tracker.update(scene(number), number * STEP_S) for number in range(start, start + frames)]


def ids(faces: list[Face]) -> list[str]:
    return [face.id for face in faces]


def test_a_face_is_returned_once_confirmed_and_followed_where_it_goes(make: Any, person: Any, paint: Any) -> None:
    tracker = make(confirm_frames=3, search_interval_s=0.0)
    tracker.update(paint([]), -STEP_S)
    shown = play(tracker, lambda n: paint([person(1, 100 + 2 * n, 100 + n)]), 40)
    assert [len(faces) for faces in shown[:3]] == [0, 0, 1]
    assert {face.id for faces in shown for face in faces} == {"f1"}
    for number, faces in enumerate(shown[2:], start=2):
        face = faces[0]
        np.testing.assert_allclose(face.landmarks_px, person(1, 100 + 2 * number, 100 + number).landmarks(), atol=1.0)
        assert face.landmarks_px.dtype == np.float32
        assert face.status is FaceStatus.TRACKED
        assert face.confidence == pytest.approx(0.9)


def test_a_photo_gives_its_faces_in_the_first_call(engine: Any, detector: Any, person: Any, paint: Any) -> None:
    """By default settings; also where one tracker is given several photos, whatever their stamps."""
    with FaceTracker(engine=engine, detector=detector) as tracker:
        assert len(tracker.update(paint([person(1, 100, 100), person(2, 220, 100)]), 0.0)) == 2
        for stamp_s in (0.0, 0.0, 100.0):
            photo = paint([person(3, 100 + stamp_s, 90)], width=400 - int(stamp_s))
            (face,) = tracker.update(photo, stamp_s)
            assert face.status is FaceStatus.TRACKED
            np.testing.assert_allclose(face.landmarks_px, person(3, 100 + stamp_s, 90).landmarks(), atol=1.0)


def test_unconfirmed_faces_are_shown_on_demand_and_marked(make: Any, person: Any, paint: Any) -> None:
    tracker = make(include_tentative=True, search_interval_s=0.0)
    tracker.update(paint([]), -STEP_S)
    shown = play(tracker, lambda n: paint([person(1, 100, 100)]), 3)
    assert [faces[0].status.name for faces in shown] == ["TENTATIVE", "TENTATIVE", "TRACKED"]


def test_no_face_no_claim(make: Any, paint: Any, engine: Any) -> None:
    assert play(make(), lambda n: paint([]), 10) == [[]] * 10
    assert engine.batches == []


def test_detections_that_the_network_does_not_believe_begin_nothing(
    make: Any, person: Any, paint: Any, engine: Any, detector: Any
) -> None:
    engine.blind = True
    tracker = make(include_tentative=True)
    assert play(tracker, lambda n: paint([person(1, 100, 100)]), 10) == [[]] * 10
    assert detector.calls > 1


def test_the_detector_rests_while_faces_are_well(make: Any, person: Any, paint: Any, detector: Any) -> None:
    tracker = make(detection_interval_s=1.0, search_interval_s=0.1)
    play(tracker, lambda n: paint([]), 30)
    assert 8 <= detector.calls <= 11
    before = detector.calls
    play(tracker, lambda n: paint([person(1, 100, 100)]), 65, start=30)
    assert detector.calls - before <= 5


@pytest.mark.parametrize("moved", [(122.0, 100.0, 60.0), (100.0, 100.0, 90.0)])
def test_a_track_that_has_drifted_is_put_back_by_the_detector(
    make: Any, person: Any, paint: Any, engine: Any, moved: tuple[float, float, float]
) -> None:
    """The network holds on to where the face was, or how large; the detector knows better."""
    tracker = make(detection_interval_s=0.5)
    play(tracker, lambda n: paint([person(1, 100, 100)]), 5)
    engine.sticky = True
    (before, *_, after) = play(tracker, lambda n: paint([person(1, *moved)]), 40, start=5)
    np.testing.assert_allclose(before[0].landmarks_px, person(1, 100, 100).landmarks(), atol=1.5)
    np.testing.assert_allclose(after[0].landmarks_px, person(1, *moved).landmarks(), atol=1.5)
    assert ids(before) == ids(after) == ["f1"]


@pytest.mark.parametrize(("sureness", "kept"), [(0.45, False), (0.6, True)])
def test_in_doubt_the_detector_decides_whether_a_face_is_still_there(
    make: Any, person: Any, paint: Any, engine: Any, sureness: float, kept: bool
) -> None:
    """The network goes on seeing a face in the background; unless it is sure, the detector is asked."""
    tracker = make(min_confidence=0.3, trusted_confidence=0.5, detection_interval_s=0.5)
    play(tracker, lambda n: paint([person(1, 100, 100)]), 5)
    engine.sticky, engine.sureness = True, sureness
    still_there = play(tracker, lambda n: paint([person(1, 100, 100)]), 75, start=5)
    assert all(ids(faces) == ["f1"] for faces in still_there)
    gone = play(tracker, lambda n: paint([]), 60, start=80)
    assert [ids(faces) == ["f1"] for faces in gone[30:]] == [kept] * 30


def test_the_largest_faces_take_the_places(make: Any, person: Any, paint: Any) -> None:
    crowd = [person(1, 40, 60, 40), person(2, 120, 60, 80), person(3, 250, 60, 60), person(4, 100, 180, 50)]
    shown = play(make(max_faces=2), lambda n: paint(crowd), 10)
    assert sorted(round(face.box.center[0]) for face in shown[-1]) == [120, 250]


def test_lowering_the_number_of_faces_drops_the_newest_in_the_next_frame(make: Any, person: Any, paint: Any) -> None:
    crowd = [person(1, 40, 60, 60), person(2, 140, 60, 60), person(3, 250, 60, 60)]
    tracker = make(max_faces=3, search_interval_s=0.0, detection_interval_s=0.0)
    for count in (1, 2):
        play(tracker, lambda n, count=count: paint(crowd[:count]), 5, start=5 * count)
    (before,) = play(tracker, lambda n: paint(crowd), 5, start=15)[-1:]
    tracker.settings = replace(tracker.settings, max_faces=2)
    shown = play(tracker, lambda n: paint(crowd), 5, start=20)
    assert [ids(faces) for faces in (before, *shown)] == [["f1", "f2", "f3"], *[["f1", "f2"]] * 5]
    assert [round(face.box.center[0]) for face in shown[-1]] == [40, 140]


def test_small_faces_are_left_alone(make: Any, person: Any, paint: Any) -> None:
    tracker = make(min_face_px=40.0)
    shown = play(tracker, lambda n: paint([person(1, 60, 100, 34), person(2, 200, 100, 60)]), 10)
    assert [round(face.box.center[0]) for face in shown[-1]] == [200]


def test_all_faces_of_all_cameras_go_in_one_batch(make: Any, person: Any, paint: Any, engine: Any) -> None:
    tracker = make()
    front = paint([person(1, 80, 100), person(2, 200, 100)])
    rear = paint([person(3, 100, 100)], width=200)
    for number in range(6):
        shown = tracker.update_many({"front": (front, number * STEP_S), "rear": (rear, 7.0 + number * STEP_S)})
    assert engine.batches[-3:] == [3, 3, 3]
    assert {name: len(faces) for name, faces in shown.items()} == {"front": 2, "rear": 1}
    assert len({face.id for faces in shown.values() for face in faces}) == 3
    rear_only = tracker.update_many({"rear": (rear, 7.0 + 6 * STEP_S)})
    assert list(rear_only) == ["rear"]
    assert engine.batches[-1] == 1
    again = tracker.update_many({"front": (front, 6 * STEP_S)})["front"]
    assert ids(again) == ids(shown["front"])


def test_state_and_previous_landmarks_follow_their_face(make: Any, person: Any, paint: Any, engine: Any) -> None:
    tracker = make()
    play(tracker, lambda n: paint([person(2, 80, 100), person(5, 220, 100)]), 4)
    # The first face leaves; the state of the other moves up a row in the batch.
    play(tracker, lambda n: paint([person(5, 220, 100)]), 20, start=4)
    camera = tracker._cameras[""]
    (track,) = camera.tracks
    assert track.state is not None
    looks = float(track.state.parts["hidden"][0, 0])
    assert looks == 24  # one a frame; the mirrored one at birth leaves no state
    assert float(track.state.parts["cell"][0, 0]) == 5 * looks
    assert np.isnan(engine.previous[0]).all()
    assert np.isfinite(engine.previous[-1]).all()
    # Given in pixels of the crop, whose middle is the face's.
    np.testing.assert_allclose(engine.previous[-1][0].mean(axis=0), (31.5, 33), atol=4)


def test_a_face_that_is_lost_is_not_made_up_and_comes_back_as_itself(make: Any, person: Any, paint: Any) -> None:
    def scene(number: int) -> ImageArray:
        hidden = 10 <= number < 18
        return paint([] if hidden else [person(1, 100, 100)])

    shown = play(make(grace_s=0.5), scene, 30)
    assert [len(faces) for faces in shown[10:18]] == [0] * 8
    assert [ids(faces) for faces in shown[18:]] == [["f1"]] * 12


def test_a_lost_face_found_elsewhere_by_the_detector_is_brought_back(make: Any, person: Any, paint: Any) -> None:
    """It moved too far for its own crop while unseen, but still overlaps its last place."""

    def scene(number: int) -> ImageArray:
        if number < 10:
            return paint([person(1, 100, 100)])
        return paint([] if number < 14 else [person(1, 124, 112)])

    shown = play(make(grace_s=1.0), scene, 25)
    assert ids(shown[-1]) == ["f1"]


def test_a_face_that_leaves_and_returns_late_gets_a_new_id(make: Any, person: Any, paint: Any) -> None:
    def scene(number: int) -> ImageArray:
        return paint([] if 10 <= number < 50 else [person(1, 100, 100)])

    shown = play(make(grace_s=0.5), scene, 60)
    assert {face.id for faces in shown[:10] for face in faces} == {"f1"}
    assert all(not faces for faces in shown[10:50])
    assert {face.id for faces in shown[50:] for face in faces} == {"f2"}


def test_a_face_that_walks_out_of_the_image_ends_and_half_of_it_is_enough(make: Any, person: Any, paint: Any) -> None:
    shown = play(make(), lambda n: paint([person(1, 60 - 2 * n, 100)]), 60)
    for number in range(3, 31):  # up to half outside
        np.testing.assert_allclose(shown[number][0].landmarks_px, person(1, 60 - 2 * number, 100).landmarks(), atol=1.5)
    assert all(not faces for faces in shown[45:])


def test_a_face_half_outside_from_the_start_is_found(make: Any, person: Any, paint: Any) -> None:
    shown = play(make(), lambda n: paint([person(1, 0, 100)]), 6)
    np.testing.assert_allclose(shown[-1][0].landmarks_px, person(1, 0, 100).landmarks(), atol=1.5)


@pytest.mark.parametrize("front", ["f1", "f2"])
@pytest.mark.parametrize("offset", [0, 20])
def test_faces_that_cross_keep_their_ids(make: Any, person: Any, paint: Any, offset: int, front: str) -> None:
    """One passes in front of the other; no id ever lies on the wrong person, and the one in front is never lost."""

    def people(number: int) -> dict[str, Any]:
        return {"f1": person(1, 40 + 4 * number, 100), "f2": person(2, 280 - 4 * number, 100 + offset)}

    def scene(number: int) -> ImageArray:
        return paint(sorted(people(number).values(), key=lambda one: f"f{one.number}" == front))

    shown = play(make(grace_s=0.6), scene, 60)
    assert ids(shown[10]) == ["f1", "f2"]
    assert all(front in ids(faces) for faces in shown[10:])
    for number, faces in enumerate(shown):
        owners = people(number)
        behind = owners["f2" if front == "f1" else "f1"]
        for face in faces:
            # An id other than the first two is that of the hidden face, found again.
            assert abs(face.box.center[0] - owners.get(face.id, behind).x) < 15
    assert len(shown[-1]) == 2


def test_two_tracks_never_stay_on_one_face(make: Any, person: Any, paint: Any, engine: Any, detector: Any) -> None:
    """Two neighbours, one leaves behind the other."""

    def scene(number: int) -> ImageArray:
        return paint([person(2, max(100, 180 - 4 * number), 100), person(1, 100, 100)])

    shown = play(make(), scene, 60)
    assert len(shown[8]) == 2
    assert all(len(faces) == 1 for faces in shown[-10:])
    assert engine.batches[-1] == 1


def test_a_short_pause_of_the_stream_keeps_the_face(make: Any, person: Any, paint: Any) -> None:
    tracker = make(max_gap_s=2.0)
    image = paint([person(1, 100, 100)])
    for number in range(5):
        tracker.update(image, number * STEP_S)
    assert ids(tracker.update(image, 1.5)) == ["f1"]


@pytest.mark.parametrize("jump_s", [5.0, -100.0])
def test_after_a_long_pause_or_jump_of_the_stamps_faces_are_new(
    make: Any, person: Any, paint: Any, jump_s: float
) -> None:
    tracker = make(max_gap_s=2.0)
    image = paint([person(1, 100, 100)])
    for number in range(5):
        tracker.update(image, 200 + number * STEP_S)
    resumed = [tracker.update(image, 200 + jump_s + number * STEP_S) for number in range(5)]
    assert [ids(faces) for faces in resumed] == [["f2"]] * 5


@pytest.mark.parametrize("stamps", [[0.0] * 90, [n * STEP_S - (n % 7 == 3) * 0.1 for n in range(90)]])
def test_equal_and_late_stamps_cost_nothing(make: Any, person: Any, paint: Any, stamps: list[float]) -> None:
    """A driver that stamps nothing, or frames out of order: one face, one id, and new faces are still found."""
    tracker = make()
    for number, stamp_s in enumerate(stamps):
        people = [person(1, 100, 100)] + ([person(2, 240, 100)] if number > 30 else [])
        shown = tracker.update(paint(people), stamp_s)
    assert ids(shown) == ["f1", "f2"]


def test_another_image_size_begins_anew(make: Any, person: Any, paint: Any) -> None:
    tracker = make()
    play(tracker, lambda n: paint([person(1, 100, 100)]), 5)
    shown = play(tracker, lambda n: paint([person(1, 150, 150, 90)], width=480, height=360), 5, start=5)
    assert [ids(faces) for faces in shown] == [["f2"]] * 5
    np.testing.assert_allclose(shown[-1][0].landmarks_px, person(1, 150, 150, 90).landmarks(), atol=1.5)


def test_reset_forgets_the_faces_but_not_the_ids(make: Any, person: Any, paint: Any) -> None:
    tracker = make()
    play(tracker, lambda n: paint([person(1, 100, 100)]), 5)
    tracker.reset()
    shown = play(tracker, lambda n: paint([person(1, 100, 100)]), 5, start=5)
    assert [ids(faces) for faces in shown] == [["f2"]] * 5


def test_settings_may_change_between_frames(make: Any, person: Any, paint: Any) -> None:
    tracker = make(max_faces=1)
    scene = paint([person(1, 80, 100), person(2, 220, 100)])
    assert len(play(tracker, lambda n: scene, 40)[-1]) == 1
    tracker.settings = TrackerSettings(max_faces=2)
    assert len(play(tracker, lambda n: scene, 40, start=40)[-1]) == 2


@pytest.mark.parametrize(
    ("image", "stamp_s", "message"),
    [
        (np.zeros((0, 10, 3), np.uint8), 0.0, "empty"),
        (np.zeros((10, 10), np.uint8), 0.0, "H x W x 3 uint8 BGR"),
        (np.zeros((10, 10, 3), np.float32), 0.0, "float32"),
        (np.zeros((10, 10, 4), np.uint8), 0.0, "H x W x 3"),
        ("image.png", 0.0, "not str"),
        (np.zeros((10, 10, 3), np.uint8), float("nan"), "finite"),
    ],
)
def test_what_is_no_image_is_refused_and_does_no_harm(
    make: Any, person: Any, paint: Any, image: Any, stamp_s: float, message: str
) -> None:
    tracker = make()
    play(tracker, lambda n: paint([person(1, 100, 100)]), 5)
    with pytest.raises(InputError, match=message):
        tracker.update(image, stamp_s)
    assert ids(tracker.update(paint([person(1, 100, 100)]), 5 * STEP_S)) == ["f1"]


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (500, 2)])
def test_odd_image_sizes_are_just_empty(make: Any, paint: Any, size: tuple[int, int]) -> None:
    assert make().update(np.zeros((*size, 3), np.uint8), 0.0) == []


def test_head_poses_take_an_assumed_field_of_view_or_the_calibration(make: Any, person: Any, paint: Any) -> None:
    """Twice the focal length: twice as far away."""
    scene = paint([person(1, 160, 100)])
    tracker = make(assumed_fov_deg=53.13)
    (face,) = play(tracker, lambda n: scene, 5)[-1]
    assert face.head_pose is not None
    assumed_m = face.head_pose.translation_m[2]
    assert 0.4 < assumed_m < 0.8  # 320 px of focal length, and some 11 cm of face on 60 px
    tracker.calibrate(CameraModel(640, 480, (1280.0, 1280.0), (319.5, 239.5)))  # of images twice as large
    (face,) = play(tracker, lambda n: scene, 1, start=5)[-1]
    assert face.head_pose is not None
    assert face.head_pose.translation_m[2] == pytest.approx(2 * assumed_m, rel=0.02)
    tracker.calibrate(None)
    tracker.settings = TrackerSettings(detect_in_background=False, assumed_fov_deg=0.0)
    (face,) = play(tracker, lambda n: scene, 1, start=6)[-1]
    assert face.head_pose is None


class TestBackground:
    """The detector in its own thread."""

    def test_faces_are_found_and_new_ones_join(self, make: Any, person: Any, paint: Any) -> None:
        tracker = make(detect_in_background=True, detection_interval_s=0.1)
        seen = set()
        for number in range(120):
            people = [person(1, 60 + number / 2, 100)] + ([person(2, 260, 100)] if number > 60 else [])
            seen |= set(ids(tracker.update(paint(people), number * STEP_S)))
            time.sleep(0.005)
        assert seen == {"f1", "f2"}

    def test_a_slow_detector_stalls_no_frame_and_its_late_answer_still_counts(
        self, make: Any, person: Any, paint: Any, detector: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gate = threading.Event()
        found: Callable[[ImageArray], list[Detection]] = detector.detect

        def slow(image: ImageArray) -> list[Detection]:
            gate.wait(10)
            return found(image)

        monkeypatch.setattr(detector, "detect", slow)
        tracker = make(detect_in_background=True)
        started_s = time.monotonic()
        shown = play(tracker, lambda n: paint([person(1, 100 + n / 3, 100)]), 20)
        assert time.monotonic() - started_s < 5
        assert not any(shown)
        gate.set()
        deadline_s = time.monotonic() + 10
        number = 20
        while not shown[-1] and time.monotonic() < deadline_s:
            shown.append(tracker.update(paint([person(1, 100 + number / 3, 100)]), number * STEP_S))
            number += 1
            time.sleep(0.005)
        (face,) = shown[-1]
        # Searched in the first frame, found in the present one.
        np.testing.assert_allclose(face.landmarks_px, person(1, 100 + (number - 1) / 3, 100).landmarks(), atol=1.5)

    def test_answers_from_before_a_change_of_size_are_void(
        self, make: Any, person: Any, paint: Any, detector: Any, engine: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Not even looked at."""
        gate, searched = threading.Event(), threading.Event()
        found: Callable[[ImageArray], list[Detection]] = detector.detect

        def slow(image: ImageArray) -> list[Detection]:
            gate.wait(10)
            searched.set()
            return found(image)

        monkeypatch.setattr(detector, "detect", slow)
        tracker = make(detect_in_background=True)
        tracker.update(paint([person(1, 100, 100)]), 0.0)
        tracker.update(paint([], width=640, height=480), STEP_S)
        gate.set()
        assert searched.wait(10)
        for number in range(2, 12):
            assert tracker.update(paint([], width=640, height=480), number * STEP_S) == []
            time.sleep(0.01)
        assert engine.batches == []

    def test_a_failing_detector_leaves_the_tracked_faces_alone(
        self, make: Any, person: Any, paint: Any, detector: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tracker = make(detect_in_background=True, detection_interval_s=0.05)
        number = 0
        while not (shown := tracker.update(paint([person(1, 100, 100)]), number * STEP_S)):
            number += 1
            assert number < 1000
            time.sleep(0.005)

        def broken(image: ImageArray) -> list[Detection]:
            raise RuntimeError("no memory")

        monkeypatch.setattr(detector, "detect", broken)
        for _ in range(30):
            number += 1
            assert ids(tracker.update(paint([person(1, 100, 100)]), number * STEP_S)) == ids(shown)
            time.sleep(0.003)
