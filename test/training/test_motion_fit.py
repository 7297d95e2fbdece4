"""The fit of the motion filter: on made paths, and its record of the tracker's loop with a network that jitters."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest

from rednet_ros.inference.types import Estimate
from rednet_ros.metrics import accelerations
from rednet_ros.tracking.crops import CROP_SCALE, CropTransform
from rednet_ros.tracking.mean_shape import MEAN_SHAPE
from rednet_ros.tracking.motion import UNFITTED, MotionFilter
from rednet_ros.tracking.types import Box, FloatArray, ImageArray
from rednet_ros.training import motion_fit
from rednet_ros.training.clips import ClipBatch
from rednet_ros.training.config import MotionStage
from rednet_ros.training.motion_fit import (
    START,
    Kind,
    Paths,
    by_kind,
    choose,
    fit,
    fit_motion,
    loss,
    record,
    smoothed,
)

BOX = Box.around(MEAN_SHAPE)
FACE = ((MEAN_SHAPE - BOX.center) / max(BOX.width, BOX.height)).astype(np.float32)
"""Upright, of side 1, its box's centre at 0."""


def made_paths(faces: int, step_px: float, frames: int = 16) -> Paths:
    """Faces of 60 pixels that move on steadily, and jitter, as a whole and within."""
    rng = np.random.default_rng(0)
    way = step_px * np.arange(frames)[:, None, None, None] * np.ones((1, faces, 1, 1))
    truth_px = 60 * FACE + 100 + way
    jitter = rng.normal(0, 0.4, (frames, faces, 1, 2)) + rng.normal(0, 0.3, (frames, faces, 68, 2))
    return Paths((truth_px + jitter).astype(np.float32), truth_px.astype(np.float32), 1 / 30, faces * (Kind(step_px),))


def turning_paths(faces: int) -> Paths:
    """Faces of 60 pixels that sway twice a second, seen almost without jitter: smoothing adds an error."""
    rng = np.random.default_rng(1)
    sway_px = 6 * np.sin(0.4 * np.arange(24)[:, None, None, None] + rng.uniform(0, 6, (1, faces, 1, 2)))
    truth_px = 60 * FACE + 100 + sway_px
    seen_px = truth_px + rng.normal(0, 0.05, truth_px.shape)
    return Paths(seen_px.astype(np.float32), truth_px.astype(np.float32), 1 / 30, faces * (Kind(1.5),))


def flicker(points_px: FloatArray) -> float:
    frames = points_px.reshape(len(points_px), -1, 2).astype(np.float64)
    return float(accelerations(frames, np.full(len(frames), 1.0)).mean())


def test_the_fit_finds_what_flickers_less_and_follows() -> None:
    paths = [made_paths(3, 0.0), made_paths(3, 2.0)]
    fitted = fit(START, paths, 0.1)
    assert loss(fitted, paths, 0.1) < loss(START, paths, 0.1) < loss(UNFITTED, paths, 0.1)
    for some in paths:
        found_px = smoothed(fitted, some)
        assert flicker(found_px) < 0.5 * flicker(some.seen_px)
        assert np.abs(found_px - some.truth_px).mean() < np.abs(some.seen_px - some.truth_px).mean()


def test_heads_that_turn_back_get_no_larger_an_error_than_is_allowed() -> None:
    paths = [made_paths(3, 0.0), turning_paths(3)]
    seen, left = by_kind(START, paths)[Kind(1.5)]
    assert left[0] > seen[0] + 0.2
    fitted = fit(START, paths, 0.1)
    seen, left = by_kind(fitted, paths)[Kind(1.5)]
    assert left[0] < seen[0] + 0.12
    seen, left = by_kind(fitted, paths)[Kind(0.0)]
    assert left[1] < 0.7 * seen[1]


def test_figures_are_in_percent_of_the_eye_corners_distance_and_in_milliseconds() -> None:
    still = made_paths(2, 3.0)
    eyes_px = 60 / max(BOX.width, BOX.height)  # apart in the mean shape by 1
    late = np.concatenate([still.truth_px[:1], still.truth_px[:-1]])  # one frame, of 3 px to the right and down
    seen, _ = by_kind(UNFITTED, [Paths(late, still.truth_px, 1 / 30, still.kinds)])[Kind(3.0)]
    assert seen[0] == pytest.approx(15 / 16 * 100 * 3 * 2**0.5 / eyes_px, rel=1e-3)
    assert seen[2] == pytest.approx(1000 / 30, rel=1e-3)


def test_landmarks_without_truth_do_not_count() -> None:
    whole = made_paths(3, 1.0)
    truth_px = whole.truth_px.copy()
    truth_px[:, :, :5] = np.nan
    part = loss(START, [Paths(whole.seen_px, truth_px, whole.step_s, whole.kinds)], 0.1)
    assert part == pytest.approx(loss(START, [whole], 0.1), rel=0.1)


def test_the_better_filter_on_clips_apart_is_taken(caplog: pytest.LogCaptureFixture) -> None:
    calm, lost = [made_paths(4, 0.0)], [made_paths(1, 0.0)]
    with caplog.at_level("INFO", logger="rednet_ros"):
        assert choose({"standard": (START, calm), "fitted": (UNFITTED, calm)}, 4, 0.1) is START
        assert choose({"standard": (UNFITTED, calm), "fitted": (START, calm)}, 4, 0.1) is START
        assert choose({"standard": (UNFITTED, calm), "fitted": (START, lost)}, 4, 0.1) is UNFITTED
    assert "taken: standard" in caplog.text
    assert "taken: fitted" in caplog.text
    assert "| 0 | 30 | 1 | 1 |" in caplog.text


def test_a_filter_that_adds_too_much_error_all_the_same_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    fast = [turning_paths(2)]
    assert choose({"standard": (START, fast)}, 2, 0.01) is START
    assert "points of error" in caplog.text


class JitteringEngine:
    """Sees a face that fills the crop as it should, its landmarks aside by a random part of a pixel."""

    crop_size_px, weights_name = 64, "jittering"
    identity_threshold, gives_identity = None, False

    def __init__(self) -> None:
        self._noise = np.random.default_rng(0)

    def initial_state(self, faces: int) -> None:
        return None

    def run(self, crops: ImageArray, previous_px: FloatArray, state: Any) -> Estimate:
        points = 31.5 + 64 / CROP_SCALE * FACE + self._noise.normal(0, 0.1, (len(crops), *FACE.shape))
        return Estimate(points.astype(np.float32), np.full((len(crops), 68), 0.9, np.float32), None, None)


def still_clip(x_px: float, frames: int = 12) -> ClipBatch:
    """A grey clip; the detector has the face in the middle, the truth is at `x_px`."""
    points_px = np.broadcast_to(50 * FACE + (x_px, 64), (1, frames, 68, 2)).astype(np.float32)
    crop = CropTransform.from_landmarks((50 * FACE + 64).astype(np.float32), 64)
    return ClipBatch(
        np.full((1, frames, 128, 128, 3), 128, np.uint8),
        points_px,
        np.ones((1, frames), bool),
        np.zeros(1, np.int64),
        np.broadcast_to(np.array([*crop.center_px, crop.side_px, 0], np.float32), (1, frames, 4)),
        np.zeros((1, frames), bool),
        np.zeros((1, frames, 7, 2), np.float32),
    )


def test_the_record_holds_what_the_network_saw_in_the_trackers_loop() -> None:
    kinds = [Kind(0.0, rough=True), Kind(0.0, every=2), Kind(0.0, scale=0.75)]
    plain, slow = record(JitteringEngine(), START, ((kind, still_clip(64)) for kind in kinds))
    assert plain.seen_px.shape == plain.truth_px.shape == (12, 3, 68, 2)  # the first, rougher too, and the small one
    assert plain.kinds == (Kind(0.0), Kind(0.0, rough=True), Kind(0.0, scale=0.75))
    assert slow.seen_px.shape == (6, 1, 68, 2)
    assert (plain.step_s, slow.step_s) == pytest.approx((1 / 30, 2 / 30))
    errors = np.abs(plain.seen_px - plain.truth_px).mean(axis=(0, 2, 3))
    assert errors.max() < 3
    rough, smooth = (flicker(plain.seen_px[:, face].mean(axis=1, keepdims=True)) for face in (1, 0))
    assert rough > 2 * smooth


def test_a_face_that_was_lost_is_left_out() -> None:
    with pytest.raises(ValueError, match="no face was followed"):
        record(JitteringEngine(), START, [(Kind(0.0), still_clip(110))])


def test_a_weights_file_gets_fitted_parameters(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kinds = (Kind(0.0, rough=True), Kind(0.0, every=2))
    monkeypatch.setattr(motion_fit, "clips", lambda *given: ((kinds[n % 2], still_clip(64)) for n in range(given[-1])))
    monkeypatch.setattr(motion_fit.LandmarkEngine, "load", lambda weights, device: JitteringEngine())
    stage, unused = MotionStage("motion", clips=6, frames=12, rounds=1), cast(Any, None)
    with caplog.at_level("INFO", logger="rednet_ros"):
        parameters = fit_motion("any", unused, unused, stage, seed=0)
    assert MotionFilter.of(parameters).parameters() == parameters
    assert parameters != START.parameters()
    assert "taken: fitted" in caplog.text
