"""Are two pictures of the same person? How well identity vectors tell, over all pairs of a set of pictures.

A pair is accepted when the cosine of its two vectors reaches a threshold. Rates are fractions, 0..1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatVector = NDArray[np.float32]


@dataclass(frozen=True)
class PairScores:
    """Cosines of pairs of pictures, -1..1 float32, each array sorted upwards and not empty.

    `same`: of pairs that show one person; `different`: of pairs that show two.
    """

    same: FloatVector
    different: FloatVector

    def true_accept_rate(self, threshold: float) -> float:
        """Share of pairs of one person whose cosine is at least `threshold`."""
        return 1.0 - float(np.searchsorted(self.same, threshold, side="left")) / len(self.same)

    def false_accept_rate(self, threshold: float) -> float:
        """Share of pairs of two people whose cosine is at least `threshold`."""
        return 1.0 - float(np.searchsorted(self.different, threshold, side="left")) / len(self.different)


def pair_scores(
    vectors: NDArray[np.floating], people: Sequence[str], sequences: Sequence[str | None] | None = None
) -> PairScores:
    """Scores of all pairs of N pictures.

    `vectors`: N x D, of any length above 0; `people`: who each picture shows. With `sequences` (the video each picture
    is from, None for a still) pairs of one person in one video are left out: they are the easy ones. Memory: 2 N^2
    bytes. Raises ValueError for shapes that do not fit, vectors without a direction, and if there is no pair of one
    person or none of two.
    """
    if vectors.ndim != 2 or len(vectors) != len(people) or (sequences is not None and len(sequences) != len(people)):
        raise ValueError(f"vectors are {vectors.shape}: need one for each of {len(people)} pictures")
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not (np.isfinite(length) & (length > 0)).all():
        raise ValueError("an identity vector is zero, nan or infinite")
    units = (vectors / length).astype(np.float32)
    _, person = np.unique(np.asarray(people), return_inverse=True)
    video = np.full(len(person), -1) if sequences is None else _numbers(sequences)
    same: list[FloatVector] = []
    different: list[FloatVector] = []
    for row in range(len(units) - 1):
        scores = units[row + 1 :] @ units[row]
        is_same = person[row + 1 :] == person[row]
        is_easy = (video[row + 1 :] == video[row]) & (video[row] >= 0)
        same.append(scores[is_same & ~is_easy])
        different.append(scores[~is_same])
    scores_same, scores_different = (
        np.sort(np.concatenate([*part, np.empty(0, np.float32)])) for part in (same, different)
    )
    if not len(scores_same) or not len(scores_different):
        raise ValueError(
            f"{len(scores_same)} pairs of one person and {len(scores_different)} of two: need some of both"
        )
    return PairScores(scores_same, scores_different)


def threshold_at(scores: PairScores, false_accept_rate: float) -> float:
    """The lowest threshold at which at most this share of the pairs of two people is accepted.

    Where the pairs are too few to tell (fewer than 1 / rate), a threshold that accepts none of them.
    """
    count = len(scores.different)
    accepted = min(int(np.floor(false_accept_rate * count + 1e-9)), count - 1)
    highest_refused = scores.different[count - 1 - accepted]
    return float(np.nextafter(highest_refused, np.float32(np.inf)))


def equal_error_rate(scores: PairScores) -> tuple[float, float]:
    """Where as many pairs of one person are refused as of two people are accepted: the rate, and its threshold."""
    thresholds = np.unique(np.concatenate([scores.same, scores.different]))
    refused = np.searchsorted(scores.same, thresholds, side="left") / len(scores.same)
    accepted = 1 - np.searchsorted(scores.different, thresholds, side="left") / len(scores.different)
    nearest = int(np.argmin(np.abs(refused - accepted)))
    return float(refused[nearest] + accepted[nearest]) / 2, float(thresholds[nearest])


def area_under_roc(scores: PairScores) -> float:
    """The chance that a pair of one person scores higher than a pair of two (ties count half): 0.5 is guessing."""
    below = np.searchsorted(scores.different, scores.same, side="left")
    not_above = np.searchsorted(scores.different, scores.same, side="right")
    return float((below + not_above).mean()) / (2 * len(scores.different))


def roc_curve(scores: PairScores, points: int = 400) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The receiver operating characteristic: false-accept rates, rising, and the true-accept rate at each.

    The rates are spaced evenly in their logarithm, from one pair of two people up to all of them.
    """
    count = len(scores.different)
    rates = np.unique(np.ceil(np.geomspace(1, count, points)).astype(int)) / count
    return rates, np.array([scores.true_accept_rate(threshold_at(scores, rate)) for rate in rates])


def _sorted(parts: Sequence[FloatVector]) -> FloatVector:
    return np.sort(np.concatenate([*parts, np.empty(0, np.float32)]))


def _numbers(names: Sequence[str | None]) -> NDArray[np.int64]:
    """Equal names get equal numbers, None gets -1."""
    known = {name: number for number, name in enumerate(sorted({name for name in names if name is not None}))}
    return np.array([-1 if name is None else known[name] for name in names])
