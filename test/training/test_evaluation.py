from pathlib import Path

import cv2
import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.tracking.types import Box, FloatArray, ImageArray
from rednet_ros.training.evaluation import FaceResult, evaluate, measure_flicker, worst
from rednet_ros.training.labels import LabelledFace

SHAPE = np.random.default_rng(0).uniform(20, 80, (68, 2)).astype(np.float32)
SHAPE[36], SHAPE[45] = (30, 40), (70, 40)  # 40 px apart


def labelled(folder: Path, index: int) -> LabelledFace:
    path = folder / f"{index}.png"
    cv2.imwrite(str(path), np.full((100, 100, 3), index, np.uint8))
    return LabelledFace(path, SHAPE + index)


def in_sequence(frame: int | None, shift: float = 0.0, sequence: str = "walk", identity: str = "Ada") -> LabelledFace:
    return LabelledFace(Path("x.png"), SHAPE + np.float32(shift), "test", identity, sequence, frame)


def result(face: LabelledFace, offset: float | None = 0.0) -> FaceResult:
    return FaceResult(face, None if offset is None else face.points_px + np.float32(offset), 1.0)


def test_errors_misses_and_order(tmp_path: Path) -> None:
    faces = [labelled(tmp_path, index) for index in range(4)]

    def predict(image: ImageArray, box: Box) -> FloatArray | None:
        index = int(image[0, 0, 0])
        assert box == Box.around(faces[index].points_px)
        if index == 2:
            return None
        # Off by 4 of 40 px, that is 10 %, on the first face only.
        return faces[index].points_px + np.array([4.4 if index == 0 else 0.4, 0], np.float32)

    evaluation = evaluate(faces, predict)
    assert [entry.face for entry in evaluation.results] == faces
    assert (evaluation.summary.faces, evaluation.summary.missed) == (4, 1)
    assert evaluation.summary.nme_mean == pytest.approx((11 + 1 + 1) / 3, rel=1e-4)
    assert evaluation.summary.failure_rate_10 == pytest.approx(50.0)
    assert evaluation.flicker is None
    assert [entry.face for entry in worst(evaluation.results, 2)] == [faces[2], faces[0]]


def test_all_missed(tmp_path: Path) -> None:
    evaluation = evaluate([labelled(tmp_path, 0)], lambda image, box: None)
    assert evaluation.summary.failure_rate_10 == 100.0
    assert np.isnan(evaluation.summary.nme_mean)


def test_an_unreadable_image_and_no_faces_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.png"):
        evaluate([LabelledFace(tmp_path / "gone.png", SHAPE)], lambda image, box: None)
    with pytest.raises(InputError, match="no face to evaluate"):
        evaluate([], lambda image, box: None)


def test_flicker_of_the_error_is_free_of_the_heads_motion() -> None:
    """The head accelerates by 2 px a frame; the error of every second frame is 1 px in x and y."""
    results = [result(in_sequence(t, shift=t * t), offset=t % 2) for t in range(5)]
    flicker = measure_flicker(results)
    assert flicker is not None
    assert flicker.frames == 3
    assert flicker.error == pytest.approx(100 * 2 * np.sqrt(2) / 40, rel=1e-5)
    # Head and error accelerate by 2 px each, with the same sign in the middle frame of three only.
    assert flicker.landmarks == pytest.approx(100 * np.sqrt(2) * (0 + 4 + 0) / 3 / 40, rel=1e-5)


def test_rows_in_any_order_are_sorted_by_frame_and_gaps_break_a_run() -> None:
    steady = [result(in_sequence(t), offset=t) for t in (2, 0, 1)]
    flicker = measure_flicker(steady)
    assert flicker is not None
    assert flicker.error == pytest.approx(0.0, abs=1e-5)
    assert measure_flicker([result(in_sequence(t)) for t in (0, 1, 3)]) is None
    assert measure_flicker([result(in_sequence(t), offset=None if t == 2 else 0.0) for t in range(5)]) is None


def test_people_and_sequences_are_kept_apart() -> None:
    apart = [result(in_sequence(t, identity=name)) for t, name in ((0, "Ada"), (1, "Ada"), (2, "Bob"))]
    assert measure_flicker(apart) is None
    apart = [result(in_sequence(t, sequence=name)) for t, name in ((0, "a"), (1, "a"), (2, "b"))]
    assert measure_flicker(apart) is None


def test_without_frame_numbers_the_order_of_the_rows_counts() -> None:
    flicker = measure_flicker([result(in_sequence(None), offset=t % 2) for t in range(4)])
    assert flicker is not None
    assert flicker.frames == 2
