"""The learning rate over a stage."""

import math
from dataclasses import replace

import pytest

from rednet_ros.training.config import ClipSettings, StageConfig
from rednet_ros.training.schedule import Plateau, learning_rate, points_ramp

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
