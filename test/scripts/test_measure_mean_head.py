"""The mean head's numbers: printed as they stand in its module, and measured where they are known."""

import ast

import measure_mean_head
import numpy as np

from rednet_ros.landmarks import FLIP_ORDER
from rednet_ros.tracking.mean_head import _RIGHT_HALF_MM, MEAN_HEAD_M, SPREAD_M
from rednet_ros.training.rendering.framing import TruePose

AHEAD = TruePose(np.array([[0.0, 1.0, 0.0], [0.0, 0.0, -1.0], [-1.0, 0.0, 0.0]]), np.array([0.05, 0.0, 0.8]))


def seen(head_m: np.ndarray) -> np.ndarray:
    placed = head_m @ AHEAD.axes.T + AHEAD.place_m
    return placed[:, :2] / placed[:, 2:]


def test_what_is_printed_is_the_table() -> None:
    printed = "\n".join(measure_mean_head.rows(MEAN_HEAD_M, SPREAD_M))
    assert ast.literal_eval("{" + printed + "}") == _RIGHT_HALF_MM


def test_the_spread_is_that_across_the_line_of_sight() -> None:
    """Half of the heads have a landmark 10 mm too far left, one 10 mm too far ahead."""
    other = MEAN_HEAD_M.copy()
    other[30] += (0.0, 0.01, 0.0)
    other[51] += (0.01, 0.0, 0.0)
    samples = [measure_mean_head.Sample(head_m[17:], seen(head_m), AHEAD) for head_m in (MEAN_HEAD_M, other)]
    spread_mm = 1000 * measure_mean_head.spread(MEAN_HEAD_M, samples)
    assert abs(spread_mm[30] - 10 / np.sqrt(2)) < 0.3
    assert spread_mm[51] < 1.0
    assert spread_mm[[*range(17), 36]].max() < 1e-6


def test_a_lopsided_head_becomes_symmetric() -> None:
    lopsided = MEAN_HEAD_M + np.random.default_rng(1).normal(size=(68, 3)) * 0.002
    head_m = measure_mean_head.symmetric(lopsided)
    np.testing.assert_allclose(head_m[list(FLIP_ORDER)] * (1, -1, 1), head_m, atol=1e-12)
    assert np.abs(head_m - lopsided).max() < 0.01
