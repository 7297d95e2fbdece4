"""Losses contribute by their shares, whatever their sizes."""

from dataclasses import replace

import pytest
import torch

from rednet_ros.training.balance import Balance
from rednet_ros.training.config import LOSS_NAMES, LossWeights, StageConfig

STAGE = StageConfig("s", crop_px=64, images=1000, batch=10, mix={"made": 1.0})
PAPER = LossWeights(points=0.5, balance={"detection": 1, "regression": 10, "identity": 1})


def test_without_shares_the_factors_are_those_of_the_configuration() -> None:
    weights = LossWeights(detection=2, regression=3, points=4, identity=5, jitter=6, points_from=100, points_full=300)
    balance = Balance(replace(STAGE, losses=weights))
    assert balance.factors(torch.ones(5), step=20).tolist() == [2, 3, 2, 5, 6]  # half of the points' ramp


def test_losses_contribute_in_the_papers_ratio() -> None:
    balance = Balance(replace(STAGE, losses=PAPER))
    sizes = torch.tensor([0.4, 0.002, 0.9, 6.0, 0.1])
    generator = torch.Generator().manual_seed(1)
    for step in range(300):
        losses = sizes * (1 + 0.3 * torch.rand(5, generator=generator))
        factors = balance.factors(losses, step)
    contribution = dict(zip(LOSS_NAMES, (sizes * factors).tolist(), strict=True))
    assert contribution["regression"] / contribution["detection"] == pytest.approx(10, rel=0.1)
    assert contribution["identity"] / contribution["detection"] == pytest.approx(1, rel=0.1)
    assert factors[0] == pytest.approx(1, rel=1e-6)  # the first one's own size is the measure
    assert factors[2] == 0.5  # not among them


def test_the_means_follow_losses_that_fall() -> None:
    balance = Balance(replace(STAGE, losses=PAPER))
    first = balance.factors(torch.tensor([1.0, 1.0, 1.0, 1.0, 1.0]), 0)
    for step in range(600):
        last = balance.factors(torch.tensor([1.0, 0.1, 1.0, 1.0, 1.0]), step)
    assert last[1] == pytest.approx(10 * float(first[1]), rel=0.05)


def test_a_loss_that_does_not_occur_needs_no_share() -> None:
    balance = Balance(replace(STAGE, losses=PAPER))
    factors = balance.factors(torch.tensor([0.5, 0.1, 0.0, 0.0, 0.0]), 0)
    assert torch.isfinite(factors).all()
    assert factors[1] == pytest.approx(50)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ValueError, match="balance names.*'classification'"):
        LossWeights(balance={"classification": 1.0})
