"""The losses see faces where there are faces, and nothing where there are none."""

from dataclasses import replace
from typing import get_args

import pytest
import torch
from torch import nn

from rednet_ros.landmarks import DETECTION_INDICES
from rednet_ros.network import heatmaps, losses
from rednet_ros.network.config import REDNetConfig
from rednet_ros.network.rednet import REDNetOutput
from rednet_ros.training.config import IdentityLogits
from rednet_ros.training.losses import IdentityClassifier, step_losses

CONFIG = REDNetConfig(width=0.125, crop_px=64, sigma_px=8.0, radius_px=10.0)


def perfect(points_px: torch.Tensor) -> REDNetOutput:
    major = points_px[:, list(DETECTION_INDICES)]
    discs = heatmaps.draw_discs(major, CONFIG.map_px, CONFIG.cells(CONFIG.radius_px))
    gaussians = heatmaps.draw_gaussians(points_px, CONFIG.map_px, CONFIG.cells(CONFIG.sigma_px))
    return REDNetOutput(((discs - 0.5) * 40, gaussians), None, None)


def faces() -> torch.Tensor:
    return 12 + 40 * torch.rand(3, 68, 2, generator=torch.Generator().manual_seed(1))


def losses_of(output: REDNetOutput, points: torch.Tensor, shown: tuple[bool, ...] = (True,) * 3) -> torch.Tensor:
    return step_losses(output, points, torch.tensor(shown), CONFIG)


def test_perfect_maps_cost_nothing() -> None:
    detection, regression, points = losses_of(perfect(faces()), faces())
    assert detection < 1e-6
    assert regression < 1e-9
    assert points < 0.1


def test_maps_of_another_face_cost_in_all_three() -> None:
    assert (losses_of(perfect(faces().flip(0)), faces()) > torch.tensor([0.1, 0.01, 0.5])).all()


def test_a_crop_without_a_face_wants_empty_maps_and_has_no_point_loss() -> None:
    nowhere = torch.full_like(faces(), torch.nan)
    assert losses_of(perfect(nowhere), nowhere, (False,) * 3).tolist() == [0.0, 0.0, 0.0]
    claimed = losses_of(perfect(faces()), nowhere, (False,) * 3)
    assert claimed[0] > 0.05
    assert claimed[1] > 0.001
    assert claimed[2] == 0


def test_landmarks_of_a_hidden_face_are_no_targets() -> None:
    hidden = losses_of(perfect(faces()), faces(), (False,) * 3)
    torch.testing.assert_close(hidden, losses_of(perfect(faces()), torch.full_like(faces(), torch.nan), (False,) * 3))


@pytest.mark.parametrize("regression_maps", ["linear", "softmax"])
def test_maps_of_landmarks_that_are_not_annotated_count_for_nothing(regression_maps: str) -> None:
    points, missing = faces(), [3, 36, 60]  # 36 is one of the seven of the detection step
    points[:, missing] = torch.nan
    maps = torch.rand(3, 68, 32, 32, requires_grad=True)
    logits = torch.rand(3, 7, 32, 32, requires_grad=True)
    config = replace(CONFIG, regression_maps=regression_maps)
    step_losses(
        REDNetOutput((logits, maps), None, None), points, torch.ones(3, dtype=torch.bool), config
    ).sum().backward()
    counts = maps.grad.flatten(2).abs().sum(dim=2) > 0
    assert not counts[:, missing].any()
    assert counts[:, [index for index in range(68) if index not in missing]].all()
    assert not logits.grad[:, 0].any()
    assert logits.grad[:, 1:].abs().sum() > 0


def test_the_other_landmarks_weigh_as_if_there_were_no_more() -> None:
    whole, part = faces(), faces()
    part[:, 20:] = torch.nan
    output = perfect(faces().flip(0))
    first_twenty = REDNetConfig(width=0.125, crop_px=64, sigma_px=8.0, radius_px=10.0, steps=("regression",))
    partly = step_losses(
        REDNetOutput(output.steps[1:], None, None), part, torch.ones(3, dtype=torch.bool), first_twenty
    )
    gaussians = heatmaps.draw_gaussians(whole, CONFIG.map_px, CONFIG.cells(CONFIG.sigma_px))
    expected = losses.regression_loss(output.steps[1][:, :20], gaussians[:, :20])
    torch.testing.assert_close(partly[1], expected)


def test_a_batch_without_any_annotation_costs_nothing_but_has_a_gradient() -> None:
    maps = torch.rand(3, 68, 32, 32, requires_grad=True)
    logits = torch.rand(3, 7, 32, 32, requires_grad=True)
    total = losses_of(REDNetOutput((logits, maps), None, None), torch.full_like(faces(), torch.nan)).sum()
    total.backward()
    assert total == 0
    assert maps.grad.abs().sum() == 0


def test_one_crop_without_a_face_leaves_the_other_gradients_finite() -> None:
    points = faces()
    points[1] = torch.nan
    maps = torch.rand(3, 68, 32, 32, requires_grad=True)
    logits = torch.rand(3, 7, 32, 32, requires_grad=True)
    losses_of(REDNetOutput((logits, maps), None, None), points, (True, False, True)).sum().backward()
    assert maps.grad is not None
    assert logits.grad is not None
    assert torch.isfinite(maps.grad).all()
    assert torch.isfinite(logits.grad).all()
    assert logits.grad[1].abs().sum() > 0


PERSONS = torch.arange(6).repeat(3)


def similarity(vectors: torch.Tensor) -> tuple[float, float]:
    """Mean cosine of vectors of the same person, and of two people."""
    unit = nn.functional.normalize(vectors.detach())
    cosines, same = unit @ unit.T, PERSONS[:, None] == PERSONS
    return float(cosines[same].mean()), float(cosines[~same].mean())


@pytest.mark.parametrize("logits", get_args(IdentityLogits))
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


@pytest.mark.parametrize("logits", get_args(IdentityLogits))
def test_faces_without_a_name_have_no_loss_but_a_gradient(logits: IdentityLogits) -> None:
    classifier, vectors = IdentityClassifier(6, 1, logits), torch.randn(4, 256, requires_grad=True)
    loss = classifier(vectors, torch.full((4,), -1))
    loss.backward()
    assert loss == 0
    assert all(parameter.grad is not None and not parameter.grad.any() for parameter in classifier.parameters())
    named = classifier(vectors, torch.tensor([2, -1, -1, -1]))
    torch.testing.assert_close(named, classifier(vectors[:1], torch.tensor([2])))
