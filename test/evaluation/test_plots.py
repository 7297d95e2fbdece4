from pathlib import Path

import numpy as np
import pytest

from rednet_ros.evaluation.degraded.summary import Curve
from rednet_ros.evaluation.plots import cumulative_errors, plot_bursts
from rednet_ros.media.images import read_image


def test_the_cumulative_curve_rises_by_a_step_a_face_and_misses_never_enter() -> None:
    errors, shares = cumulative_errors(np.array([0.04, 0.02, 0.2, np.inf]), 0.10)
    np.testing.assert_allclose(errors, [0, 0.02, 0.04, 0.10])
    np.testing.assert_allclose(shares, [0, 0.25, 0.5, 0.5])
    errors, shares = cumulative_errors(np.array([np.inf]), 0.10)
    np.testing.assert_allclose(shares, [0, 0])


def test_errors_about_a_burst_are_a_line_for_each_rule(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    curves = {
        name: Curve(np.full(5, level / 2), np.append(np.full(11, level), np.nan), np.full(10, level / 2))
        for name, level in (("with state", 0.1), ("without state", 0.2))
    }
    plot_bursts(tmp_path / "bursts.png", curves, "distance of the outer eye corners")
    picture = read_image(tmp_path / "bursts.png").astype(int)
    for color in ((168, 95, 31), (46, 69, 200)):  # the first line's blue, the second's red
        assert (abs(picture - color).max(axis=2) < 40).sum() > 100
