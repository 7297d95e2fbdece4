"""`rednet-evaluate --verification`: whether two pictures show one person, by a recogniser, over all pairs of a set.

A pair is accepted when the cosine of its two vectors reaches a threshold. Rates are fractions, 0..1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rednet_ros import metrics
from rednet_ros.errors import InputError
from rednet_ros.evaluation.networks import Network
from rednet_ros.evaluation.run import progress
from rednet_ros.tracking.recognition.people import as_portrait
from rednet_ros.tracking.recognition.portrait import Portrait, face_quality
from rednet_ros.tracking.recognition.recognizer import FROM_WEIGHTS, Recognizer
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.training.datasets.annotation import landmark_box
from rednet_ros.training.datasets.labels import LabelledFace
from rednet_ros.training.datasets.pictures import PictureReader

FALSE_ACCEPT_RATES = (1e-1, 1e-2, 1e-3)

ALL_PAIRS, OTHER_VIDEO = "all pairs", "one person in two videos"
"""Which pairs of one person are counted."""

FloatVector = NDArray[np.float32]

View = tuple[FloatVector | None, float]
"""The identity vector of a face, None for one that is not found, and how well it shows the face, 0..1."""


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
        raise ValueError("an identity vector is zero, NaN or infinite")
    units = (vectors / length).astype(np.float32)
    return _scores(lambda row: units[row + 1 :] @ units[row], people, sequences)


def portrait_scores(portraits: Sequence[Portrait], people: Sequence[str]) -> PairScores:
    """Scores of all pairs of N portraits, as the tracker compares them. Raises ValueError as `pair_scores`."""

    def scores(row: int) -> FloatVector:
        first, others = portraits[row], portraits[row + 1 :]
        return np.array([other.likeness(first) for other in others], np.float32)

    return _scores(scores, people, None)


def _scores(
    of_row: Callable[[int], FloatVector], people: Sequence[str], sequences: Sequence[str | None] | None
) -> PairScores:
    """`of_row`: the scores of one picture with all that follow it."""
    _, person = np.unique(np.asarray(people), return_inverse=True)
    video = np.full(len(person), -1) if sequences is None else _numbers(sequences)
    same, different = [np.empty(0, np.float32)], [np.empty(0, np.float32)]
    for row in range(len(person) - 1):
        scores = of_row(row)
        is_same = person[row + 1 :] == person[row]
        is_easy = (video[row + 1 :] == video[row]) & (video[row] >= 0)
        same.append(scores[is_same & ~is_easy])
        different.append(scores[~is_same])
    scores_same, scores_different = np.sort(np.concatenate(same)), np.sort(np.concatenate(different))
    if not len(scores_same) or not len(scores_different):
        raise ValueError(
            f"{len(scores_same)} pairs of one person and {len(scores_different)} of two: need some of both"
        )
    return PairScores(scores_same, scores_different)


def threshold_at(scores: PairScores, false_accept_rate: float) -> float:
    """The lowest threshold at which at most this share of the pairs of two people is accepted.

    With too few pairs (fewer than 1 / rate), a threshold that accepts none of them.
    """
    count = len(scores.different)
    accepted = min(int(np.floor(false_accept_rate * count + 1e-9)), count - 1)
    highest_refused = scores.different[count - 1 - accepted]
    return float(np.nextafter(highest_refused, np.float32(np.inf)))


def equal_error_rate(scores: PairScores) -> tuple[float, float]:
    """Where as many pairs of one person are refused as of two people are accepted: the rate, and its threshold."""
    return metrics.equal_error_rate(scores.same, scores.different)


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


def verify(
    network: Network,
    recognizer: Recognizer,
    faces: Sequence[LabelledFace],
    from_truth: bool,
    portrait_frames: int = 0,
) -> tuple[dict[str, PairScores], int]:
    """Scores by kind of pairs, and how many faces were missed. Faces without an `identity` are skipped.

    `network` finds the landmarks by which `recognizer` looks. With `portrait_frames` the tracker's portraits are
    compared, not single pictures: one for each person and video, of the first so many good views; videos with
    fewer are left out.

    Raises InputError if the recogniser cannot be used, or the faces give no pairs to compare.
    """
    named = [face for face in faces if face.identity is not None]
    if not named:
        raise InputError('verification needs faces with an "identity", these have none')
    if recognizer.problem:
        raise InputError(f"recognizer {recognizer.name} {recognizer.problem}: it cannot tell people apart")
    views = _views(network, recognizer, named, from_truth)
    found = [(face, vector) for face, (vector, _) in zip(named, views, strict=True) if vector is not None]
    missed = len(named) - len(found)
    try:
        if portrait_frames:
            portraits = _portraits(zip(named, views, strict=True), portrait_frames, recognizer)
            people = [face.identity or "" for face, _ in portraits]
            return {ALL_PAIRS: portrait_scores([portrait for _, portrait in portraits], people)}, missed
        if not found:
            raise InputError("no face was found, so there is nobody to verify")
        stacked = np.stack([vector for _, vector in found])
        people = [face.identity or "" for face, _ in found]
        scores = {ALL_PAIRS: pair_scores(stacked, people)}
    except ValueError as error:
        raise InputError(f"the faces cannot be verified: {error}") from error
    videos = [face.video for face, _ in found]
    if any(video is not None for video in videos):
        with suppress(ValueError):  # everybody is in one video only
            scores[OTHER_VIDEO] = pair_scores(stacked, people, videos)
    return scores, missed


def verification_record(
    network: Network, recognizer: Recognizer, scores: Mapping[str, PairScores], missed: int
) -> dict[str, Any]:
    """The numbers as a JSON object. Rates are in percent, thresholds are cosines."""
    return {
        "weights": network.title,
        "recognizer": recognizer.name if recognizer.looks else FROM_WEIGHTS,
        "missed": missed,
        "pairs": {name: _record(pairs) for name, pairs in scores.items()},
    }


def verification_text(record: dict[str, Any]) -> str:
    """The object of `verification_record` for people."""
    lines = [f"{name:<34}{record[name]}" for name in ("weights", "recognizer")]
    if record["missed"]:
        lines.append(f"{'faces that were not found':<34}{record['missed']}")
    for name, numbers in record["pairs"].items():
        lines += [
            f"{name}",
            f"  {'pairs of one person, of two':<32}{numbers['same']}, {numbers['different']}",
            f"  {'area under the ROC':<32}{numbers['auc']:.4f}",
            f"  {'equal error rate':<32}{numbers['eer']:.2f} % at cosine {numbers['eer_threshold']:.3f}",
        ]
        for point in numbers["operating_points"]:
            name_of_point = f"accepted at {100 * point['false_accept_rate']:g} % false accepts"
            lines.append(f"  {name_of_point:<32}{point['true_accept']:.2f} % at cosine {point['threshold']:.3f}")
    return "\n".join(lines)


def _record(scores: PairScores) -> dict[str, Any]:
    rate, threshold = equal_error_rate(scores)
    thresholds = [(wanted, threshold_at(scores, wanted)) for wanted in FALSE_ACCEPT_RATES]
    return {
        "same": len(scores.same),
        "different": len(scores.different),
        "auc": area_under_roc(scores),
        "eer": 100 * rate,
        "eer_threshold": threshold,
        "operating_points": [
            {"false_accept_rate": wanted, "threshold": at, "true_accept": 100 * scores.true_accept_rate(at)}
            for wanted, at in thresholds
        ],
    }


def _views(network: Network, recognizer: Recognizer, faces: Sequence[LabelledFace], from_truth: bool) -> list[View]:
    """Of each face, in this order."""
    found: list[View] = []
    trusted = TrackerSettings().trusted_confidence
    with PictureReader() as pictures, progress(len(faces), f"{network.title}, {recognizer.name}") as bar:
        for face in faces:
            image = pictures.read(face)
            seen = network.sighting(image, landmark_box(face.points_px), from_truth)
            bar.update()
            if seen is None:
                found.append((None, 0.0))
                continue
            vector = recognizer.vector(image, seen.landmarks_px) if recognizer.looks else seen.identity
            height, width = image.shape[:2]
            found.append((vector, face_quality(seen.landmarks_px, seen.confidence, width, height, trusted)))
    return found


def _portraits(
    views: Iterable[tuple[LabelledFace, View]], frames: int, recognizer: Recognizer
) -> list[tuple[LabelledFace, Portrait]]:
    """A face and the portrait of every video with at least `frames` good views, as the tracker makes it."""
    clips: dict[tuple[str | None, str], list[tuple[LabelledFace, View]]] = {}
    for face, view in views:
        if face.video is not None:
            clips.setdefault((face.identity, face.video), []).append((face, view))
    found = []
    for clip in clips.values():
        in_order = [view for _, view in sorted(clip, key=lambda entry: (entry[0].sequence or "", entry[0].frame or 0))]
        good = [(vector, quality) for vector, quality in in_order if vector is not None and quality > 0][:frames]
        if len(good) == frames:
            found.append((clip[0][0], as_portrait(good, recognizer)))
    return found


def _numbers(names: Sequence[str | None]) -> NDArray[np.int64]:
    """Equal names get equal numbers, None gets -1."""
    known = {name: number for number, name in enumerate(sorted({name for name in names if name is not None}))}
    return np.array([-1 if name is None else known[name] for name in names])
