"""The motion filter alone, and in the tracker's loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rednet_ros.errors import WeightsError
from rednet_ros.metrics import accelerations
from rednet_ros.tracking.mean_shape import MEAN_SHAPE
from rednet_ros.tracking.motion import UNFITTED, Motion, MotionFilter, coasted, expected
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.tracker import FaceTracker
from rednet_ros.tracking.types import FloatArray, ImageArray

PARAMETERS = {
    "alpha": [[-0.84, 2.59, 1.53], [-1.14, 0.42, 1.06]],
    "beta": [[-0.18, 0.49], [-2.95, -1.09]],
    "pull": [1.71, -0.79],
}
"""Of rednet-lite, when it was fitted."""

FITTED = MotionFilter.of(PARAMETERS)
STEP_S = 1 / 30
FACE = ((MEAN_SHAPE - MEAN_SHAPE.mean(axis=0)) * 60 / np.ptp(MEAN_SHAPE, axis=0).max()).astype(np.float32)


def smoothed(motion_filter: MotionFilter, seen_px: FloatArray, step_s: float = STEP_S) -> FloatArray:
    """T x ... x 68 x 2, from the first frame on."""
    frames, motion = [seen_px[0]], Motion.of_new_face()
    for seen in seen_px[1:]:
        landmarks_px, motion = motion_filter.update(expected(frames[-1], motion, step_s), motion, seen, step_s)
        frames.append(landmarks_px)
    return np.stack(frames)


def jitter(frames: int, seed: int, whole_px: float = 0.2, own_px: float = 0.15) -> FloatArray:
    """T x 68 x 2: what the face as a whole and its landmarks tremble by."""
    rng = np.random.default_rng(seed)
    return np.asarray(rng.normal(0, whole_px, (frames, 1, 2)) + rng.normal(0, own_px, (frames, 68, 2)), np.float32)


def flicker(points_px: FloatArray) -> float:
    return float(accelerations(points_px.astype(np.float64), np.full(len(points_px), 40.0)).mean())


def centre_error(points_px: FloatArray, truth_px: FloatArray) -> float:
    return float(np.abs((points_px - truth_px).mean(axis=1)).mean())


def path(frames: int, step_px: float) -> FloatArray:
    return FACE + (100 + step_px * np.arange(frames, dtype=np.float32))[:, None, None]


def test_unfitted_it_believes_what_is_seen_and_expects_the_centre_to_move_on() -> None:
    seen_px = path(6, 3) + jitter(6, 0)
    np.testing.assert_allclose(smoothed(UNFITTED, seen_px), seen_px, atol=1e-3)
    _, motion = UNFITTED.update(FACE, Motion.of_new_face(), FACE + np.float32(2), STEP_S)
    assert motion.velocity_px_s == pytest.approx((60, 60), rel=1e-3)
    np.testing.assert_allclose(expected(FACE, motion, STEP_S), FACE + 2, atol=1e-3)


def test_a_face_at_rest_stands_still() -> None:
    seen_px = path(90, 0) + jitter(90, 0)
    assert flicker(smoothed(FITTED, seen_px)[10:]) < 0.3 * flicker(seen_px[10:])


@pytest.mark.parametrize("frames_a_second", [30, 15, 5, 2.5])
def test_steady_motion_is_followed_without_lag_at_any_rate(frames_a_second: float) -> None:
    step_px = 60 / frames_a_second  # a face's side a second
    found_px = smoothed(FITTED, path(40, step_px), 1 / frames_a_second)
    lag_px = np.abs(path(40, step_px) - found_px).mean(axis=(1, 2))
    assert lag_px[20:].max() < 0.6
    assert lag_px.max() < 2.0


def test_turn_and_growth_are_followed() -> None:
    turned = [FACE @ np.array([[c, s], [-s, c]], np.float32) * g for c, s, g in _turns(40)]
    found_px = smoothed(FITTED, np.stack(turned).astype(np.float32))
    assert np.abs(found_px - turned).max() < 1.5


def _turns(frames: int) -> list[tuple[float, float, float]]:
    return [(np.cos(0.02 * t), np.sin(0.02 * t), 1 + 0.01 * t) for t in range(frames)]


def test_the_expectation_is_limited_in_a_step_and_over_time() -> None:
    fast = Motion.of_new_face((3000.0, 0.0))
    assert (expected(FACE, fast, STEP_S) - FACE)[0, 0] == pytest.approx(18, abs=0.1)  # 0.3 of its side
    slow = Motion.of_new_face((60.0, 0.0))
    assert (expected(FACE, slow, 10.0) - FACE)[0, 0] == pytest.approx(32, abs=0.5)  # half a second, and a step


def test_out_of_sight_a_face_slows_down() -> None:
    motion = coasted(Motion.of_new_face((60.0, 0.0)), 1.1)
    assert motion.velocity_px_s[0] == pytest.approx(60 / np.e)


def test_many_faces_at_once_are_as_one_by_one() -> None:
    seen_px = np.stack([path(12, step) + jitter(12, step) for step in range(3)], axis=1)
    together = smoothed(FITTED, seen_px)
    for face in range(3):
        np.testing.assert_allclose(together[:, face], smoothed(FITTED, seen_px[:, face]), atol=1e-3)


def test_parameters_come_back() -> None:
    assert FITTED.parameters() == PARAMETERS
    assert MotionFilter.of(None) is UNFITTED


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {**PARAMETERS, "more": [1.0]},
        {**PARAMETERS, "pull": [1.0]},
        {**PARAMETERS, "pull": [1.0, float("nan")]},
        {**PARAMETERS, "pull": ["much", "more"]},
        {**PARAMETERS, "alpha": [[1.0, 2.0], [3.0]]},
        {**PARAMETERS, "beta": None},
    ],
)
def test_other_parameters_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(WeightsError, match="motion filter"):
        MotionFilter.of(wrong)


@pytest.mark.parametrize("sway_px", [0.0, 40.0])
def test_the_tracker_flickers_no_more_than_the_filter_was_fitted_to(
    engine: Any, detector: Any, person: Any, paint: Callable[..., ImageArray], sway_px: float
) -> None:
    """What the network sees trembles; the tracker may add at most 10 % to what the filter leaves of that."""
    frames, side_px = 120, 60.0
    run, noise_px = engine.run, iter(jitter(10 * frames, 1))

    def trembling(crops: ImageArray, previous_px: FloatArray, state: Any) -> Any:
        estimate = run(crops, previous_px, state)
        in_crop = engine.crop_size_px / (1.4 * side_px)
        estimate.landmarks_px[...] += in_crop * next(noise_px)
        return estimate

    engine.run = trembling
    people = [person(2, 160 + sway_px * np.sin(t / 12), 100) for t in range(frames)]
    settings = TrackerSettings(detect_in_background=False, assumed_fov_deg=0.0, detection_interval_s=3600.0)
    with FaceTracker(engine=engine, detector=detector, settings=settings, motion=FITTED) as tracker:
        shown = [tracker.update(paint([someone]), t * STEP_S) for t, someone in enumerate(people)]
    found_px = np.stack([faces[0].landmarks_px for faces in shown[10:]])
    truth_px = np.stack([someone.landmarks() for someone in people])
    alone_px = smoothed(FITTED, truth_px + jitter(frames, 2))[10:]
    assert flicker(found_px) < 1.1 * flicker(alone_px)
    assert centre_error(found_px, truth_px[10:]) < 1.1 * centre_error(alone_px, truth_px[10:]) + 0.1
