"""`rednet-evaluate LABELS --verification`: how well the identity code tells people apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from rednet_ros.errors import InputError
from rednet_ros.evaluation.networks import Network
from rednet_ros.evaluation.verification import PairScores, area_under_roc, equal_error_rate, pair_scores, threshold_at
from rednet_ros.training.datasets.annotation import landmark_box
from rednet_ros.training.datasets.labels import LabelledFace
from rednet_ros.training.datasets.pictures import PictureReader
from rednet_ros.wording import progress_interval_s

FALSE_ACCEPT_RATES = (1e-1, 1e-2, 1e-3)

ALL_PAIRS, OTHER_VIDEO = "all pairs", "one person in two videos"
"""Which pairs of one person are counted."""


def verify(network: Network, faces: Sequence[LabelledFace], from_truth: bool) -> tuple[dict[str, PairScores], int]:
    """Scores by kind of pairs, and how many faces were missed. Faces without an `identity` are not looked at.

    Raises InputError if the weights have no identity branch, or the faces give no pairs to compare.
    """
    named = [face for face in faces if face.identity is not None]
    if not named:
        raise InputError('verification needs faces with an "identity", these have none')
    vectors = _vectors(network, named, from_truth)
    found = [(face, vector) for face, vector in zip(named, vectors, strict=True) if vector is not None]
    if not found:
        raise InputError("no face was found, so there is nobody to verify")
    stacked = np.stack([vector for _, vector in found])
    people = [face.identity or "" for face, _ in found]
    try:
        scores = {ALL_PAIRS: pair_scores(stacked, people)}
    except ValueError as error:
        raise InputError(f"the faces cannot be verified: {error}") from error
    videos = [face.sequence for face, _ in found]
    if any(video is not None for video in videos):
        with suppress(ValueError):  # everybody is in one video only
            scores[OTHER_VIDEO] = pair_scores(stacked, people, videos)
    return scores, len(named) - len(found)


def as_record(network: Network, scores: Mapping[str, PairScores], missed: int) -> dict[str, Any]:
    """The numbers as a JSON object. Rates are in percent, thresholds are cosines."""
    return {
        "weights": network.title,
        "missed": missed,
        "pairs": {name: _record(pairs) for name, pairs in scores.items()},
    }


def as_text(record: dict[str, Any]) -> str:
    """The object of `as_record` for people."""
    lines = [f"{'weights':<34}{record['weights']}"]
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


def _vectors(network: Network, faces: Sequence[LabelledFace], from_truth: bool) -> list[NDArray[np.float32] | None]:
    """The identity vector of each face, None for one that is not found."""
    finder = network.finder(from_truth)
    found: list[NDArray[np.float32] | None] = []
    bar = tqdm(faces, unit="face", desc=network.title, mininterval=progress_interval_s())
    with PictureReader() as pictures:
        for face in bar:
            seen = finder.sighting(pictures.read(face), landmark_box(face.points_px))
            if seen is not None and seen.identity is None:
                raise InputError(f"weights {network.title} have no identity branch: they cannot tell people apart")
            found.append(None if seen is None else seen.identity)
    return found
