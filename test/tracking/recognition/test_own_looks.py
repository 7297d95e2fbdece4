"""Recognisers that look for themselves, and enrolled people, in the painted world."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.tracking import FaceTracker, TrackerSettings
from rednet_ros.tracking.recognition.people import People, write_people
from rednet_ros.tracking.recognition.portrait import KNOWN_LOOKS
from rednet_ros.tracking.recognition.recognition import LOOK_INTERVAL_S
from rednet_ros.tracking.types import Face, FaceStatus, FloatArray, ImageArray

CENTRE, LEFT, RIGHT = (160, 100), (80, 100), (240, 100)
STEP_S = 1 / 30


class BlueEyes:
    """Knows painted people by their blue. `looks_at`: whom it was shown, and in which frame."""

    name, license, threshold, looks, problem = "blue eyes", "CC0-1.0", 0.5, True, ""

    def __init__(self) -> None:
        self.frame = 0
        self.looks_at: list[tuple[int, int]] = []
        self.fails = False

    def vector(self, image_bgr: ImageArray, landmarks_px: FloatArray) -> FloatArray | None:
        if self.fails:
            raise RuntimeError("blind")
        x, y = landmarks_px.mean(axis=0).round().astype(int)
        number = round(int(image_bgr[y, x, 0]) / 20)
        self.looks_at.append((number, self.frame))
        return np.eye(1, 16, number, dtype=np.float32)[0]


class Scene:
    def __init__(self, tracker: FaceTracker, eyes: BlueEyes, person: Any, paint: Any) -> None:
        self.tracker, self.eyes, self._person, self._paint = tracker, eyes, person, paint

    def play(self, places: dict[int, tuple[float, float]], frames: int = 12) -> list[list[Face]]:
        image = self._paint([self._person(number, *place) for number, place in places.items()])
        shown = []
        for _ in range(frames):
            self.eyes.frame += 1
            shown.append(self.tracker.update(image, self.eyes.frame * STEP_S))
        return shown


@pytest.fixture
def scene(engine: Any, detector: Any, person: Any, paint: Any) -> Iterator[Callable[..., Scene]]:
    made: list[FaceTracker] = []

    def build(**settings: Any) -> Scene:
        eyes = BlueEyes()
        chosen = TrackerSettings(**{"detect_in_background": False, **settings})
        made.append(FaceTracker(engine=engine, detector=detector, settings=chosen, recognizer=eyes))
        return Scene(made[-1], eyes, person, paint)

    yield build
    for tracker in made:
        tracker.close()


def last_ids(shown: list[list[Face]]) -> list[str]:
    return [face.id for face in sorted(shown[-1], key=lambda face: face.box.x)]


def test_who_returns_gets_the_old_id_though_the_weights_know_nobody(scene: Any) -> None:
    stage = scene()
    assert last_ids(stage.play({1: LEFT, 2: RIGHT}, 20)) == ["f1", "f2"]
    stage.play({}, 30)
    shown = stage.play({2: LEFT, 1: RIGHT}, 30)
    assert last_ids(shown) == ["f2", "f1"]
    assert {face.id for faces in shown for face in faces} == {"f1", "f2"}
    assert shown[-1][0].status is FaceStatus.RECOVERED
    assert shown[-1][0].identity_similarity == pytest.approx(1.0)
    assert stage.tracker.figures()["recognizer"] == "blue eyes (CC0-1.0)"


def test_it_looks_at_one_face_a_frame_and_rests_when_all_are_known(scene: Any) -> None:
    stage = scene()
    stage.play({1: LEFT, 2: CENTRE, 3: RIGHT}, 30)
    frames = [frame for _, frame in stage.eyes.looks_at]
    assert len(set(frames)) == len(frames)
    counts = [sum(number == who for number, _ in stage.eyes.looks_at) for who in (1, 2, 3)]
    assert counts == [KNOWN_LOOKS] * 3
    stage.play({1: LEFT, 2: CENTRE, 3: RIGHT}, round(LOOK_INTERVAL_S / STEP_S))
    assert len(stage.eyes.looks_at) == 3 * KNOWN_LOOKS + 3  # one more of each


def test_new_faces_wait_for_their_turn(scene: Any) -> None:
    """Four return at once: the last one's looks come later than a face that cannot be judged would be published."""
    stage = scene()
    places = [(50, 60), (250, 60), (50, 180), (250, 180)]
    before = {face.id for face in stage.play(dict(enumerate(places, 1)), 40)[-1]}
    stage.play({}, 30)
    shown = stage.play(dict(enumerate(places[::-1], 1)), 50)
    assert {face.id for faces in shown for face in faces} == before


def test_a_recogniser_that_fails_is_done_without_and_said(scene: Any) -> None:
    stage = scene()
    stage.eyes.fails = True
    assert last_ids(stage.play({1: CENTRE}, 30)) == ["f1"]
    assert any("blue eyes failed: RuntimeError: blind" in notice for notice in stage.tracker.notices)
    assert stage.tracker.figures()["recognizer"] == "none"


def test_one_that_cannot_be_loaded_is_done_without_and_said(engine: Any, detector: Any) -> None:
    settings = TrackerSettings(detect_in_background=False, recognizer="no/such.onnx")
    with FaceTracker(engine=engine, detector=detector, settings=settings) as tracker:
        assert tracker.update(np.zeros((100, 100, 3), np.uint8), 0.0) == []
        assert "no/such.onnx does not exist" in tracker.recognition_problem
        assert tracker.recognition_problem in tracker.notices


def test_in_the_background_the_same_people_are_known(scene: Any) -> None:
    stage = scene(detect_in_background=True)

    def play_until(places: dict[int, tuple[float, float]], ids: list[str]) -> None:
        for _ in range(300):
            if last_ids(stage.play(places, 1)) == ids:
                return
        raise AssertionError(f"no {ids}")

    play_until({1: CENTRE}, ["f1"])
    for _ in range(300):
        stage.play({1: CENTRE}, 1)
        if len(stage.eyes.looks_at) >= KNOWN_LOOKS:
            break
    stage.play({1: CENTRE}, 5)
    stage.play({}, 40)
    play_until({1: LEFT}, ["f1"])


@pytest.fixture
def people_file(tmp_path: Path) -> Path:
    path = tmp_path / "people.json"
    write_people(path, People("blue eyes", {"ann": [np.eye(1, 16, 1, dtype=np.float32)[0]]}))
    return path


def test_an_enrolled_person_is_known_from_the_start_and_after_a_reset(scene: Any, people_file: Path) -> None:
    stage = scene(people_file=str(people_file))
    shown = stage.play({1: LEFT, 2: RIGHT}, 30)
    assert last_ids(shown) == ["ann", "f2"]
    assert "f1" not in {face.id for faces in shown for face in faces}
    stage.tracker.reset()
    assert last_ids(stage.play({1: CENTRE}, 30)) == ["ann"]
    stage.play({}, round(70 / STEP_S / 10))
    assert last_ids(stage.play({1: CENTRE}, 30)) == ["ann"]


def test_nobody_else_is_given_an_enrolled_id_while_it_is_shown(scene: Any, people_file: Path) -> None:
    stage = scene(people_file=str(people_file))
    stage.play({1: LEFT}, 30)
    stage.eyes.vector = lambda image, landmarks: np.eye(1, 16, 1, dtype=np.float32)[0]
    ids = last_ids(stage.play({1: LEFT, 2: RIGHT}, 60))
    assert ids[0] == "ann"
    assert len(set(ids)) == 2


def test_people_of_another_recogniser_are_said_to_be(scene: Any, tmp_path: Path) -> None:
    write_people(tmp_path / "people.json", People("dlib", {"ann": [np.ones(4, np.float32) / 2]}))
    stage = scene(people_file=str(tmp_path / "people.json"))
    assert "enrolled with the recognizer dlib, not blue eyes" in stage.tracker.recognition_problem


def test_somebody_in_view_is_enrolled_and_known_after_a_restart(scene: Any, tmp_path: Path) -> None:
    path = tmp_path / "people.json"
    stage = scene(people_file=str(path))
    assert last_ids(stage.play({1: LEFT, 2: RIGHT}, 30)) == ["f1", "f2"]
    assert not path.exists()
    with pytest.raises(InputError, match="give the id of one face: there are f1, f2"):
        stage.tracker.enroll("ann")
    with pytest.raises(InputError, match="a face 'f7' is not in view"):
        stage.tracker.enroll("ann", "f7")
    with pytest.raises(InputError, match="cannot be called 'f1'"):
        stage.tracker.enroll("f1", "f2")
    assert "ann is enrolled" in stage.tracker.enroll("ann", "f2")
    stage.tracker.enroll("bob", "f1")
    assert last_ids(stage.play({1: LEFT, 2: RIGHT}, 5)) == ["f1", "f2"]  # no id changes while it is shown
    restarted = scene(people_file=str(path))
    assert last_ids(restarted.play({2: LEFT, 1: RIGHT}, 30)) == ["ann", "bob"]


def test_nobody_is_enrolled_before_they_are_known(scene: Any, tmp_path: Path) -> None:
    stage = scene(people_file=str(tmp_path / "people.json"), include_tentative=True)
    stage.play({1: CENTRE}, 1)
    with pytest.raises(InputError, match="was not seen well enough yet"):
        stage.tracker.enroll("ann")
    assert not list(tmp_path.iterdir())


def test_without_a_people_file_nobody_is_enrolled(scene: Any) -> None:
    stage = scene()
    stage.play({1: CENTRE}, 30)
    with pytest.raises(InputError, match="people_file is not set"):
        stage.tracker.enroll("ann")


def test_a_people_file_that_cannot_be_written_is_named(scene: Any, tmp_path: Path) -> None:
    stage = scene(people_file=str(tmp_path / "no" / "people.json"))
    stage.play({1: CENTRE}, 30)
    with pytest.raises(InputError, match=r"no/people\.json cannot be written: No such file"):
        stage.tracker.enroll("ann")
