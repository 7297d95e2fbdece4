"""The learning rate over a stage, and losses that contribute by their shares, whatever their sizes."""

import math
from dataclasses import replace

import pytest
import torch

from rednet_ros.training.config import LOSS_NAMES, ClipSettings, LossWeights, StageConfig
from rednet_ros.training.schedule import Balance, Plateau, learning_rate, points_ramp

STAGE = StageConfig("s", 64, 1000, {"made": 1.0}, batch=10, learning_rate=1e-2, final_rate=1e-4, warmup_images=100)


def test_warm_up_and_cosine() -> None:
    rates = [learning_rate(STAGE, step, Plateau()) for step in range(STAGE.steps)]
    assert rates[0] == pytest.approx(1e-3, rel=0.01)
    assert max(rates) == pytest.approx(1e-2, rel=0.05)
    assert rates[50] == pytest.approx((1e-2 + 1e-4) / 2, rel=0.01)
    assert rates[-1] == pytest.approx(1e-4, rel=0.1)


def test_a_clip_counts_with_all_its_frames() -> None:
    clips = replace(STAGE, kind="clips", clips=ClipSettings(frames=5), batch=2)
    assert (clips.steps, clips.images_a_step) == (100, 10)
    assert learning_rate(clips, 4, Plateau()) == learning_rate(STAGE, 4, Plateau())
    assert points_ramp(clips, 7) == 1.0


def test_the_rate_falls_tenfold_when_validation_brings_nothing_better() -> None:
    stage, plateau = replace(STAGE, schedule="plateau", patience=2), Plateau()
    rates = []
    for error in (9.0, 7.0, 7.1, 7.2, 6.0, 6.1, 6.2):
        plateau = plateau.after(error, stage.patience)
        rates.append(learning_rate(stage, 90, plateau))
    assert rates == pytest.approx([1e-2, 1e-2, 1e-2, 1e-3, 1e-3, 1e-3, 1e-4])


def test_a_run_without_validation_keeps_its_rate() -> None:
    plateau = Plateau().after(7.0, 1)
    assert plateau.after(math.nan, 1) == plateau


def test_a_hair_better_is_not_better() -> None:
    plateau = Plateau().after(7.0, 2).after(6.99, 2).after(6.98, 2)
    assert plateau.drops == 1


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
