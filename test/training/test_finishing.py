"""Weights are averaged, and what differs between people is found among what does not."""

from pathlib import Path

import numpy as np
import pytest
import torch

from rednet_ros.errors import InputError
from rednet_ros.evaluation.verification import area_under_roc, pair_scores
from rednet_ros.network.identity import IdentityBranch
from rednet_ros.tracking.mean_shape import MEAN_SHAPE
from rednet_ros.training import finishing
from rednet_ros.training.config import PeopleStage
from rednet_ros.training.datasets.labels import LabelledFace
from rednet_ros.training.finishing import averaged, discriminant, fold


def people_and_vectors(rng: np.random.Generator, axes: np.ndarray, count: int) -> tuple[list[str], np.ndarray]:
    """Six vectors of each person: three numbers of his own, and ten times as large ones of pose and light."""
    people = [f"person {number}" for number in range(count) for _ in range(6)]
    own = np.repeat(rng.normal(size=(count, 3)), 6, axis=0)
    other = 10 * rng.normal(size=(len(people), 5))
    return people, 20 + np.concatenate([own + 0.2 * rng.normal(size=own.shape), other], axis=1) @ axes


def test_people_who_were_hidden_by_pose_and_light_are_told_apart() -> None:
    rng = np.random.default_rng(0)
    axes = rng.normal(size=(8, 16))
    found = discriminant(*reversed(people_and_vectors(rng, axes, 200)), directions=3)
    strangers, vectors = people_and_vectors(rng, axes, 40)
    before = area_under_roc(pair_scores(vectors, strangers))
    after = area_under_roc(pair_scores((vectors - found.mean) @ found.matrix.T, strangers))
    assert before < 0.6
    assert after > 0.95


def test_the_branch_gives_the_discriminants_values() -> None:
    torch.manual_seed(0)
    branch = IdentityBranch(12).eval()
    codes = torch.randn(40, 12, 4, 4)
    with torch.no_grad():
        vectors = branch(codes).numpy()
        found = discriminant(vectors, [f"person {number // 4}" for number in range(40)], directions=5)
        fold(branch, found)
        values = branch(codes).numpy()
    np.testing.assert_allclose(values[:, :5], (vectors - found.mean) @ found.matrix.T, rtol=1e-3, atol=1e-3)
    assert not values[:, 5:].any()


@pytest.mark.parametrize(
    ("people", "reason"),
    [(["a", "a", "b"], "no two people"), (["a", "a"], "need one for each of 2 pictures")],
    ids=["one picture", "count"],
)
def test_what_cannot_be_told_apart_is_refused(people: list[str], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        discriminant(np.zeros((3, 4)), people, directions=2)


def test_networks_that_are_not_alike_are_not_averaged() -> None:
    with pytest.raises(InputError, match="different networks"):
        averaged([{"a": torch.zeros(1)}, {"b": torch.zeros(1)}])
    with pytest.raises(InputError, match="different networks"):
        averaged([{"a": torch.zeros(1)}, {"a": torch.zeros(2)}])
    counts = averaged([{"n": torch.tensor(1)}, {"n": torch.tensor(4)}])
    assert counts["n"].dtype == torch.int64


def test_the_threshold_accepts_the_wanted_share_of_strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    own = rng.normal(size=(40, 16)) + 1.5
    vectors = np.repeat(own, 6, axis=0) + 0.1 * rng.normal(size=(240, 16))
    points = np.asarray(MEAN_SHAPE, np.float32) * 100
    names = [(f"{number // 6}", f"{number // 3}") for number in range(240)]
    faces = [LabelledFace(Path("x"), points, identity=person, sequence=sequence) for person, sequence in names]
    monkeypatch.setattr(finishing, "identity_vectors", lambda network, faces: vectors)
    stage = PeopleStage("p", false_accepts=0.1)
    threshold = finishing._portrait_threshold(stage, None, finishing._portrait_views(stage, faces))
    portraits = vectors.reshape(80, 3, 16).mean(axis=1)
    portraits /= np.linalg.norm(portraits, axis=1, keepdims=True)
    strangers = (portraits @ portraits.T)[np.arange(80)[:, None] // 2 != np.arange(80) // 2]
    assert (strangers >= threshold).mean() == pytest.approx(0.1, abs=0.01)
