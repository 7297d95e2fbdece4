"""The classifier pulls the vectors of one person together."""

import pytest
import torch
from torch import nn

from rednet_ros.training.identity_classifier import IdentityClassifier, IdentityLogits

PERSONS = torch.arange(6).repeat(3)


def similarity(vectors: torch.Tensor) -> tuple[float, float]:
    """Mean cosine of vectors of the same person, and of two people."""
    unit = nn.functional.normalize(vectors.detach())
    cosines, same = unit @ unit.T, PERSONS[:, None] == PERSONS
    return float(cosines[same].mean()), float(cosines[~same].mean())


@pytest.mark.parametrize("logits", ["linear", "cosine"])
def test_vectors_of_one_person_become_alike(logits: IdentityLogits) -> None:
    classifier = IdentityClassifier(6, 1, logits)
    vectors = nn.Parameter(torch.randn(18, 256))
    optimizer = torch.optim.Adam([vectors, *classifier.parameters()], 0.03)
    first = classifier(vectors, PERSONS).item()
    for _ in range(60):
        optimizer.zero_grad()
        loss = classifier(vectors, PERSONS)
        loss.backward()
        optimizer.step()
    assert loss < 0.3 * first
    same, others = similarity(vectors)
    assert same > others + 0.3


def test_cosines_do_not_depend_on_the_vectors_length() -> None:
    classifier, vectors = IdentityClassifier(6, 1, "cosine"), torch.randn(18, 256)
    torch.testing.assert_close(classifier(vectors, PERSONS), classifier(7 * vectors, PERSONS))


@pytest.mark.parametrize("logits", ["linear", "cosine"])
def test_faces_without_a_name_have_no_loss_but_a_gradient(logits: IdentityLogits) -> None:
    classifier, vectors = IdentityClassifier(6, 1, logits), torch.randn(4, 256, requires_grad=True)
    loss = classifier(vectors, torch.full((4,), -1))
    loss.backward()
    assert loss == 0
    assert all(parameter.grad is not None and not parameter.grad.any() for parameter in classifier.parameters())
    named = classifier(vectors, torch.tensor([2, -1, -1, -1]))
    torch.testing.assert_close(named, classifier(vectors[:1], torch.tensor([2])))
