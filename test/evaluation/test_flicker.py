from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rednet_ros.evaluation.accuracy import FaceResult
from rednet_ros.evaluation.flicker import ClipFlicker, compare_flicker, joined, measure_flicker, smooth_path, smoothed
from rednet_ros.tracking.types import FloatArray
from rednet_ros.training.datasets.labels import LabelledFace

SHAPE = np.random.default_rng(0).uniform(20, 80, (68, 2)).astype(np.float32)
SHAPE[36], SHAPE[45] = (30, 40), (70, 40)  # 40 px apart


def in_sequence(frame: int | None, shift: float = 0.0, sequence: str = "walk", identity: str = "Ada") -> LabelledFace:
    return LabelledFace(Path("x.png"), SHAPE + np.float32(shift), "test", identity, sequence, frame)


def result(face: LabelledFace, offset: float | None = 0.0) -> FaceResult:
    return FaceResult(face, None if offset is None else face.points_px + np.float32(offset), 1.0)


def jumping(frames: int, jump_px: float) -> FloatArray:
    """T x 68 x 2: every second frame is aside by `jump_px`."""
    track = np.tile(SHAPE, (frames, 1, 1))
    track[1::2, :, 0] += jump_px
    return track


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


def test_landmarks_without_annotation_have_no_error_that_could_flicker() -> None:
    faces = [in_sequence(t) for t in range(4)]
    for face in faces:
        face.points_px[:17] = np.nan
    results = [FaceResult(face, SHAPE + np.float32(t % 2), 1.0) for t, face in enumerate(faces)]
    flicker = measure_flicker(results)
    assert flicker is not None
    assert flicker.error == pytest.approx(flicker.landmarks, rel=1e-5)


def test_a_clips_flicker_is_in_the_predicted_unit_and_the_steady_one_wins() -> None:
    tracks = [{"steady": jumping(30, 0.0), "jumpy": jumping(30, 0.4)}]
    flicker = compare_flicker(tracks, ("steady", "jumpy"), "steady")
    assert flicker.frames == 28
    assert flicker.landmarks["steady"] == pytest.approx(0.0, abs=1e-6)
    assert flicker.landmarks["jumpy"] == pytest.approx(100 * 2 * 0.4 / 40, rel=1e-4)
    assert flicker.away["jumpy"] == pytest.approx(100 * 0.2 / 40, rel=1e-4)


def test_the_heads_own_motion_is_told_from_trembling() -> None:
    """An acceleration of 0.2 px a frame, and landmarks that are 0.4 px aside in every second frame."""
    time = np.arange(40.0)[:, None, None]
    way = SHAPE + 0.1 * time**2 * np.array([1.0, 0.0])
    np.testing.assert_allclose(smooth_path(way), way[3:-3], atol=1e-6)
    trembling = way + (jumping(40, 0.4) - SHAPE)
    flicker = compare_flicker([{"a": trembling.astype(np.float32)}], ("a",), "a")
    assert flicker.landmarks["a"] == pytest.approx(100 * 0.8 / 40, rel=0.01)
    assert flicker.motion == pytest.approx(100 * 0.2 / 40, rel=0.35)
    assert np.isnan(compare_flicker([{"a": jumping(5, 0.0)}], ("a",), "a").motion)


def test_only_frames_that_all_have_count() -> None:
    """One loses the face in frame 5: five frames before it, four after it."""
    lost = jumping(10, 1.0)
    lost[5] = np.nan
    flicker = compare_flicker([{"a": jumping(10, 1.0), "b": lost}], ("a", "b"), "a")
    assert flicker.frames == (5 - 2) + (4 - 2)
    assert flicker.landmarks["a"] == flicker.landmarks["b"]
    assert flicker.lost == {"a": 0, "b": 1}


def test_clips_without_a_face_are_nan_and_do_not_spoil_the_sum() -> None:
    nothing = compare_flicker([], ("a", "b"), "a")
    assert nothing.frames == 0
    assert np.isnan(list(nothing.landmarks.values())).all()
    whole = joined(
        [nothing, ClipFlicker({"a": 1.0, "b": 2.0}, {"a": 0.0, "b": 1.0}, 0.5, {"a": 0, "b": 3}, 30), nothing]
    )
    assert (whole.frames, whole.landmarks) == (30, {"a": 1.0, "b": 2.0})
    assert np.isnan(joined([nothing]).landmarks["a"])


def test_long_clips_weigh_more() -> None:
    parts = [
        ClipFlicker({"a": 1.0}, {"a": 0.0}, 0.5, {"a": 1}, 30),
        ClipFlicker({"a": 4.0}, {"a": 0.0}, 0.1, {"a": 2}, 10),
    ]
    assert joined(parts).landmarks["a"] == pytest.approx(1.75)
    assert joined(parts).lost["a"] == 3
    assert joined(parts).motion == pytest.approx(0.4)
    assert joined([parts[0], replace(parts[1], motion=float("nan"))]).motion == 0.5  # too short for a path


def test_smoothing_keeps_a_line_and_takes_the_noise_out() -> None:
    np.testing.assert_allclose(smoothed(np.full(7, 3.0)), 3.0)
    np.testing.assert_allclose(smoothed(np.arange(9.0), 3)[1:-1], np.arange(9.0)[1:-1])
    assert smoothed(np.array([0.0, 9.0, 0.0]), 25) == pytest.approx([3.0] * 3)
