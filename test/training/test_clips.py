"""Clips move as a camera and a head move, keep their landmarks, and show nobody twice in a batch."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.training.augmentation.film_effects import INERTIA, smooth_path
from rednet_ros.training.augmentation.virtual_camera import film
from rednet_ros.training.clips import ClipBatches, window
from rednet_ros.training.config import AugmentationSettings, ClipSettings, StageConfig
from rednet_ros.training.datasets.labels import read_labels
from rednet_ros.training.datasets.pool import FacePool

CALM = AugmentationSettings(shift=0, log_scale=0, roll_deg=0, flip=0, occlude=0, blur=0, grey=0, noise=0, light=0)
QUIET = ClipSettings(frames=6, light=0, noise=0, motion_blur=0, occlude=0, vanish=0, still_camera=0, reverse=0)
STAGE = StageConfig(
    "c", kind="clips", crop_px=96, images=600, batch=3, mix={"made": 1.0}, augmentation=CALM, clips=QUIET
)


@pytest.fixture(scope="module")
def stills(make_faces: Callable[..., Path]) -> FacePool:
    return FacePool(read_labels(make_faces(6)))


@pytest.fixture(scope="module")
def video(make_faces: Callable[..., Path]) -> FacePool:
    return FacePool(read_labels(make_faces(48, people=4, frames=12)))


def dot_brightness(frames: np.ndarray, points: np.ndarray) -> np.ndarray:
    values = []
    for frame, landmarks in zip(frames, points, strict=True):
        x, y = np.round(landmarks[17:]).astype(int).clip(0, frame.shape[0] - 1).T
        values.append(frame[y, x].astype(int).sum(axis=1).mean())
    return np.array(values)


def test_a_still_seems_to_move_and_its_landmarks_with_it(stills: FacePool) -> None:
    batch = ClipBatches(stills, STAGE, (1,), 3)[0]
    assert batch.frames.shape == (3, 6, 192, 192, 3)
    assert batch.points_px.shape == (3, 6, 68, 2)
    speed = np.linalg.norm(np.diff(batch.points_px.mean(axis=2), axis=1), axis=2)
    assert speed.mean() > 0.5
    assert speed.max() < 20
    for clip, points in zip(batch.frames, batch.points_px, strict=True):
        assert (dot_brightness(clip, points) < 330).all()


def test_a_camera_at_rest_sees_the_same(stills: FacePool) -> None:
    at_rest = replace(STAGE, clips=replace(QUIET, still_camera=1.0))
    batch = ClipBatches(stills, at_rest, (1,), 2)[0]
    assert (batch.frames == batch.frames[:, :1]).all()
    noisy = ClipBatches(stills, replace(at_rest, clips=replace(QUIET, still_camera=1.0, noise=10.0)), (1,), 2)[0]
    assert (noisy.points_px == noisy.points_px[:, :1]).all()
    assert (noisy.frames != noisy.frames[:, :1])[:, 1:].any()


def test_consecutive_frames_are_played_in_order_or_backwards(video: FacePool) -> None:
    still_camera = replace(QUIET, still_camera=1.0)
    forwards = ClipBatches(video, replace(STAGE, clips=still_camera), (1,), 3)[0]
    backwards = ClipBatches(video, replace(STAGE, clips=replace(still_camera, reverse=1.0)), (1,), 3)[0]
    for batch, sign in ((forwards, 1), (backwards, -1)):
        steps = np.diff(batch.points_px[..., 0].mean(axis=2), axis=1)  # the drawn face moves to the right
        assert (sign * steps > 1).all()
        for clip, points in zip(batch.frames, batch.points_px, strict=True):
            assert (dot_brightness(clip, points) < 330).all()


def test_nobody_is_in_a_batch_twice(video: FacePool) -> None:
    batches = ClipBatches(video, STAGE, (1,), 4)
    for step in range(8):
        assert sorted(batches[step].person.tolist()) == [0, 1, 2, 3]


def test_a_batch_is_the_same_whenever_it_is_asked_for(video: FacePool) -> None:
    stage = replace(STAGE, clips=ClipSettings(frames=5), augmentation=AugmentationSettings())
    first, again = ClipBatches(video, stage, (1, 2, 0), 3), ClipBatches(video, stage, (1, 2, 0), 3)
    again[0]
    for name, value in vars(first[4]).items():
        np.testing.assert_array_equal(getattr(again[4], name), value, err_msg=name)


def test_looks_are_those_of_the_clip_not_of_the_frame(stills: FacePool) -> None:
    rng = np.random.default_rng(5)
    looks = AugmentationSettings(flip=1.0, occlude=0, noise=0, grey=0, blur=0)
    still = [stills.picture(0)] * 5
    clip = film(still, 128, replace(QUIET, still_camera=1.0, frames=5), looks, rng, moves=True)
    assert np.abs(clip.frames.astype(int) - clip.frames[:1]).max() == 0  # changed, but all alike
    assert dot_brightness(clip.frames, clip.points_px).max() < dot_brightness(clip.frames, clip.points_px + 9).min()


def test_an_object_passes_and_is_gone_again(stills: FacePool) -> None:
    pictures = [stills.picture(0)] * 12
    passing = replace(QUIET, still_camera=1.0, occlude=1.0)
    covered = []
    for seed in range(6):
        clips = [
            film(pictures, 128, settings, CALM, np.random.default_rng(seed), moves=True)
            for settings in (passing, replace(passing, occlude=0.0))
        ]
        changed = np.abs(clips[0].frames.astype(int) - clips[1].frames).max(axis=3) > 50
        covered.append(changed.mean(axis=(1, 2)))
        assert clips[0].shown.all()
    assert (np.max(covered, axis=1) > 0.005).sum() >= 4  # at times it has the colour of what is behind it
    assert (np.min(covered, axis=1) < 0.5 * np.max(covered, axis=1)).sum() >= 4


def test_a_hidden_face_is_covered_and_said_to_be(stills: FacePool) -> None:
    clip = film([stills.picture(0)] * 10, 128, replace(QUIET, vanish=1.0), CALM, np.random.default_rng(3), moves=True)
    hidden = np.flatnonzero(~clip.shown)
    assert 1 <= len(hidden) <= 3
    assert hidden.min() >= 2
    for index in hidden:
        x, y = np.round(clip.points_px[index]).astype(int).clip(0, 127).T
        assert clip.frames[index][y, x].std(axis=0).max() < 1  # one colour where the landmarks are


def test_paths_are_smooth() -> None:
    path = smooth_path(100, np.ones(200), np.random.default_rng(1))
    velocity, acceleration = np.diff(path, axis=0), np.diff(path, n=2, axis=0)
    assert velocity.std() == pytest.approx(1.0, rel=0.1)
    assert acceleration.std() == pytest.approx(np.sqrt(2 * (1 - INERTIA)), rel=0.1)
    assert path.mean() == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("length", [4, 7, 10, 25])
def test_windows_are_neighbours_and_short_runs_go_to_and_fro(length: int) -> None:
    run = list(range(100, 100 + length))
    for seed in range(5):
        chosen = window(run, 10, np.random.default_rng(seed))
        assert len(chosen) == 10
        assert (np.abs(np.diff(chosen)) == 1).all()
        assert set(chosen) <= set(run)


def test_clips_have_no_background(stills: FacePool) -> None:
    with pytest.raises(InputError, match="no background.*vanish"):
        ClipBatches(stills, replace(STAGE, mix={"made": 0.9, "background": 0.1}), (1,), 2)


def test_bursts_grow_over_the_stage_and_leave_clips_without_them_as_they_were(stills: FacePool) -> None:
    stage = replace(STAGE, images=18 * 20 * 3, clips=replace(QUIET, frames=20, bursts=0.6, bursts_ramp=0.5))
    batches, plain = (
        ClipBatches(stills, stage, (1,), 3),
        ClipBatches(stills, replace(stage, clips=replace(QUIET, frames=20)), (1,), 3),
    )
    shares = [batches[step].burst.mean() for step in range(18)]
    assert shares[0] == 0
    assert np.mean(shares[1:4]) < np.mean(shares[9:]) == pytest.approx(0.6, abs=0.1)
    for name, value in vars(plain[0]).items():
        np.testing.assert_array_equal(getattr(batches[0], name), value, err_msg=name)
    late = batches[12]
    assert late.shown.all()  # the face is to be found all the same
    assert (late.disturbance[~late.burst] == 0).all()
    assert 0.005 < np.abs(late.disturbance[late.burst]).mean() < 0.05  # sides of the crop
