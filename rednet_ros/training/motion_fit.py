"""Fits the tracker's motion filter to a network: how its landmarks jitter, and lag, in the tracker's own loop."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from rednet_ros.inference.engine import LandmarkEngine
from rednet_ros.tracking.crops import CROP_SCALE
from rednet_ros.tracking.detector.crop_calibration import BOX_SHIFT_DOWN, BOX_SIDE
from rednet_ros.tracking.detector.models import NoDetector
from rednet_ros.tracking.motion import (
    NOMINAL_STEP_S,
    SHAPES,
    UNIT,
    Motion,
    MotionFilter,
    as_complex,
    as_pairs,
    expected,
    moved,
    similarity,
)
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.sighting import Engine
from rednet_ros.tracking.tracker import FaceTracker
from rednet_ros.tracking.types import Box, Detection, FloatArray, ImageArray
from rednet_ros.training.clips import ClipBatch, ClipBatches
from rednet_ros.training.config import StageConfig
from rednet_ros.training.datasets.pool import FacePool
from rednet_ros.wording import progress_interval_s


@dataclass(frozen=True)
class Kind:
    """A kind of clips. `motion`: factor of the virtual camera's, 0: still. `every`: which frames the tracker sees, of
    30 a second. `scale`: of the frames; small faces jitter more. `rough`: it also counts with `ROUGH` times the jitter.
    """

    motion: float
    every: int = 1
    scale: float = 1.0
    rough: bool = False


KINDS = (
    Kind(0.0, rough=True),
    Kind(0.5, rough=True),
    Kind(0.5, scale=0.3),
    Kind(1.5),
    Kind(0.0, every=2, rough=True),
    Kind(0.5, every=2),
    Kind(0.0, scale=0.3),
    Kind(0.5, every=6),
)

ROUGH = 4.0
"""So many times as much may a face as a whole jitter in dark or poor images."""

START = MotionFilter(
    np.array([[-1.0, 2.5, 1.5], [-1.0, 0.0, 1.0]]), np.array([[-0.5, 0.5], [-2.5, -1.0]]), np.array([1.5, -0.7])
)
"""Near where the fit ends."""

POINT_SCALE = 0.5
"""In `UNIT`: errors far below count by their size, those far above by its logarithm."""

MAX_ERROR = 8.0
"""In `UNIT`, of a frame: half of the face's radius. A face that was farther off was lost, and its clip is left out."""


DECAY, DIFFERENCE = 1e-4, 1e-2
"""Weight of the parameters' squares, and the step of their differences."""


@dataclass(frozen=True)
class MotionFitSettings:
    """`clips` of `frames` that the tracker sees in each of `rounds`: new ones, with the filter of the round before.

    `jitter`: weight of the error's acceleration beside its size. `iterations`: of L-BFGS in a round.
    """

    clips: int = 120
    frames: int = 24
    rounds: int = 2
    jitter: float = 2.0
    iterations: int = 15
    seed: int = 0


@dataclass(frozen=True)
class Paths:
    """N faces in T frames that are `step_s` apart. `seen_px`: T x N x 68 x 2, as the network saw them; `truth_px`: the
    same, NaN where there is no truth."""

    seen_px: FloatArray
    truth_px: FloatArray
    step_s: float


def fit_motion(weights: str | Path, pool: FacePool, stage: StageConfig, settings: MotionFitSettings) -> dict[str, Any]:
    """The motion filter's parameters for a weights file, as its header holds them ("motion").

    The faces are those of `pool` in the shares of `stage.mix`; `stage` also says how clips look.
    """
    engine = LandmarkEngine.load(weights, "cpu")
    motion_filter, paths = START, []
    for number in range(settings.rounds):
        made = clips(pool, stage, replace(settings, seed=settings.seed + number))
        paths += record(engine, motion_filter, made)
        motion_filter = fit(motion_filter, paths, settings)
    return motion_filter.parameters()


def clips(pool: FacePool, stage: StageConfig, settings: MotionFitSettings) -> Iterator[tuple[Kind, ClipBatch]]:
    """Clips of one face each, of all kinds in turn."""
    batches = {}
    for number, kind in enumerate(KINDS):
        looks = replace(
            stage.clips, frames=settings.frames * kind.every, motion=kind.motion, still_camera=0.0, vanish=0.0
        )
        batches[kind] = ClipBatches(pool, replace(stage, clips=looks), (settings.seed, number), 1)
    for index in tqdm(range(settings.clips), unit="clip", mininterval=progress_interval_s()):
        kind = KINDS[index % len(KINDS)]
        yield kind, batches[kind][index // len(KINDS)]


def record(engine: Engine, motion_filter: MotionFilter, made: Iterable[tuple[Kind, ClipBatch]]) -> list[Paths]:
    """What the network sees while `FaceTracker` follows faces with a filter. Faces that it loses are left out.

    Raises ValueError if none is left.
    """
    found: dict[float, list[tuple[FloatArray, FloatArray]]] = {}
    for kind, batch in made:
        truth_px = kind.scale * batch.points_px[0, :: kind.every]
        seen_px = _followed(engine, motion_filter, kind, batch)
        if len(seen_px) == len(truth_px) and _largest_error(seen_px, truth_px) < MAX_ERROR:
            pairs = found.setdefault(kind.every * NOMINAL_STEP_S, [])
            pairs.append((seen_px, truth_px))
            if kind.rough and np.isfinite(truth_px).all():
                pairs.append((_rougher(seen_px, truth_px), truth_px))
    if not found:
        raise ValueError("no face was followed from the first frame of its clip to the last")
    return [
        Paths(np.stack([seen for seen, _ in pairs], axis=1), np.stack([truth for _, truth in pairs], axis=1), step_s)
        for step_s, pairs in found.items()
    ]


@dataclass(frozen=True)
class _Recorder(MotionFilter):
    """Remembers what it is given. `rows`: landmarks before, and as they are seen."""

    rows: list[tuple[FloatArray, FloatArray]] = field(default_factory=list)

    def update(
        self, before_px: FloatArray, motion: Motion, seen_px: FloatArray, step_s: float
    ) -> tuple[FloatArray, Motion]:
        self.rows.append((before_px, seen_px))
        return super().update(before_px, motion, seen_px, step_s)


def _followed(engine: Engine, motion_filter: MotionFilter, kind: Kind, batch: ClipBatch) -> FloatArray:
    """T x 68 x 2: what the network saw of the face, as far as it was followed without a break."""
    recorder = _Recorder(motion_filter.alpha, motion_filter.beta, motion_filter.pull)
    settings = TrackerSettings(detect_in_background=False, assumed_fov_deg=0.0, recognition=False, max_gap_s=60.0)
    with FaceTracker(engine=engine, detector=NoDetector(), settings=settings, motion=recorder) as tracker:
        for index, frame in enumerate(batch.frames[0, :: kind.every]):
            image = _scaled(frame, kind.scale)
            detections = {"": [_detection(batch.detected[0, 0], kind.scale)]} if index == 0 else {}
            tracker.update_many({"": (image, index * kind.every * NOMINAL_STEP_S)}, detections)
    first = [before for before, _ in recorder.rows[:1]]
    return np.array([*first, *(seen for _, seen in recorder.rows)], np.float32)


def _scaled(image: ImageArray, scale: float) -> ImageArray:
    return image if scale == 1 else np.asarray(cv2.resize(image, None, fx=scale, fy=scale), np.uint8)


def _detection(crop: FloatArray, scale: float) -> Detection:
    """The box of a detector that gives this crop: `crop_from_detection` turned round."""
    x, y, side_px = (scale * float(value) for value in crop[:3])
    extent_px = side_px / (CROP_SCALE * BOX_SIDE)
    return Detection(Box(x - extent_px / 2, y - (0.5 + BOX_SHIFT_DOWN) * extent_px, extent_px, extent_px), 1.0)


def _errors(points_px: FloatArray, truth_px: FloatArray) -> NDArray[np.floating]:
    """In `UNIT` of the faces' mean radius over time."""
    middle = np.nanmean(truth_px, axis=-2, keepdims=True)
    radius = np.sqrt(np.nanmean(((truth_px - middle) ** 2).sum(axis=-1), axis=(0, -1)))
    return (points_px - truth_px) / (UNIT * radius[..., None, None])


def _largest_error(seen_px: FloatArray, truth_px: FloatArray) -> float:
    return float(np.nanmean(np.linalg.norm(_errors(seen_px, truth_px), axis=-1), axis=-1).max())


def _rougher(seen_px: FloatArray, truth_px: FloatArray) -> FloatArray:
    """What was seen, T x 68 x 2, if the face as a whole jittered `ROUGH` times as much about its mean error."""
    steady, seen = as_complex(truth_px + (seen_px - truth_px).mean(axis=0)), as_complex(seen_px)
    miss = similarity(steady, seen)
    return as_pairs(moved(steady, ROUGH * miss) + seen - moved(steady, miss)).astype(np.float32)


def smoothed(motion_filter: MotionFilter, paths: Paths) -> FloatArray:
    """The paths as the filter leaves them, T x N x 68 x 2."""
    landmarks_px, motion = paths.seen_px[0], Motion.of_new_face()
    frames = [landmarks_px]
    for seen_px in paths.seen_px[1:]:
        ahead_px = expected(landmarks_px, motion, paths.step_s)
        landmarks_px, motion = motion_filter.update(ahead_px, motion, seen_px, paths.step_s)
        frames.append(landmarks_px)
    return np.stack(frames)


def loss(motion_filter: MotionFilter, paths: Sequence[Paths], jitter: float) -> float:
    """Mean size and weighted mean acceleration of the errors, over all frames."""
    total, count = 0.0, 0
    for some in paths:
        errors = _errors(smoothed(motion_filter, some), some.truth_px)
        accelerations = errors[2:] - 2 * errors[1:-1] + errors[:-2]
        frames = errors.shape[0] * errors.shape[1]
        size = np.nanmean(np.log1p(abs(errors) / POINT_SCALE))
        total += frames * float(size + jitter * np.nanmean(abs(accelerations)))
        count += frames
    return total / count


def fit(start: MotionFilter, paths: Sequence[Paths], settings: MotionFitSettings) -> MotionFilter:
    """The filter with the smallest loss, from `start`: by L-BFGS with central differences, as parameters are few."""
    found = torch.from_numpy(_packed(start)).requires_grad_()
    optimizer = torch.optim.LBFGS([found], lr=0.5, max_iter=settings.iterations, line_search_fn="strong_wolfe")

    def of(values: NDArray[np.float64]) -> float:
        return loss(_unpacked(values), paths, settings.jitter) + DECAY * float((values**2).sum())

    def closure() -> float:
        values = found.detach().numpy()
        steps = DIFFERENCE * np.eye(len(values))
        gradient = [(of(values + step) - of(values - step)) / (2 * DIFFERENCE) for step in steps]
        found.grad = torch.tensor(gradient, dtype=found.dtype)
        return of(values)

    optimizer.step(closure)
    return _unpacked(found.detach().numpy().copy())


def _packed(motion_filter: MotionFilter) -> NDArray[np.float64]:
    return np.concatenate([getattr(motion_filter, name).ravel() for name in SHAPES])


def _unpacked(values: NDArray[np.float64]) -> MotionFilter:
    ends = np.cumsum([math.prod(shape) for shape in SHAPES.values()])[:-1]
    parts = zip(SHAPES.items(), np.split(values, ends), strict=True)
    return MotionFilter(**{name: part.reshape(shape) for (name, shape), part in parts})
