"""Fits the tracker's motion filter to a network: how its landmarks jitter, and lag, in the tracker's own loop."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
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
from rednet_ros.tracking.mean_shape import MEAN_SHAPE
from rednet_ros.tracking.motion import (
    NOMINAL_STEP_S,
    SHAPES,
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
from rednet_ros.training.config import MotionStage, StageConfig
from rednet_ros.training.datasets.pool import FacePool
from rednet_ros.wording import progress_interval_s

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kind:
    """A kind of clips. `motion`: factor of the virtual camera's, 0: still. `every`: which frames the tracker sees, of
    30 a second. `scale`: of the frames; small faces jitter more. `rough`: with `ROUGH` times the jitter.
    """

    motion: float
    every: int = 1
    scale: float = 1.0
    rough: bool = False

    def __str__(self) -> str:
        return f"{self.motion:g} | {30 / self.every:g} | {self.scale:g} | {ROUGH if self.rough else 1:g}"


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
"""What clips are made of; those that are rough count as they are, too."""

ROUGH = 4.0
"""So many times as much may a face as a whole jitter in dark or poor images."""

START = MotionFilter(
    np.array([[-1.0, 2.5, 1.5], [-1.0, 0.0, 1.0]]), np.array([[-0.5, 0.5], [-2.5, -1.0]]), np.array([1.5, -0.7])
)
"""The standard parameters, near where fits end."""

MAX_ERROR = 32.0
"""In percent, of a frame. A face that was farther off was lost, and its clip is left out."""

PENALTY = 10.0
"""Of an error that is twice as far above the network's as it may be, and of losing all faces: what ten times the
flicker costs."""

DECAY, DIFFERENCE = 1e-4, 1e-2
"""Weight of the parameters' squares, and the step of their differences."""

ITERATIONS = 15
"""Of L-BFGS, in a round."""

APART = 3
"""For so many clips one is made to judge by."""


@dataclass(frozen=True)
class Paths:
    """N faces in T frames that are `step_s` apart. `seen_px`: T x N x 68 x 2, as the network saw them; `truth_px`: the
    same, NaN where there is no truth. `kinds`: N, what clips they are from."""

    seen_px: FloatArray
    truth_px: FloatArray
    step_s: float
    kinds: tuple[Kind, ...]

    @cached_property
    def seen(self) -> NDArray[np.floating]:
        """`figures` of what the network saw."""
        return figures(self.seen_px, self)


def fit_motion(
    weights: str | Path, pool: FacePool, filmed_as: StageConfig, stage: MotionStage, seed: int
) -> dict[str, Any]:
    """The motion filter's parameters for a weights file, as its header holds them ("motion").

    The faces are those of `pool` in the shares of `filmed_as.mix`; `filmed_as` also says how clips look. The fitted
    filter and the standard one are compared on clips that were not fitted to; the better one's parameters are returned.
    Raises ValueError where the network follows no face.
    """
    engine = LandmarkEngine.load(weights, "cpu")
    fitted, paths = START, []
    for number in range(stage.rounds):
        paths += record(engine, fitted, clips(pool, filmed_as, stage, (seed, number), stage.clips))
        fitted = fit(fitted, paths, stage.max_added_error)
    apart = math.ceil(stage.clips / APART)
    tried = {
        name: (one, record(engine, one, clips(pool, filmed_as, stage, (seed, stage.rounds), apart)))
        for name, one in (("standard", START), ("fitted", fitted))
    }
    return choose(tried, apart, stage.max_added_error).parameters()


def choose(tried: dict[str, tuple[MotionFilter, list[Paths]]], clips_made: int, max_added_error: float) -> MotionFilter:
    """The better of some filters by name, each with what the network saw in `clips_made` clips with it in the loop."""
    scores, found = {}, {}
    for name, (motion_filter, paths) in tried.items():
        kept = sum(kind.rough is False for some in paths for kind in some.kinds)
        scores[name] = loss(motion_filter, paths, max_added_error) + PENALTY * (clips_made - kept) / clips_made
        found[name] = by_kind(motion_filter, paths)
    log.info("the motion filter on clips apart, percent of the outer eye corners' distance:\n%s", _table(found))
    best = min(scores, key=lambda name: (not math.isfinite(scores[name]), scores[name]))
    log.info("loss: %s; taken: %s", ", ".join(f"{name} {score:.3f}" for name, score in scores.items()), best)
    added = max(left[0] - seen[0] for seen, left in found[best].values())
    if added > max_added_error:
        log.warning("the filter adds %.2f points of error to a kind of clips, wanted were %.2f", added, max_added_error)
    return tried[best][0]


def _table(found: dict[str, dict[Kind, NDArray[np.floating]]]) -> str:
    """Rows of kinds; error, flicker and lag of the network alone, and with each filter, in Markdown."""
    names = ["network", *found]
    columns = [f"{what}: {name}" for what in ("error", "flicker", "lag ms") for name in names]
    lines = ["| motion | images/s | scale | jitter | " + " | ".join(columns) + " |", "|" + "---|" * (4 + len(columns))]
    for kind in next(iter(found.values())):
        both = [found[name].get(kind, np.full((2, 3), np.nan)) for name in found]
        rows = [both[-1][0], *(left for _, left in both)]
        lines.append(f"| {kind} | " + " | ".join(f"{row[which]:.2f}" for which in range(3) for row in rows) + " |")
    return "\n".join(lines)


def clips(
    pool: FacePool, filmed_as: StageConfig, stage: MotionStage, seed: tuple[int, ...], count: int
) -> Iterator[tuple[Kind, ClipBatch]]:
    """Clips of one face each, of all kinds in turn."""
    batches = {}
    for number, kind in enumerate(KINDS):
        looks = replace(
            filmed_as.clips,
            frames=stage.frames * kind.every,
            motion=kind.motion,
            still_camera=0.0,
            vanish=0.0,
            bursts=0.0,
        )
        batches[kind] = ClipBatches(pool, replace(filmed_as, clips=looks), (*seed, number), 1)
    for index in tqdm(range(count), unit="clip", mininterval=progress_interval_s()):
        kind = KINDS[index % len(KINDS)]
        yield kind, batches[kind][index // len(KINDS)]


def record(engine: Engine, motion_filter: MotionFilter, made: Iterable[tuple[Kind, ClipBatch]]) -> list[Paths]:
    """What the network sees while `FaceTracker` follows faces with a filter. Faces that it loses are left out.

    Raises ValueError if none is left.
    """
    found: dict[float, list[tuple[FloatArray, FloatArray, Kind]]] = {}
    for kind, batch in made:
        truth_px = kind.scale * batch.points_px[0, :: kind.every]
        seen_px = _followed(engine, motion_filter, kind, batch)
        if len(seen_px) == len(truth_px) and _largest_error(seen_px, truth_px) < MAX_ERROR:
            rows = found.setdefault(kind.every * NOMINAL_STEP_S, [])
            rows.append((seen_px, truth_px, replace(kind, rough=False)))
            if kind.rough and np.isfinite(truth_px).all():
                rows.append((_rougher(seen_px, truth_px), truth_px, kind))
    if not found:
        raise ValueError("no face was followed from the first frame of its clip to the last")
    return [
        Paths(np.stack(seen, axis=1), np.stack(truth, axis=1), step_s, kinds)
        for step_s, rows in found.items()
        for seen, truth, kinds in [zip(*rows, strict=True)]
    ]


@dataclass(frozen=True)
class _Recorder(MotionFilter):
    """Remembers what it is given of the only face. `rows`: landmarks before, and as they are seen."""

    rows: list[tuple[FloatArray, FloatArray]] = field(default_factory=list)

    def update(
        self, before_px: FloatArray, motion: Motion, seen_px: FloatArray, step_s: float
    ) -> tuple[FloatArray, Motion]:
        self.rows.append((before_px[0], seen_px[0]))
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
            if not any(place.unseen_s == 0 for place in tracker.places()):
                recorder.rows[-1:] = []  # what was seen there was not the face
                break
    first = [before for before, _ in recorder.rows[:1]]
    return np.array([*first, *(seen for _, seen in recorder.rows)], np.float32)


def _scaled(image: ImageArray, scale: float) -> ImageArray:
    return image if scale == 1 else np.asarray(cv2.resize(image, None, fx=scale, fy=scale), np.uint8)


def _detection(crop: FloatArray, scale: float) -> Detection:
    """The box of a detector that gives this crop: `crop_from_detection` turned round."""
    x, y, side_px = (scale * float(value) for value in crop[:3])
    extent_px = side_px / (CROP_SCALE * BOX_SIDE)
    return Detection(Box(x - extent_px / 2, y - (0.5 + BOX_SHIFT_DOWN) * extent_px, extent_px, extent_px), 1.0)


def _unit_px(truth_px: FloatArray) -> NDArray[np.floating]:
    """... of T x ... x 68 x 2: a hundredth of the outer eye corners' distance in a frontal face of the mean size."""
    radius_px, mean_radius = (
        np.sqrt(np.nanmean(((points - np.nanmean(points, axis=-2, keepdims=True)) ** 2).sum(axis=-1), axis=(0, -1)))
        for points in (truth_px, MEAN_SHAPE[None])
    )
    return np.asarray(0.01 * radius_px / mean_radius)


def _largest_error(seen_px: FloatArray, truth_px: FloatArray) -> float:
    sizes = np.nanmean(np.linalg.norm(seen_px - truth_px, axis=-1), axis=-1)
    return float(sizes.max() / _unit_px(truth_px))


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


def figures(points_px: FloatArray, paths: Paths) -> NDArray[np.floating]:
    """N x 3, of landmarks in place of those seen: the mean error and the mean acceleration of the error from frame to
    frame, in percent of the outer eye corners' distance; the lag of the centre behind its motion, ms."""
    errors = points_px - paths.truth_px
    found = [
        np.nanmean(np.linalg.norm(some, axis=-1), axis=(0, 2)) / _unit_px(paths.truth_px)
        for some in (errors, np.diff(errors, n=2, axis=0))
    ]
    way_px = np.diff(np.nanmean(paths.truth_px, axis=2), axis=0)
    behind_px2 = -(np.nanmean(errors, axis=2)[1:] * way_px).sum(axis=(0, 2))
    lag_ms = 1000 * paths.step_s * behind_px2 / np.maximum((way_px**2).sum(axis=(0, 2)), 1.0)
    return np.stack([*found, lag_ms], axis=-1)


def by_kind(motion_filter: MotionFilter, paths: Sequence[Paths]) -> dict[Kind, NDArray[np.floating]]:
    """2 x 3 for each kind of clips: mean `figures` of what the network saw, and of what the filter makes of it."""
    rows: dict[Kind, list[Any]] = {}
    for some in paths:
        left = figures(smoothed(motion_filter, some), some)
        for kind, *both in zip(some.kinds, some.seen, left, strict=True):
            rows.setdefault(kind, []).append(both)
    return {kind: np.mean(both, axis=0) for kind, both in rows.items()}


def loss(motion_filter: MotionFilter, paths: Sequence[Paths], max_added_error: float) -> float:
    """Mean over the kinds of clips of the shares of flicker and error that the filter leaves; more, and steeply so,
    where it adds more than `max_added_error` points to the error."""
    losses = []
    for (error, flicker, _), (error_left, flicker_left, _) in by_kind(motion_filter, paths).values():
        excess = max(0.0, float(error_left - error) / max_added_error - 1)
        losses.append(flicker_left / flicker + error_left / error + PENALTY * excess**2)
    return float(np.mean(losses))


def fit(start: MotionFilter, paths: Sequence[Paths], max_added_error: float) -> MotionFilter:
    """The filter with the smallest loss, from `start`: by L-BFGS with central differences, as parameters are few."""
    found = torch.from_numpy(_packed(start)).requires_grad_()
    optimizer = torch.optim.LBFGS([found], lr=0.5, max_iter=ITERATIONS, line_search_fn="strong_wolfe")

    def of(values: NDArray[np.float64]) -> float:
        return loss(_unpacked(values), paths, max_added_error) + DECAY * float((values**2).sum())

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
