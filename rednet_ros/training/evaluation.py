"""A landmark predictor measured on labelled faces: errors, missed faces, time, and flicker in sequences."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rednet_ros.errors import InputError
from rednet_ros.images import read_image
from rednet_ros.tracking.types import Box, FloatArray, ImageArray
from rednet_ros.training.labels import LabelledFace
from rednet_ros.training.metrics import Summary, accelerations, interocular_distance, normalised_errors, summarise

Predict = Callable[[ImageArray, Box], FloatArray | None]
"""An image (H x W x 3 uint8 BGR) and the tight box around the annotated face in it -> 68 x 2 landmarks in its
pixels, or None where the predictor does not find that face."""


@dataclass(frozen=True)
class FaceResult:
    """What a predictor said of one face: `landmarks_px` 68 x 2 float32, or None where it missed the face."""

    face: LabelledFace
    landmarks_px: FloatArray | None
    milliseconds: float

    @property
    def error(self) -> float:
        """Mean landmark error as a fraction of the inter-ocular distance; infinite for a missed face."""
        if self.landmarks_px is None:
            return float("inf")
        return float(normalised_errors(self.landmarks_px[None], self.face.points_px[None]).mean())


@dataclass(frozen=True)
class Flicker:
    """Mean frame-to-frame acceleration over all landmarks, in percent of the inter-ocular distance.

    `landmarks`: of the predictions; contains the head's own acceleration, and the camera's. `error`: of predictions
    minus annotations, free of both. `frames`: over how many frames, each with one before and one after it.
    """

    landmarks: float
    error: float
    frames: int


@dataclass(frozen=True)
class Evaluation:
    """`results` in the order of the faces given; `flicker` is None where no sequence has three frames in a row.

    `ms_per_face`: median time of one prediction in milliseconds, without reading the image.
    """

    results: tuple[FaceResult, ...]
    summary: Summary
    flicker: Flicker | None
    ms_per_face: float


def evaluate(faces: Iterable[LabelledFace], predict: Predict) -> Evaluation:
    """Run `predict` on every face and measure it.

    The first face is predicted twice and the first time not counted: libraries set themselves up. Raises
    InputError for an image that cannot be read, and for no faces at all.
    """
    results: list[FaceResult] = []
    for face in faces:
        image, box = read_image(face.image_path), Box.around(face.points_px)
        if not results:
            predict(image, box)
        start_s = time.perf_counter()
        landmarks_px = predict(image, box)
        results.append(FaceResult(face, landmarks_px, 1000 * (time.perf_counter() - start_s)))
    if not results:
        raise InputError("There is no face to evaluate.")
    return Evaluation(
        results=tuple(results),
        summary=_summary(results),
        flicker=measure_flicker(results),
        ms_per_face=float(np.median([result.milliseconds for result in results])),
    )


def worst(results: Iterable[FaceResult], count: int) -> list[FaceResult]:
    """The `count` results with the largest errors, missed faces first; ties keep their order."""
    return sorted(results, key=lambda result: -result.error)[:count]


def measure_flicker(results: Iterable[FaceResult]) -> Flicker | None:
    """Flicker over all runs of at least three consecutive frames of a sequence; None without any.

    Frames are consecutive when their `frame` numbers are; a face without a number follows the row before it. Faces
    of different `identity` in one sequence are apart, and a missed face ends a run.
    """
    landmark_steps, error_steps = [], []
    for run in _runs(results):
        predicted, truth = (np.stack(values).astype(np.float64) for values in zip(*run, strict=True))
        unit = interocular_distance(truth)
        landmark_steps.append(accelerations(predicted, unit))
        error_steps.append(accelerations(predicted - truth, unit))
    frames = sum(map(len, landmark_steps))
    if frames == 0:
        return None
    return Flicker(_mean_percent(landmark_steps), _mean_percent(error_steps), frames)


def _runs(results: Iterable[FaceResult]) -> Iterator[list[tuple[FloatArray, FloatArray]]]:
    """Predictions and annotations of consecutive frames."""
    sequences: dict[tuple[str, str | None], list[tuple[int, FaceResult]]] = defaultdict(list)
    for result in results:
        if result.face.sequence is not None:
            rows = sequences[result.face.sequence, result.face.identity]
            rows.append((len(rows) if result.face.frame is None else result.face.frame, result))
    for rows in sequences.values():
        run: list[tuple[FloatArray, FloatArray]] = []
        previous = None
        for frame, result in sorted(rows, key=lambda row: row[0]):
            if run and (result.landmarks_px is None or previous is None or frame != previous + 1):
                yield run
                run = []
            if result.landmarks_px is not None:
                run.append((result.landmarks_px, result.face.points_px))
            previous = frame
        if run:
            yield run


def _summary(results: Sequence[FaceResult]) -> Summary:
    found = [(result.landmarks_px, result.face.points_px) for result in results if result.landmarks_px is not None]
    if not found:
        return summarise(np.empty((0, 68)), missed=len(results))
    predicted, truth = (np.stack(values) for values in zip(*found, strict=True))
    return summarise(normalised_errors(predicted, truth), missed=len(results) - len(found))


def _mean_percent(steps: Sequence[NDArray[np.float64]]) -> float:
    return 100.0 * float(np.concatenate(steps).mean())
