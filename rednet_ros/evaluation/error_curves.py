"""The curves of an evaluation as numbers: cumulative errors, and error over time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rednet_ros.evaluation.accuracy import FaceResult
from rednet_ros.evaluation.sequences import in_sequences


def cumulative_errors(
    face_errors: NDArray[np.floating], limit: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The cumulative error distribution as the corners of its staircase: errors up to `limit`, shares of faces.

    `face_errors`: N > 0 fractions, infinite for missed faces. Returns rising errors from 0 to `limit` and the share,
    0..1, of faces with at most that error, to be drawn as steps.
    """
    ordered = np.sort(face_errors[face_errors <= limit].astype(np.float64))
    shares = np.arange(1, len(ordered) + 1) / len(face_errors)
    last = shares[-1] if len(shares) else 0.0
    return np.concatenate([[0.0], ordered, [limit]]), np.concatenate([[0.0], shares, [last]])


def error_over_time(results: Sequence[FaceResult]) -> NDArray[np.float64]:
    """Mean error, in fractions, over all sequences at each frame since their start (paper, figure 7).

    nan where every sequence has ended, or missed its face. Frames without a number follow each other. Empty if there
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
