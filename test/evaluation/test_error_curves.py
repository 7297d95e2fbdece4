from pathlib import Path

import numpy as np
import pytest

from rednet_ros.evaluation.accuracy import FaceResult
from rednet_ros.evaluation.error_curves import cumulative_errors, error_over_time
from rednet_ros.training.datasets.labels import LabelledFace

SHAPE = np.random.default_rng(0).uniform(20, 80, (68, 2)).astype(np.float32)
SHAPE[36], SHAPE[45] = (30, 40), (70, 40)  # 40 px apart


def result(sequence: str, frame: int | None, error: float | None) -> FaceResult:
    face = LabelledFace(Path("x.png"), SHAPE, sequence=sequence, frame=frame)
    return FaceResult(face, None if error is None else SHAPE + np.float32([40 * error, 0]), 1.0)


def test_the_cumulative_curve_rises_by_a_step_a_face_and_misses_never_enter() -> None:
    errors, shares = cumulative_errors(np.array([0.04, 0.02, 0.2, np.inf]), 0.10)
    np.testing.assert_allclose(errors, [0, 0.02, 0.04, 0.10])
    np.testing.assert_allclose(shares, [0, 0.25, 0.5, 0.5])
    errors, shares = cumulative_errors(np.array([np.inf]), 0.10)
    np.testing.assert_allclose(shares, [0, 0])


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
