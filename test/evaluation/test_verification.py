from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from rednet_ros.evaluation.verification import (
    PairScores,
    _portraits,
    _views,
    area_under_roc,
    equal_error_rate,
    pair_scores,
    portrait_scores,
    roc_curve,
    threshold_at,
)
from rednet_ros.tracking.mean_shape import MEAN_SHAPE
from rednet_ros.tracking.recognition.portrait import Portrait
from rednet_ros.tracking.sighting import Sighting
from rednet_ros.training.datasets.labels import LabelledFace


def scores(same: list[float], different: list[float]) -> PairScores:
    return PairScores(np.sort(np.float32(same)), np.sort(np.float32(different)))


def test_pairs_are_compared_by_the_angle_of_their_vectors() -> None:
    vectors = np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 3.0], [0.0, -1.0]])
    found = pair_scores(vectors, ["Ada", "Ada", "Bob", "Cem"])
    np.testing.assert_allclose(found.same, [1.0])
    np.testing.assert_allclose(found.different, [-1.0, 0.0, 0.0, 0.0, 0.0])


def test_pairs_of_one_video_can_be_left_out() -> None:
    vectors = np.eye(4)
    people, videos = ["Ada"] * 3 + ["Bob"], ["v1", "v1", "v2", "v3"]
    assert len(pair_scores(vectors, people).same) == 3
    assert len(pair_scores(vectors, people, videos).same) == 2
    assert len(pair_scores(vectors, people, [None] * 4).same) == 3  # stills are of no video
    assert len(pair_scores(vectors, people, videos).different) == 3


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(ValueError, match="0 pairs of one person"):
        pair_scores(np.eye(2), ["Ada", "Bob"])
    with pytest.raises(ValueError, match="0 of two"):
        pair_scores(np.eye(2), ["Ada", "Ada"])
    with pytest.raises(ValueError, match="zero, NaN"):
        pair_scores(np.zeros((2, 3)), ["Ada", "Ada"])
    with pytest.raises(ValueError, match="need one for each of 3"):
        pair_scores(np.eye(2), ["Ada", "Ada", "Bob"])


def test_a_threshold_keeps_its_false_accept_rate() -> None:
    pairs = scores([0.5, 0.95], list(np.linspace(0, 0.99, 100)))
    for rate, accepted in ((0.01, 1), (0.1, 10), (0.005, 0), (0.0, 0)):
        threshold = threshold_at(pairs, rate)
        assert (pairs.different >= threshold).sum() == accepted
        assert pairs.false_accept_rate(threshold) == pytest.approx(accepted / 100)
    assert pairs.true_accept_rate(threshold_at(pairs, 0.1)) == 0.5


def test_ties_at_the_threshold_are_not_accepted_by_accident() -> None:
    pairs = scores([0.9], [0.1, 0.5, 0.5, 0.5])
    assert pairs.false_accept_rate(threshold_at(pairs, 0.25)) == 0.0
    assert pairs.false_accept_rate(threshold_at(pairs, 0.75)) == 0.75


def test_perfect_and_hopeless_codes() -> None:
    perfect = scores([0.8, 0.9], [0.1, 0.2])
    assert area_under_roc(perfect) == 1.0
    rate, threshold = equal_error_rate(perfect)
    assert rate == 0.0
    assert 0.2 < threshold < 0.801
    same = scores([0.5] * 4, [0.5] * 9)
    assert area_under_roc(same) == 0.5
    assert area_under_roc(scores([0.1], [0.5])) == 0.0


def test_rates_of_two_known_distributions() -> None:
    """Normal scores one and a half deviations to either side of 0: equal errors at 0, of Phi(-1.5)."""
    rng = np.random.default_rng(0)
    pairs = scores(list(rng.normal(1.5, 1, 20_000)), list(rng.normal(-1.5, 1, 20_000)))
    rate, threshold = equal_error_rate(pairs)
    assert rate == pytest.approx(0.0668, abs=0.004)
    assert threshold == pytest.approx(0.0, abs=0.05)
    assert area_under_roc(pairs) == pytest.approx(0.9831, abs=0.002)  # Phi(3 / sqrt 2)


def test_the_curve_rises_from_one_pair_to_all() -> None:
    rng = np.random.default_rng(0)
    pairs = scores(list(rng.normal(1, 1, 500)), list(rng.normal(0, 1, 1000)))
    false_accepts, true_accepts = roc_curve(pairs)
    assert (false_accepts[0], false_accepts[-1]) == (0.001, 1.0)
    assert (np.diff(false_accepts) > 0).all()
    assert (np.diff(true_accepts) >= 0).all()
    area = (np.diff(false_accepts) * (true_accepts[1:] + true_accepts[:-1]) / 2).sum()
    assert area == pytest.approx(area_under_roc(pairs), abs=0.01)


LANDMARKS_PX = (60 * MEAN_SHAPE + (100, 70)).astype(np.float32)


class Eyes:
    """A network that sees who it is by the brightness of the image, and is not sure of dark ones."""

    title = "eyes"

    def sighting(self, image: Any, box: Any, from_truth: bool) -> Sighting:
        brightness = float(image.mean())
        identity = np.eye(1, 256, round(brightness / 10), dtype=np.float32)[0]
        confidence = 0.9 if brightness > 50 else 0.3
        return Sighting(LANDMARKS_PX, np.full(68, confidence, np.float32), confidence, identity, None)


@pytest.fixture
def label(tmp_path: Path) -> Any:
    def make(person: str, sequence: str, frame: int, brightness: int) -> LabelledFace:
        path = tmp_path / f"{person}{sequence}{frame}.png"
        cv2.imwrite(str(path), np.full((200, 200, 3), brightness, np.uint8))
        return LabelledFace(
            image_path=path, points_px=LANDMARKS_PX, source="test", identity=person, sequence=sequence, frame=frame
        )

    return make


def portraits_of(faces: list[LabelledFace], frames: int) -> list[tuple[LabelledFace, Any]]:
    network: Any = Eyes()
    recognizer: Any = SimpleNamespace(name="eyes", looks=False)
    views = _views(network, recognizer, faces, from_truth=True)
    return _portraits(zip(faces, views, strict=True), frames, recognizer)


def test_a_portrait_is_made_of_the_first_good_views(label: Any) -> None:
    faces = [label("ann", "s", number, brightness) for number, brightness in enumerate([20, 100, 100, 200])]
    ((face, portrait),) = portraits_of(faces[::-1], frames=2)
    assert (face.identity, face.sequence) == ("ann", "s")
    assert portrait.total[10] > 0
    assert portrait.total[2] == portrait.total[20] == 0  # neither the dark one nor the last


def test_sequences_with_too_few_good_views_are_left_out(label: Any) -> None:
    faces = [label("ann", "s", 0, 100), label("ann", "s", 1, 20), label("ann", "t", 0, 100), label("ann", "t", 1, 100)]
    assert [face.sequence for face, _ in portraits_of(faces, frames=2)] == ["t"]


def test_portraits_are_compared_as_the_tracker_does() -> None:
    ann, annas_other, bob = (np.float32(one) for one in ([1, 0, 0], [0, 1, 0], [0, 0, 1]))
    portraits = [Portrait().with_look(ann).with_look(annas_other), Portrait().with_look(ann), Portrait().with_look(bob)]
    found = portrait_scores(portraits, ["Ann", "Ann", "Bob"])
    np.testing.assert_allclose(found.same, [1.0])
    np.testing.assert_allclose(found.different, [0.0, 0.0])
