import numpy as np

from rednet_ros.evaluation.plots import cumulative_errors


def test_the_cumulative_curve_rises_by_a_step_a_face_and_misses_never_enter() -> None:
    errors, shares = cumulative_errors(np.array([0.04, 0.02, 0.2, np.inf]), 0.10)
    np.testing.assert_allclose(errors, [0, 0.02, 0.04, 0.10])
    np.testing.assert_allclose(shares, [0, 0.25, 0.5, 0.5])
    errors, shares = cumulative_errors(np.array([np.inf]), 0.10)
    np.testing.assert_allclose(shares, [0, 0])
