from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.evaluation.accuracy import FaceResult, error_over_time, evaluate, evaluate_tracking, worst
from rednet_ros.tracking.mean_shape import MEAN_SHAPE
from rednet_ros.tracking.types import Box, FloatArray, ImageArray
from rednet_ros.training.datasets.labels import LabelledFace

SHAPE = np.random.default_rng(0).uniform(20, 80, (68, 2)).astype(np.float32)
SHAPE[36], SHAPE[45] = (30, 40), (70, 40)  # 40 px apart


def labelled(folder: Path, index: int) -> LabelledFace:
    path = folder / f"{index}.png"
    cv2.imwrite(str(path), np.full((100, 100, 3), index, np.uint8))
    return LabelledFace(path, SHAPE + index)


class Finder:
    """A follower that only ever begins."""

    def __init__(self, find: Callable[[ImageArray, Box], FloatArray | None]) -> None:
        self.begin = find

    def follow(self, image: ImageArray) -> FloatArray | None:
        raise AssertionError("every image is one by itself")


def test_errors_misses_and_order(tmp_path: Path) -> None:
    faces = [labelled(tmp_path, index) for index in range(4)]

    def predict(image: ImageArray, box: Box) -> FloatArray | None:
        index = int(image[0, 0, 0])
        assert box == Box.around(faces[index].points_px)
        if index == 2:
            return None
        # Off by 4 of 40 px, that is 10 %, on the first face only.
        return faces[index].points_px + np.array([4.4 if index == 0 else 0.4, 0], np.float32)

    evaluation = evaluate(faces, Finder(predict))
    assert [entry.face for entry in evaluation.results] == faces
    assert (evaluation.summary.faces, evaluation.summary.missed) == (4, 1)
    assert evaluation.summary.nme_mean == pytest.approx((11 + 1 + 1) / 3, rel=1e-4)
    assert evaluation.summary.failure_rate_10 == pytest.approx(50.0)
    assert evaluation.flicker is None
    assert [entry.face for entry in worst(evaluation.results, 2)] == [faces[2], faces[0]]


def test_all_missed(tmp_path: Path) -> None:
    evaluation = evaluate([labelled(tmp_path, 0)], Finder(lambda image, box: None))
    assert evaluation.summary.failure_rate_10 == 100.0
    assert np.isnan(evaluation.summary.nme_mean)


def test_an_unreadable_image_and_no_faces_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.png"):
        evaluate([LabelledFace(tmp_path / "gone.png", SHAPE)], Finder(lambda image, box: None))
    with pytest.raises(InputError, match="no face to evaluate"):
        evaluate([], Finder(lambda image, box: None))


def test_missing_landmarks_are_not_counted_and_the_box_is_completed(tmp_path: Path) -> None:
    face = labelled(tmp_path, 0)
    face.points_px[:] = MEAN_SHAPE * 40 + 50
    truth = face.points_px.copy()
    face.points_px[:17] = np.nan
    boxes: list[Box] = []

    def predict(image: ImageArray, box: Box) -> FloatArray:
        boxes.append(box)
        wrong = truth.copy()
        wrong[:17] += 100  # nobody knows
        wrong[17:] += (0.4, 0)
        return wrong

    evaluation = evaluate([face], Finder(predict))
    assert evaluation.summary.nme_mean == pytest.approx(1.0, rel=1e-3)
    assert np.isnan(evaluation.summary.nme_by_region["jaw"])
    assert boxes[0].height == pytest.approx(Box.around(truth).height, rel=1e-4)


def test_errors_in_another_unit(tmp_path: Path) -> None:
    face = replace(labelled(tmp_path, 0), box=Box(0, 0, 100, 64))  # of the size of a square of 80
    evaluation = evaluate([face], Finder(lambda image, box: face.points_px + np.array([4, 0], np.float32)), "box")
    assert evaluation.summary.nme_mean == pytest.approx(5.0, rel=1e-4)
    assert evaluation.results[0].error == pytest.approx(0.05, rel=1e-4)
    assert evaluation.unit == "box"


class FakeFollower:
    """Says the truth and how it was asked; off by 30 % after `lost_after` frames, or blind in the first `blind`."""

    def __init__(self, lost_after: int = 99, blind: int = 0) -> None:
        self.asked: list[tuple[str, int]] = []
        self._lost_after, self._blind, self._age = lost_after, blind, 0

    def begin(self, image: ImageArray, box: Box) -> FloatArray | None:
        index = int(image[0, 0, 0])
        self.asked.append(("begin", index))
        assert box == Box.around(SHAPE + index)
        self._age = 0
        return None if index < self._blind else SHAPE + index

    def follow(self, image: ImageArray) -> FloatArray | None:
        index = int(image[0, 0, 0])
        self.asked.append(("follow", index))
        self._age += 1
        return SHAPE + index + np.float32([12, 0]) * (self._age > self._lost_after)


def in_sequences(folder: Path, frames: int, sequences: int = 1) -> list[LabelledFace]:
    faces = [labelled(folder, index) for index in range(frames * sequences)]
    return [replace(face, sequence=f"s{index // frames}", frame=index) for index, face in enumerate(faces)]


def test_only_first_frames_are_looked_for(tmp_path: Path) -> None:
    follower = FakeFollower()
    faces = in_sequences(tmp_path, 3, sequences=2)
    counted: list[None] = []
    evaluation = evaluate_tracking(faces[::-1], follower, on_face=lambda: counted.append(None))
    # The first is looked for twice, as libraries set themselves up.
    assert follower.asked[0] == ("begin", 3)
    assert follower.asked[1:] == [
        *(("begin", 3), ("follow", 4), ("follow", 5)),
        *(("begin", 0), ("follow", 1), ("follow", 2)),
    ]
    assert evaluation.summary.nme_mean == pytest.approx(0.0, abs=1e-5)
    assert evaluation.flicker is not None
    assert (evaluation.flicker.frames, len(counted)) == (2, 6)


def test_a_face_that_is_not_found_is_looked_for_again(tmp_path: Path) -> None:
    follower = FakeFollower(blind=2)
    evaluation = evaluate_tracking(in_sequences(tmp_path, 4), follower)
    assert follower.asked[1:] == [("begin", 0), ("begin", 1), ("begin", 2), ("follow", 3)]
    assert (evaluation.summary.missed, evaluation.summary.failure_rate_10) == (2, 50.0)


def test_a_lost_face_stays_lost_unless_asked_otherwise(tmp_path: Path) -> None:
    faces = in_sequences(tmp_path, 6)
    lost = evaluate_tracking(faces, FakeFollower(lost_after=1))
    assert lost.summary.failure_rate_10 == pytest.approx(100 * 4 / 6)
    follower = FakeFollower(lost_after=1)
    again = evaluate_tracking(faces, follower, reinit_above=0.1)
    assert [how for how, _ in follower.asked[1:]] == ["begin", "follow", "follow"] * 2
    assert again.summary.failure_rate_10 == pytest.approx(100 * 2 / 6)


def test_stills_cannot_be_tracked(tmp_path: Path) -> None:
    with pytest.raises(InputError, match='0.png: has no "sequence"'):
        evaluate_tracking([labelled(tmp_path, 0)], FakeFollower())
    with pytest.raises(InputError, match="no face to evaluate"):
        evaluate_tracking([], FakeFollower())


def result(sequence: str, frame: int | None, error: float | None) -> FaceResult:
    face = LabelledFace(Path("x.png"), SHAPE, sequence=sequence, frame=frame)
    return FaceResult(face, None if error is None else SHAPE + np.float32([40 * error, 0]), 1.0)


def test_sequences_are_averaged_from_their_starts() -> None:
    results = [result("a", 10, 0.02), result("a", 11, 0.04), result("b", 0, 0.06), result("b", 2, 0.08)]
    curve = error_over_time(results)
    assert curve == pytest.approx([0.04, 0.04, 0.08], rel=1e-4)


def test_missed_faces_leave_gaps() -> None:
    curve = error_over_time([result("a", None, 0.02), result("a", None, None), result("a", None, 0.04)])
    assert curve[[0, 2]] == pytest.approx([0.02, 0.04], rel=1e-4)
    assert np.isnan(curve[1])


def test_stills_have_no_time() -> None:
    still = FaceResult(LabelledFace(Path("x.png"), SHAPE), SHAPE, 1.0)
    assert len(error_over_time([still])) == 0
