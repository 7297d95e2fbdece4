"""Faces that leave and return, told apart by identity vectors that the tests choose."""

import logging
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rednet_ros.tracking import FaceTracker, TrackerSettings
from rednet_ros.tracking.recognition.recognition import MAX_WAIT_FRAMES
from rednet_ros.tracking.types import Face, FaceStatus, FloatArray, ImageArray

STEP_S = 1 / 30
THRESHOLD = 0.5
AWAY_FRAMES = 30
"""Longer than the grace."""

CENTRE, LEFT, RIGHT = (160, 100), (80, 100), (240, 100)


def axis(number: int) -> FloatArray:
    """The identity vector of a person who is like nobody else."""
    vector = np.zeros(256, np.float32)
    vector[number] = 1.0
    return vector


def like(first: FloatArray, cosine: float, number: int) -> FloatArray:
    """A vector of unit length at this cosine to `first`, and to no axis but `number`."""
    vector: FloatArray = cosine * first + np.sqrt(1 - cosine**2) * axis(number)
    return vector.astype(np.float32)


class Stage:
    """Plays people in front of a tracker, at 30 frames a second."""

    def __init__(self, tracker: FaceTracker, person: Any, paint: Callable[..., ImageArray]) -> None:
        self.tracker = tracker
        self.stamp_s = 0.0
        self._person, self._paint = person, paint

    def image(self, places: dict[int, tuple[float, float]]) -> ImageArray:
        return self._paint([self._person(number, *place) for number, place in places.items()])

    def play(self, places: dict[int, tuple[float, float]], frames: int = 10) -> list[list[Face]]:
        shown = []
        for _ in range(frames):
            self.stamp_s += STEP_S
            shown.append(self.tracker.update(self.image(places), self.stamp_s))
        return shown

    def leave(self, frames: int = AWAY_FRAMES) -> None:
        assert self.play({}, frames)[-1] == []


@pytest.fixture
def stage(engine: Any, detector: Any, person: Any, paint: Any) -> Iterator[Callable[..., Stage]]:
    engine.vectors = {number: axis(number) for number in range(1, 13)}
    made: list[FaceTracker] = []

    def build(**settings: Any) -> Stage:
        chosen = {"detect_in_background": False, "recognition_threshold": THRESHOLD, **settings}
        made.append(FaceTracker(engine=engine, detector=detector, settings=TrackerSettings(**chosen)))
        return Stage(made[-1], person, paint)

    yield build
    for tracker in made:
        tracker.close()


def ids(frames: Sequence[Sequence[Face]]) -> list[str]:
    """All ids, in the order in which they appear."""
    return list(dict.fromkeys(face.id for faces in frames for face in faces))


def by_place(faces: Sequence[Face]) -> list[str]:
    """Ids from left to right."""
    return [face.id for face in sorted(faces, key=lambda face: face.box.x)]


def test_who_returns_gets_the_old_id_and_no_other_before(stage: Any) -> None:
    scene = stage()
    assert ids(scene.play({1: LEFT})) == ["f1"]
    scene.leave()
    assert ids(scene.play({1: RIGHT}, 40)) == ["f1"]


def test_somebody_else_gets_a_new_id(stage: Any) -> None:
    scene = stage()
    scene.play({1: CENTRE})
    scene.leave()
    assert ids(scene.play({2: CENTRE})) == ["f2"]
    scene.leave()
    assert ids(scene.play({1: LEFT, 2: RIGHT})) == ["f1", "f2"]


def test_a_recognised_face_is_marked_for_a_second(stage: Any) -> None:
    scene = stage()
    scene.play({1: CENTRE})
    scene.leave()
    shown = [faces[0] for faces in scene.play({1: CENTRE}, 60) if faces]
    seconds = sum(face.status is FaceStatus.RECOVERED for face in shown) * STEP_S
    assert shown[0].status is FaceStatus.RECOVERED
    assert shown[-1].status is FaceStatus.TRACKED
    assert seconds == pytest.approx(1.0, abs=2 * STEP_S)


def test_similarity_is_told_once_the_face_is_known(stage: Any, engine: Any) -> None:
    scene = stage()
    shown = [faces[0] for faces in scene.play({1: CENTRE}, 12) if faces]
    assert np.isnan(shown[0].identity_similarity)
    assert shown[-1].identity_similarity == pytest.approx(1.0)
    engine.vectors[1] = like(axis(1), 0.8, 50)
    assert scene.play({1: CENTRE}, 1)[0][0].identity_similarity == pytest.approx(0.8, abs=1e-5)
    scene.leave()
    (returned,) = next(faces for faces in scene.play({1: CENTRE}) if faces)
    assert returned.id == "f1"
    assert 0.8 <= returned.identity_similarity < 0.9  # to what was kept, not to itself


def test_a_new_face_waits_only_where_there_is_somebody_to_recognise(stage: Any) -> None:
    def delay(shown: list[list[Face]]) -> int:
        return next(number for number, faces in enumerate(shown) if faces)

    scene = stage(confirm_frames=3, search_interval_s=0.0)
    scene.play({}, 1)
    assert delay(scene.play({1: CENTRE})) == 2
    scene.leave()
    assert 2 < delay(scene.play({2: CENTRE}, 20)) < MAX_WAIT_FRAMES


def test_a_face_that_cannot_be_judged_is_published_in_time_and_keeps_its_new_id(stage: Any, engine: Any) -> None:
    """Too unsure for its identity to count: the wait is bounded. When it is clear who it is, the id stays."""
    scene = stage(trusted_confidence=0.8, include_tentative=True)
    scene.play({1: CENTRE})
    scene.leave()
    engine.sureness = 0.7
    shown = scene.play({1: CENTRE}, 25)
    assert sum(faces[0].status is FaceStatus.TENTATIVE for faces in shown if faces) == MAX_WAIT_FRAMES - 1
    engine.sureness = 0.9
    shown += scene.play({1: CENTRE}, 30)
    assert ids(shown) == ["f2"]
    # It is remembered under both ids, which is no reason not to recognise it: it gets the later one.
    scene.leave()
    assert ids(scene.play({1: CENTRE}, 20)[-1:]) == ["f2"]


def test_an_unconfirmed_face_shows_an_id_of_its_own(stage: Any) -> None:
    scene = stage(include_tentative=True)
    scene.play({1: CENTRE})
    scene.leave()
    shown = [faces[0] for faces in scene.play({1: CENTRE}, 20) if faces]
    tentative = {face.id for face in shown if face.status is FaceStatus.TENTATIVE}
    assert tentative == {"f2"}
    assert {face.id for face in shown if face.status is not FaceStatus.TENTATIVE} == {"f1"}
    scene.leave()
    assert ids(scene.play({3: CENTRE})) == ["f3"]  # the provisional one is not used again


def test_two_people_return_to_each_others_place(stage: Any) -> None:
    scene = stage()
    before = scene.play({1: LEFT, 2: RIGHT})[-1]
    scene.leave()
    after = scene.play({2: LEFT, 1: RIGHT}, 20)
    assert by_place(after[-1]) == by_place(before)[::-1]
    assert set(ids(after)) == {"f1", "f2"}


def test_one_departed_face_is_given_to_one_only(stage: Any, engine: Any) -> None:
    """Both look like it; the one that is more similar is the one, and an id is never shown twice."""
    engine.vectors[2] = like(axis(1), 0.7, 50)
    engine.vectors[3] = like(axis(1), 0.9, 51)
    scene = stage()
    scene.play({1: CENTRE})
    scene.leave()
    shown = scene.play({2: LEFT, 3: RIGHT}, 30)
    assert all(len({face.id for face in faces}) == len(faces) for faces in shown)
    assert by_place(shown[-1])[1] == "f1"
    assert len(shown[-1]) == 2


def test_twins_are_not_guessed(stage: Any, engine: Any) -> None:
    """Who is as like the one as the other gets a new id."""
    engine.vectors[1] = like(axis(20), 0.95, 21)
    engine.vectors[2] = like(axis(20), 0.95, 22)
    scene = stage()
    assert len(ids(scene.play({1: LEFT, 2: RIGHT}))) == 2
    scene.leave()
    engine.vectors[1] = axis(20)
    assert ids(scene.play({1: CENTRE}, 20)) == ["f3"]


def test_a_clearly_better_match_is_taken_though_another_is_similar(stage: Any, engine: Any) -> None:
    engine.vectors[2] = like(axis(1), 0.8, 50)
    scene = stage()
    before = by_place(scene.play({1: LEFT, 2: RIGHT})[-1])
    scene.leave()
    assert ids(scene.play({2: CENTRE}, 20)) == [before[1]]


@pytest.mark.parametrize(("cosine", "expected"), [(0.55, "f1"), (0.45, "f2")])
def test_the_threshold_decides(stage: Any, engine: Any, cosine: float, expected: str) -> None:
    scene = stage()
    scene.play({1: CENTRE})
    scene.leave()
    engine.vectors[1] = like(axis(1), cosine, 50)
    assert ids(scene.play({1: CENTRE}, 20)) == [expected]


@pytest.mark.parametrize(("own", "expected"), [(0.0, "f2"), (0.5, "f1")])
def test_the_weights_threshold_counts_unless_there_is_one_of_the_users_own(
    stage: Any, engine: Any, own: float, expected: str
) -> None:
    engine.identity_threshold = 0.9
    scene = stage(recognition_threshold=own)
    scene.play({1: CENTRE})
    scene.leave()
    engine.vectors[1] = like(axis(1), 0.7, 50)
    assert ids(scene.play({1: CENTRE}, 20)) == [expected]


@pytest.mark.parametrize(("away_s", "expected"), [(4.0, "f1"), (6.0, "f2")])
def test_memory_expires(stage: Any, away_s: float, expected: str) -> None:
    scene = stage(recognition_memory_s=5.0)
    scene.play({1: CENTRE})
    scene.leave(round(away_s / STEP_S))
    assert ids(scene.play({1: CENTRE}, 20)) == [expected]


@pytest.mark.parametrize(("jump_s", "expected"), [(4.0, "f1"), (60.0, "f2"), (-1000.0, "f1")])
def test_pauses_and_jumps_of_the_stamps(stage: Any, jump_s: float, expected: str) -> None:
    """A pause counts as time away. Stamps that went back tell nothing; the face is as good as just seen."""
    scene = stage(recognition_memory_s=5.0)
    scene.play({1: CENTRE})
    scene.stamp_s += jump_s
    assert ids(scene.play({1: CENTRE}, 20)) == [expected]


def test_time_goes_on_after_a_jump_back(stage: Any) -> None:
    scene = stage(recognition_memory_s=5.0)
    scene.play({1: CENTRE})
    scene.stamp_s -= 1000.0
    scene.leave(round(6.0 / STEP_S))
    assert ids(scene.play({1: CENTRE}, 20)) == ["f2"]


def test_a_driver_without_stamps_does_not_make_memory_last_for_ever(stage: Any) -> None:
    scene = stage(recognition_memory_s=1.0)

    def still(people: dict[int, tuple[float, float]], frames: int) -> list[list[Face]]:
        return [scene.tracker.update(scene.image(people), 0.0) for _ in range(frames)]

    still({1: CENTRE}, 10)
    still({}, 20)
    assert ids(still({1: CENTRE}, 20)) == ["f1"]
    still({}, 40)
    assert ids(still({1: CENTRE}, 20)) == ["f3"]  # f2 was its provisional id the second time


def test_reset_forgets_who_left_and_who_is_there(stage: Any) -> None:
    scene = stage()
    scene.play({1: CENTRE})
    scene.leave()
    scene.tracker.reset()
    shown = scene.play({1: CENTRE})
    assert "f1" not in ids(shown)
    scene.tracker.reset()
    assert not set(ids(scene.play({1: CENTRE}, 20))) & {"f1", *ids(shown)}


def test_nothing_is_left_after_closing(stage: Any) -> None:
    scene = stage()
    scene.play({1: LEFT, 2: RIGHT})
    scene.play({2: RIGHT}, AWAY_FRAMES)
    scene.tracker.close()
    assert len(scene.tracker._recognition._gallery) == 0
    assert [camera.tracks for camera in scene.tracker._cameras.values()] == [[]]


def test_switched_off_nobody_is_recognised_or_known(stage: Any, engine: Any) -> None:
    scene = stage(recognition=False)
    shown = scene.play({1: CENTRE}, 20)
    scene.leave()
    shown += scene.play({1: CENTRE}, 20)
    assert ids(shown) == ["f1", "f2"]
    assert all(np.isnan(face.identity_similarity) for faces in shown for face in faces)
    assert {face.status for faces in shown for face in faces} == {FaceStatus.TRACKED}


def test_switching_off_forgets_at_once_and_on_begins_anew(stage: Any) -> None:
    scene = stage()
    on = scene.tracker.settings
    scene.play({1: LEFT, 2: RIGHT})
    scene.play({2: RIGHT}, AWAY_FRAMES)
    scene.tracker.settings = replace(on, recognition=False)
    (still_there,) = scene.play({2: RIGHT}, 1)[0]
    assert (still_there.id, np.isnan(still_there.identity_similarity)) == ("f2", True)
    scene.tracker.settings = on
    assert by_place(scene.play({1: LEFT, 2: RIGHT}, 40)[-1])[1:] == ["f2"]
    assert "f1" not in ids(scene.play({1: LEFT, 2: RIGHT}, 1))
    scene.leave()
    assert "f2" in ids(scene.play({2: CENTRE}, 20))


def test_a_recognised_face_stays_one_after_switching_off(stage: Any) -> None:
    scene = stage()
    scene.play({1: CENTRE})
    scene.leave()
    assert scene.play({1: CENTRE}, 12)[-1][0].status is FaceStatus.RECOVERED
    scene.tracker.settings = replace(scene.tracker.settings, recognition=False)
    (face,) = scene.play({1: CENTRE}, 1)[0]
    assert (face.id, face.status) == ("f1", FaceStatus.TRACKED)


@pytest.mark.parametrize(
    ("vectors", "threshold", "told"),
    [
        (None, 0.5, "has no identity branch"),
        ({1: axis(1)}, 0.0, "has no measured threshold .*recognition_threshold"),
    ],
)
def test_weights_that_cannot_recognise_say_so_once(
    stage: Any, engine: Any, caplog: pytest.LogCaptureFixture, vectors: Any, threshold: float, told: str
) -> None:
    caplog.set_level(logging.INFO)
    engine.vectors = vectors
    scene = stage(recognition_threshold=threshold)
    shown = scene.play({1: CENTRE})
    scene.leave()
    shown += scene.play({1: CENTRE})
    assert ids(shown) == ["f1", "f2"]
    assert all(np.isnan(face.identity_similarity) for faces in shown for face in faces)
    (record,) = [record for record in caplog.records if "recognition" in record.message]
    assert re.search(f"^recognition is off: recognizer painted {told}", record.message)


def test_nobody_asked_nothing_said(stage: Any, engine: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    engine.vectors = None
    stage(recognition=False).play({1: CENTRE})
    assert not caplog.records


def test_a_face_that_is_only_hidden_for_a_moment_is_nothing_new(stage: Any) -> None:
    scene = stage(grace_s=0.5)
    scene.play({1: CENTRE})
    scene.play({}, 8)
    (first,) = scene.play({1: CENTRE}, 1)[0]
    assert (first.id, first.status) == ("f1", FaceStatus.TRACKED)


def test_a_hidden_face_that_comes_out_elsewhere_is_recognised_before_its_grace_is_over(stage: Any) -> None:
    scene = stage(grace_s=10.0)
    scene.play({1: LEFT, 2: CENTRE})
    scene.play({2: CENTRE}, 6)
    shown = scene.play({2: CENTRE, 1: RIGHT}, 20)
    assert set(ids(shown)) == {"f1", "f2"}
    assert all(len({face.id for face in faces}) == len(faces) for faces in shown)


def test_who_was_seen_beside_the_departed_is_not_taken_for_them(stage: Any, engine: Any) -> None:
    """A twin enters; before anybody knows who that is, the other one leaves."""
    engine.vectors[2] = axis(1)
    scene = stage(detection_interval_s=0.0, include_tentative=True)
    scene.play({3: RIGHT})
    scene.leave()  # somebody is remembered, so that new faces wait
    assert ids(scene.play({1: LEFT}, 20)[-1:]) == ["f2"]
    arrived = scene.play({1: LEFT, 2: RIGHT}, 2)[-1]
    assert [face.status.name for face in arrived] == ["TRACKED", "TENTATIVE"]
    assert ids(scene.play({2: RIGHT}, 60)) == ["f3"]


def test_faces_seen_too_briefly_are_not_remembered(stage: Any) -> None:
    scene = stage(confirm_frames=2)
    assert ids(scene.play({1: CENTRE}, 3)) == ["f1"]
    scene.leave()
    assert ids(scene.play({1: CENTRE})) == ["f2"]


@pytest.mark.parametrize(("sureness", "x"), [(0.5, 30), (0.9, 0)])
def test_frames_of_an_unsure_face_or_one_half_outside_teach_nothing(
    stage: Any, engine: Any, sureness: float, x: float
) -> None:
    """What the network says of such a face is of somebody else, here."""
    scene = stage()
    scene.play({1: (30, 100)})
    for step in range(6):
        scene.play({1: (30 + (x - 30) * step / 5, 100)}, 1)
    before = engine.vectors[1]
    engine.sureness, engine.vectors[1] = sureness, axis(99)
    assert scene.play({1: (x, 100)}, 40)[-1][0].identity_similarity < 0.2
    engine.sureness, engine.vectors[1] = 0.9, before
    assert scene.play({1: (x, 100)}, 1)[0][0].identity_similarity > 0.95


def test_vectors_that_are_no_numbers_do_no_harm(stage: Any, engine: Any) -> None:
    scene = stage()
    scene.play({1: CENTRE})
    engine.vectors[1] = np.full(256, np.nan, np.float32)
    (face,) = scene.play({1: CENTRE}, 5)[-1]
    assert face.id == "f1"
    engine.vectors[1] = axis(1)
    scene.leave()
    assert ids(scene.play({1: CENTRE}, 20)) == ["f1"]


def test_a_face_that_walks_from_one_camera_to_the_next_is_recognised(stage: Any) -> None:
    scene = stage()
    here, nobody = scene.image({1: CENTRE}), scene.image({})

    def play(front: ImageArray, rear: ImageArray, start: int, frames: int) -> list[dict[str, list[Face]]]:
        stamps_s = [number * STEP_S for number in range(start, start + frames)]
        return [
            scene.tracker.update_many({"front": (front, stamp_s), "rear": (rear, 500 + stamp_s)})
            for stamp_s in stamps_s
        ]

    assert play(here, nobody, 0, 10)[-1]["front"][0].id == "f1"
    play(nobody, nobody, 10, AWAY_FRAMES)
    shown = play(nobody, here, 40, 20)
    assert ids([faces["rear"] for faces in shown]) == ["f1"]
    # Back in the first one while it is still seen in the second: an id is never in two places.
    both = play(here, here, 60, 30)
    assert all(faces["front"] == [] or faces["front"][0].id != "f1" for faces in both)
    assert both[-1]["front"]


def test_a_lost_face_of_a_camera_is_found_in_another(stage: Any) -> None:
    """Within its grace, and though the first camera sends nothing any more."""
    scene = stage(grace_s=5.0)
    here, nobody = scene.image({1: CENTRE}), scene.image({})
    for number in range(12):
        image = here if number < 10 else nobody
        scene.tracker.update_many({"front": (image, number * STEP_S), "rear": (nobody, number * STEP_S)})
    shown = [scene.tracker.update_many({"rear": (here, number * STEP_S)})["rear"] for number in range(12, 30)]
    assert ids(shown) == ["f1"]
    front = scene.tracker.update_many({"front": (here, 30 * STEP_S)})["front"]
    assert [face.id for face in front] == ["f3"]  # not f1 again


def test_an_id_is_never_on_two_faces_whatever_comes_and_goes(stage: Any, engine: Any) -> None:
    """People of whom some are alike, at random places and times."""
    random = np.random.default_rng(4)
    engine.vectors |= {number: like(axis(1), 0.8, 50 + number) for number in (2, 3, 4)}
    scene = stage(recognition_memory_s=3.0)
    places = [(50 + 73 * column, 60 + 100 * row) for column in range(4) for row in range(2)]
    seen: set[str] = set()
    for _ in range(15):
        count = int(random.integers(0, 5))
        who = random.permutation(8)[:count] + 1
        where = random.permutation(len(places))[:count]
        scenes = {int(number): places[place] for number, place in zip(who, where, strict=True)}
        for faces in scene.play(scenes, int(random.integers(2, 30))):
            assert len({face.id for face in faces}) == len(faces)
            seen |= {face.id for face in faces}
    assert len(seen) > 5


NOTHING_WRITTEN = """
import os, sys
sys.path.insert(0, sys.argv[1])
from painted_people import PaintedDetector, PaintedEngine, Person, paint
import cv2, numpy as np
from rednet_ros.tracking import FaceTracker, TrackerSettings

written = []
def watch(event, arguments):
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        written.append(arguments[0])
    if event in ("os.mkdir", "os.rename", "shutil.copyfile", "sqlite3.connect", "socket.connect", "subprocess.Popen"):
        written.append((event, arguments))
sys.addaudithook(watch)

engine = PaintedEngine(vectors={n: np.eye(13, 256, dtype=np.float32)[n] for n in range(13)})
settings = TrackerSettings(detect_in_background=False, recognition_threshold=0.5)
with FaceTracker(engine=engine, detector=PaintedDetector(), settings=settings) as tracker:
    seen = set()
    for number in range(80):
        people = [] if 20 <= number < 50 else [Person(1, 100, 100)]
        faces = tracker.update(paint(people), number / 30)
        seen |= {(face.id, face.status.name) for face in faces}
assert ("f1", "RECOVERED") in seen, seen
assert written == [], written
"""


def test_nothing_is_written_to_disk(tmp_path: Path) -> None:
    """Not by Python, which an audit hook sees; and no file appears where a library may leave one."""
    script = tmp_path / "script.py"
    script.write_text(NOTHING_WRITTEN)
    home = tmp_path / "home"
    home.mkdir()
    environment = {"HOME": str(home), "TMPDIR": str(home), "PYTHONPATH": str(Path(__file__).parents[3])}
    subprocess.run(
        [sys.executable, "-B", str(script), str(Path(__file__).parents[2])],
        check=True,
        cwd=home,
        env=environment,
        timeout=300,
    )
    assert list(home.rglob("*")) == []
