"""Flicker: how much landmarks jump from frame to frame, in labelled sequences and in clips without annotation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rednet_ros.evaluation.data import OfFace, in_sequences, runs
from rednet_ros.metrics import accelerations, interocular_distance
from rednet_ros.tracking.types import FloatArray

SMOOTHING_FRAMES = 25
"""Frames over which the unit of a clip without annotation is averaged: it must not flicker itself."""

PATH_FRAMES = 7
"""Frames to which a parabola is fitted, to separate the path of a face from the jitter around it."""


@dataclass(frozen=True)
class Flicker:
    """Mean frame-to-frame acceleration over all landmarks, in percent of the unit.

    `landmarks`: of the predictions; contains the head's own acceleration, and the camera's. `error`: of predictions
    minus annotations, free of both. `frames`: over how many frames, each with one before and one after it.
    """

    landmarks: float
    error: float
    frames: int


@dataclass(frozen=True)
class ClipFlicker:
    """Several predictors on the same frames of a clip without annotation, by their names.

    `landmarks`: mean acceleration of the landmarks, in percent of the inter-ocular distance. `away`: mean distance from
    the landmarks of the predictor that was named as reference, in the same unit: large for landmarks that do not
    flicker because they do not move. `motion`: mean acceleration of a smooth path through the reference's landmarks,
    about what the head itself accelerates; only a predictor that lags can come below it. `frames`: over how many
    frames; the values are NaN where that is 0, `motion` too where all stretches are short. `lost`: in how many frames
    the predictor had no face; these are left out for all, so that all are judged on the same.
    """

    landmarks: dict[str, float]
    away: dict[str, float]
    motion: float
    lost: dict[str, int]
    frames: int


class Predicted(OfFace, Protocol):
    """A face with what was predicted for it, 68 x 2 pixels, None where it was missed; `unit_px`: of its errors."""

    @property
    def landmarks_px(self) -> FloatArray | None: ...

    @property
    def unit_px(self) -> float: ...


def measure_flicker(results: Iterable[Predicted]) -> Flicker | None:
    """Flicker over all runs of at least three consecutive frames of a sequence; None without any.

    Frames are consecutive when their `frame` numbers are; a face without a number follows the row before it. Faces
    of different `identity` in one sequence are apart, and a missed face ends a run.
    """
    landmark_steps, error_steps = [], []
    for run in _unbroken(results):
        predicted = np.array([result.landmarks_px for result in run], np.float64)
        truth = np.array([result.face.points_px for result in run], np.float64)
        unit_px = np.array([result.unit_px for result in run])
        landmark_steps.append(accelerations(predicted, unit_px))
        error_steps.append(accelerations(predicted - truth, unit_px))
    frames = sum(map(len, landmark_steps))
    if frames == 0:
        return None
    return Flicker(_mean_percent(landmark_steps), _mean_percent(error_steps), frames)


def compare_flicker(tracks: Sequence[Mapping[str, FloatArray]], names: Sequence[str], reference: str) -> ClipFlicker:
    """Flicker of several predictors on unlabelled faces, over the frames in which all of them have the face.

    `tracks`: one for each face; for each of `names` T x 68 x 2 pixels, consecutive frames, NaN rows without the face.
    The unit in a frame is the mean inter-ocular distance of all predictors, averaged over `SMOOTHING_FRAMES`: the same
    for all of them. `reference`: the one of `names` that `away` is measured from.
    """
    steps: dict[str, list[NDArray[np.float64]]] = {name: [] for name in names}
    apart: dict[str, list[NDArray[np.float64]]] = {name: [] for name in names}
    motion: list[NDArray[np.float64]] = []
    for track in tracks:
        seen = np.asarray(np.isfinite(np.stack([track[name] for name in names])).all(axis=(0, 2, 3)))
        for start, stop in _stretches(seen, at_least=3):
            part = {name: track[name][start:stop].astype(np.float64) for name in names}
            unit = smoothed(np.mean([interocular_distance(points) for points in part.values()], axis=0))
            motion.append(accelerations(smooth_path(part[reference]), unit[_within(unit)]))
            for name in names:
                steps[name].append(accelerations(part[name], unit))
                distance = np.linalg.norm(part[name] - part[reference], axis=-1) / unit[:, None]
                apart[name].append(distance[1:-1])
    lost = {name: sum(int(np.isnan(track[name]).any(axis=(1, 2)).sum()) for track in tracks) for name in names}
    landmarks = {name: _mean_percent(steps[name]) for name in names}
    away = {name: _mean_percent(apart[name]) for name in names}
    return ClipFlicker(landmarks, away, _mean_percent(motion), lost, frames=sum(map(len, steps[reference])))


def joined(parts: Sequence[ClipFlicker]) -> ClipFlicker:
    """Several clips as one: means weighted by their frames. Raises ValueError for no clip."""
    if not parts:
        raise ValueError("no clip to join")
    frames = np.array([part.frames for part in parts])

    def mean(of_parts: Iterable[float]) -> float:
        values = np.array(list(of_parts))
        known = np.isfinite(values)
        return float(np.average(values[known], weights=frames[known])) if known.any() else float("nan")

    return ClipFlicker(
        {name: mean(part.landmarks[name] for part in parts) for name in parts[0].landmarks},
        {name: mean(part.away[name] for part in parts) for name in parts[0].away},
        mean(part.motion for part in parts),
        {name: sum(part.lost[name] for part in parts) for name in parts[0].lost},
        int(frames.sum()),
    )


def smoothed(values: NDArray[np.floating], frames: int = SMOOTHING_FRAMES) -> NDArray[np.float64]:
    """Centred moving mean of T values over at most `frames` of them; shorter at both ends."""
    total = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    index = np.arange(len(values))
    start, stop = np.maximum(index - frames // 2, 0), np.minimum(index + frames // 2 + 1, len(values))
    return (total[stop] - total[start]) / (stop - start)


def smooth_path(track: NDArray[np.floating]) -> NDArray[np.float64]:
    """The middle of the parabola through each `PATH_FRAMES` frames: T x P x 2 in, T + 1 - `PATH_FRAMES` rows out.

    A face that moves with steady acceleration is left as it is (Savitzky and Golay, 1964).
    """
    time = np.arange(PATH_FRAMES) - PATH_FRAMES // 2
    weights = np.linalg.pinv(np.stack([np.ones_like(time), time, time**2], axis=1))[0]
    if len(track) < PATH_FRAMES:
        return np.empty((0, *track.shape[1:]))
    windows = np.lib.stride_tricks.sliding_window_view(track.astype(np.float64), PATH_FRAMES, axis=0)
    return np.asarray(windows @ weights)


def _within(values: NDArray[np.float64]) -> slice:
    """The values at the frames of a `smooth_path`."""
    return slice(PATH_FRAMES // 2, max(PATH_FRAMES // 2, len(values) - PATH_FRAMES // 2))


def _unbroken(results: Iterable[Predicted]) -> list[list[Predicted]]:
    """Results of consecutive frames without a missed face."""
    found: list[list[Predicted]] = []
    for sequence in in_sequences(results):
        for run in runs(sequence):
            for is_found, part in groupby(run, key=lambda result: result.landmarks_px is not None):
                if is_found:
                    found.append(list(part))
    return found


def _stretches(seen: NDArray[np.bool_], at_least: int) -> list[tuple[int, int]]:
    """(start, stop) of the runs of True that are long enough."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], seen, [False]]).astype(np.int8)))
    pairs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return [(start, stop) for start, stop in pairs if stop - start >= at_least]


def _mean_percent(steps: Sequence[NDArray[np.float64]]) -> float:
    values = np.concatenate([np.ravel(step) for step in steps]) if steps else np.empty(0)
    return 100.0 * float(np.nanmean(values)) if values.size else float("nan")
