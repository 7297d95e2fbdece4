"""A network measured on labelled faces: stills by themselves, videos by the tracking protocol."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rednet_ros.errors import InputError
from rednet_ros.evaluation.data import in_sequences
from rednet_ros.evaluation.flicker import Flicker, measure_flicker
from rednet_ros.metrics import Summary, mean_by_face, normalised_errors, summarise
from rednet_ros.tracking.types import Box, FloatArray, ImageArray
from rednet_ros.training.datasets.annotation import Unit, landmark_box, unit_px
from rednet_ros.training.datasets.labels import LabelledFace
from rednet_ros.training.datasets.pictures import PictureReader


class Follower(Protocol):
    """Follows one face through a video: the box of a frame comes from the landmarks of the frame before.

    Landmarks are 68 x 2, in pixels of the image (H x W x 3 uint8 BGR).
    """

    def begin(self, image: ImageArray, box: Box) -> FloatArray | None:
        """Forget all and find the face whose annotated landmarks have this tight box; None where there is none."""

    def follow(self, image: ImageArray) -> FloatArray | None:
        """The face's landmarks in the next frame; None while no face is being followed."""


@dataclass(frozen=True)
class FaceResult:
    """What a follower found of one face: `landmarks_px` 68 x 2 float32, or None where it missed the face."""

    face: LabelledFace
    landmarks_px: FloatArray | None
    milliseconds: float
    unit: Unit = "interocular"

    @property
    def unit_px(self) -> float:
        """The length that this face's errors are divided by."""
        return unit_px(self.face, self.unit)

    @property
    def error(self) -> float:
        """Mean landmark error as a fraction of the unit; infinite for a missed face."""
        return float("inf") if self.landmarks_px is None else float(mean_by_face(_errors([self]))[0])


@dataclass(frozen=True)
class Evaluation:
    """`results` in the order in which the faces were predicted; `flicker` is None without three frames in a row.

    `ms_per_face`: median time of one prediction in milliseconds, without reading the image. `unit`: of all errors.
    """

    results: tuple[FaceResult, ...]
    summary: Summary
    flicker: Flicker | None
    ms_per_face: float
    unit: Unit = "interocular"

    def face_errors(self) -> NDArray[np.float64]:
        """Each result's error, as a fraction of the unit; infinite for missed faces."""
        return np.array([result.error for result in self.results])


@dataclass(frozen=True)
class _Row:
    """A face that is to be predicted; what `in_sequences` sorts."""

    face: LabelledFace


def evaluate(
    faces: Sequence[LabelledFace],
    follower: Follower,
    unit: Unit = "interocular",
    on_face: Callable[[], object] = lambda: None,
) -> Evaluation:
    """Let `follower` find every face, each image by itself, and measure it.

    The first face is looked for twice and the first time not counted: libraries set themselves up. `on_face` is called
    after each face. Raises InputError for an image that cannot be read, and for no faces at all.
    """
    return _evaluate([[face] for face in faces], follower, unit, None, on_face)


def evaluate_tracking(
    faces: Sequence[LabelledFace],
    follower: Follower,
    unit: Unit = "interocular",
    reinit_above: float | None = None,
    on_face: Callable[[], object] = lambda: None,
) -> Evaluation:
    """Run `follower` through every sequence of `faces` and measure it: tracking by detection (paper, section 5.1).

    A sequence begins with its first face's annotated box; a face that is not found there is missed, and looked for
    again in the next frame. After that the annotation is not used, unless `reinit_above` is given: the
    frame after one with a larger error (a fraction of the unit) begins anew. Frames that are not annotated are
    skipped. Raises InputError as `evaluate`, and for a face that belongs to no sequence.
    """
    for face in faces:
        if face.sequence is None:
            raise InputError(f'{face.image_path}: has no "sequence": the tracking protocol is for frames of videos')
    sequences = [[row.face for row in rows] for rows in in_sequences(_Row(face) for face in faces)]
    return _evaluate(sequences, follower, unit, reinit_above, on_face)


def _evaluate(
    sequences: Sequence[Sequence[LabelledFace]],
    follower: Follower,
    unit: Unit,
    reinit_above: float | None,
    on_face: Callable[[], object],
) -> Evaluation:
    results: list[FaceResult] = []
    with PictureReader() as pictures:
        for sequence in sequences:
            begin = True
            for face in sequence:
                image, box = pictures.read(face), landmark_box(face.points_px)
                if not results:
                    follower.begin(image, box)
                start_s = time.perf_counter()
                landmarks_px = follower.begin(image, box) if begin else follower.follow(image)
                milliseconds = 1000 * (time.perf_counter() - start_s)
                results.append(FaceResult(face, landmarks_px, milliseconds, unit))
                begin = landmarks_px is None or (reinit_above is not None and results[-1].error > reinit_above)
                on_face()
    return measured(results, unit)


def measured(results: Sequence[FaceResult], unit: Unit = "interocular") -> Evaluation:
    """The numbers of some results, all in this unit. Raises InputError for none."""
    if not results:
        raise InputError("There is no face to evaluate.")
    return Evaluation(
        results=tuple(results),
        summary=_summary(results),
        flicker=measure_flicker(results),
        ms_per_face=float(np.median([result.milliseconds for result in results])),
        unit=unit,
    )


def error_over_time(results: Sequence[FaceResult]) -> NDArray[np.float64]:
    """Mean error, in fractions, over all sequences at each frame since their start (paper, figure 7).

    NaN where every sequence has ended, or missed its face. Frames without a number follow each other. Empty if there
    is no sequence.
    """
    at: dict[int, list[float]] = {}
    for sequence in in_sequences(results):
        first = sequence[0].face.frame
        for index, result in enumerate(sequence):
            frame = index if first is None or result.face.frame is None else result.face.frame - first
            at.setdefault(frame, []).append(result.error)
    curve = np.full(max(at, default=-1) + 1, np.nan)
    for frame, errors in at.items():
        found = [error for error in errors if np.isfinite(error)]
        if found:
            curve[frame] = np.mean(found)
    return curve


def worst(results: Iterable[FaceResult], count: int) -> list[FaceResult]:
    """The `count` results with the largest errors, missed faces first; ties keep their order."""
    return sorted(results, key=lambda result: -result.error)[:count]


def _summary(results: Sequence[FaceResult]) -> Summary:
    found = [result for result in results if result.landmarks_px is not None]
    return summarise(_errors(found) if found else np.empty((0, 68)), missed=len(results) - len(found))


def _errors(found: Sequence[FaceResult]) -> NDArray[np.float64]:
    predicted = np.array([result.landmarks_px for result in found])
    truth = np.array([result.face.points_px for result in found])
    return normalised_errors(predicted, truth, np.array([result.unit_px for result in found]))
