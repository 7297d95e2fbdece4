"""Landmark errors by the protocols of 300-W and of the paper, as numbers without any file or network.

The unit is the inter-ocular distance, between the outer eye corners (36 and 45) of the annotation, unless another
is given (`training.datasets.annotation`). Landmarks that are not annotated are NaN and are not counted. Functions on
single errors return fractions of the unit; summaries are in percent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rednet_ros.landmarks import (
    DETECTION_INDICES,
    INNER_51,
    LEFT_OUTER_EYE_CORNER,
    REGIONS,
    RIGHT_OUTER_EYE_CORNER,
)

FAILURE_THRESHOLD = 0.10
"""A face whose mean error exceeds this fraction of the unit is a failure."""

AUC_LIMIT = 0.08
"""The curve of cumulative errors is integrated from 0 to this fraction of the unit."""


@dataclass(frozen=True)
class Summary:
    """Errors of a set of faces. All in percent of the unit but the two counts.

    `faces`: annotated faces, the missed ones included; `missed`: those without a prediction. The `nme_` values
    are of the faces found, by face: mean, median and (population) standard deviation of the mean over its annotated
    landmarks, mean over the 51 inner ones, over the 7 of the detection step, and mean by region; NaN where no such
    landmark was found. `failure_rate_10`: share of all faces that are missed or have an error above 10 %. `auc_8`:
    area under the curve of cumulative errors up to 8 %, of the area that perfect predictions would give; a missed face
    adds nothing to it.
    """

    faces: int
    missed: int
    nme_mean: float
    nme_median: float
    nme_std: float
    nme_inner51: float
    nme_detection7: float
    nme_by_region: dict[str, float]
    failure_rate_10: float
    auc_8: float


def interocular_distance(landmarks: NDArray[np.floating]) -> NDArray[np.float64]:
    """Distance between the outer eye corners: ... x 68 x 2 in, ... out, in the unit of the landmarks."""
    corners = landmarks[..., [RIGHT_OUTER_EYE_CORNER, LEFT_OUTER_EYE_CORNER], :].astype(np.float64)
    return np.linalg.norm(corners[..., 1, :] - corners[..., 0, :], axis=-1)


def box_size(landmarks: NDArray[np.floating]) -> NDArray[np.float64]:
    """Geometric mean of the sides of the tight box around the annotated landmarks: ... x 68 x 2 in, ... out.

    Every face has at least one annotated landmark.
    """
    extent = np.nanmax(landmarks, axis=-2).astype(np.float64) - np.nanmin(landmarks, axis=-2)
    return np.asarray(np.sqrt(extent.prod(axis=-1)))


def normalised_errors(
    predicted: NDArray[np.floating], truth: NDArray[np.floating], unit_px: NDArray[np.floating] | None = None
) -> NDArray[np.float64]:
    """Distance of each predicted landmark from its annotation, N x 68, as a fraction of the unit.

    `predicted`, `truth`: N x 68 x 2 in the same pixels; NaN where not annotated, in the result too. `unit_px`: N
    lengths above 0, by default the faces' inter-ocular distances. Raises ValueError if the shapes differ or the outer
    eye corners are needed, but coincide or are not annotated.
    """
    if predicted.shape != truth.shape or predicted.ndim != 3:
        raise ValueError(f"expected two arrays N x 68 x 2, got {predicted.shape} and {truth.shape}")
    if unit_px is None:
        unit_px = interocular_distance(truth)
        if not (unit_px > 0).all():
            at = int(np.argmin(unit_px > 0))
            raise ValueError(f"face {at}: the outer eye corners of the annotation coincide or are missing")
    return np.linalg.norm(predicted.astype(np.float64) - truth, axis=-1) / unit_px[:, None]


def summarise(errors: NDArray[np.floating], missed: int = 0) -> Summary:
    """Summary of `errors` (N x 68 fractions, from `normalised_errors`) and of `missed` faces without prediction.

    Raises ValueError if there is no face at all.
    """
    faces = len(errors) + missed
    if faces == 0:
        raise ValueError("no face to summarise")
    face_errors = mean_by_face(errors)
    failures = missed + int((face_errors > FAILURE_THRESHOLD).sum())
    return Summary(
        faces=faces,
        missed=missed,
        nme_mean=_mean_percent(face_errors),
        nme_median=_percent(np.median(face_errors)) if len(errors) else float("nan"),
        nme_std=_percent(face_errors.std()) if len(errors) else float("nan"),
        nme_inner51=_mean_percent(errors[:, list(INNER_51)]),
        nme_detection7=_mean_percent(errors[:, list(DETECTION_INDICES)]),
        nme_by_region={name: _mean_percent(errors[:, list(indices)]) for name, indices in REGIONS.items()},
        failure_rate_10=_percent(failures / faces),
        auc_8=_percent(area_under_curve(np.append(face_errors, np.full(missed, np.inf)))),
    )


def mean_by_face(errors: NDArray[np.floating]) -> NDArray[np.float64]:
    """Mean over each face's annotated landmarks, N x 68 in, N out. Every face has at least one."""
    if len(errors) == 0:
        return np.empty(0)
    return np.nanmean(errors.astype(np.float64), axis=1)


def area_under_curve(face_errors: NDArray[np.floating], limit: float = AUC_LIMIT) -> float:
    """Area under the cumulative error distribution from 0 to `limit`, divided by `limit`: 0..1.

    The distribution of N errors is a staircase; each face adds a step from its error to the limit, so the area is
    exact. `face_errors`: N fractions, N > 0.
    """
    return float(np.clip(1.0 - face_errors / limit, 0.0, 1.0).mean())


def accelerations(track: NDArray[np.floating], unit: NDArray[np.floating]) -> NDArray[np.float64]:
    """Frame-to-frame acceleration of each landmark, (T - 2) x P: |x[t-1] - 2 x[t] + x[t+1]| / unit[t].

    `track`: T x P x 2, consecutive frames; `unit`: T lengths in the same pixels. Give it predictions for the flicker
    of the landmarks, predictions minus annotations for the flicker of the error (free of the head's own motion; NaN
    where not annotated). Fewer than three frames give no rows.
    """
    track = track.astype(np.float64)
    second_difference = track[:-2] - 2 * track[1:-1] + track[2:]
    return np.linalg.norm(second_difference, axis=-1) / unit[1:-1, None]


def _mean_percent(values: NDArray[np.floating]) -> float:
    counted = values[~np.isnan(values)]
    return _percent(counted.mean()) if counted.size else float("nan")


def _percent(fraction: float | np.floating) -> float:
    return 100.0 * float(fraction)


def equal_error_rate(same: NDArray[np.floating], different: NDArray[np.floating]) -> tuple[float, float]:
    """Where as many pairs of one person are refused as of two people are accepted: the rate, 0..1, and its threshold.

    `same`, `different`: likenesses of pairs of one person and of two, in any order, neither empty.
    """
    thresholds = np.unique(np.concatenate([same, different]))
    refused = np.searchsorted(np.sort(same), thresholds, side="left") / len(same)
    accepted = 1 - np.searchsorted(np.sort(different), thresholds, side="left") / len(different)
    nearest = int(np.argmin(np.abs(refused - accepted)))
    return float(refused[nearest] + accepted[nearest]) / 2, float(thresholds[nearest])
