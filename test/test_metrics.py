import numpy as np
import pytest
from numpy.typing import NDArray

from rednet_ros.metrics import accelerations, area_under_curve, box_size, normalised_errors, summarise


def face(interocular_px: float) -> NDArray[np.float32]:
    points = np.random.default_rng(0).uniform(0, 100, (68, 2)).astype(np.float32)
    points[36], points[45] = (0, 0), (0, interocular_px)
    return points


def test_errors_are_fractions_of_the_outer_eye_corner_distance() -> None:
    truth = np.stack([face(50.0), face(100.0)])
    predicted = truth.copy()
    predicted[:, 30] += (3.0, 4.0)
    errors = normalised_errors(predicted, truth)
    assert errors.shape == (2, 68)
    np.testing.assert_allclose(errors[:, 30], [0.1, 0.05], rtol=1e-5)
    assert np.count_nonzero(errors) == 2


def test_a_degenerate_annotation_or_another_shape_is_refused() -> None:
    truth = np.stack([face(50.0), face(0.0)])
    with pytest.raises(ValueError, match="face 1: the outer eye corners"):
        normalised_errors(truth, truth)
    with pytest.raises(ValueError, match="expected two arrays"):
        normalised_errors(truth[0], truth[0])


def test_summary_is_in_percent_and_by_face() -> None:
    errors = np.full((4, 68), 0.02)
    errors[1] = 0.04
    errors[2] = 0.06
    errors[3] = 0.12  # the one failure
    summary = summarise(errors)
    assert (summary.faces, summary.missed) == (4, 0)
    assert summary.nme_mean == pytest.approx(6.0)
    assert summary.nme_median == pytest.approx(5.0)
    assert summary.nme_std == pytest.approx(100 * np.std([0.02, 0.04, 0.06, 0.12]))
    assert summary.failure_rate_10 == pytest.approx(25.0)
    assert summary.auc_8 == pytest.approx(100 * (6 + 4 + 2 + 0) / 8 / 4)


def test_missed_faces_are_failures_but_not_in_the_mean() -> None:
    summary = summarise(np.full((3, 68), 0.04), missed=1)
    assert (summary.faces, summary.missed) == (4, 1)
    assert summary.nme_mean == pytest.approx(4.0)
    assert summary.failure_rate_10 == pytest.approx(25.0)
    assert summary.auc_8 == pytest.approx(50.0 * 3 / 4)


def test_all_missed_gives_no_error_rather_than_a_made_up_one() -> None:
    summary = summarise(np.empty((0, 68)), missed=2)
    assert np.isnan([summary.nme_mean, summary.nme_median, summary.nme_std, summary.nme_inner51]).all()
    assert np.isnan(list(summary.nme_by_region.values())).all()
    assert (summary.failure_rate_10, summary.auc_8) == (100.0, 0.0)
    with pytest.raises(ValueError, match="no face"):
        summarise(np.empty((0, 68)))


def test_regions_and_inner_51_leave_the_jaw_apart() -> None:
    errors = np.zeros((2, 68))
    errors[:, :17] = 0.10
    errors[:, 36:42] = 0.051
    summary = summarise(errors)
    assert summary.nme_by_region["jaw"] == pytest.approx(10.0)
    assert summary.nme_by_region["right_eye"] == pytest.approx(5.1)
    assert summary.nme_by_region["left_eye"] == 0.0
    assert summary.nme_inner51 == pytest.approx(5.1 * 6 / 51)


def test_area_under_curve_equals_the_integral_of_the_cumulative_distribution() -> None:
    errors = np.random.default_rng(1).uniform(0, 0.15, 200)
    grid = np.linspace(0, 0.08, 200_001)
    cumulative = np.searchsorted(np.sort(errors), grid, side="right") / len(errors)
    assert area_under_curve(errors) == pytest.approx(cumulative[:-1].mean(), abs=1e-4)


def test_acceleration_ignores_steady_motion_and_sees_jitter() -> None:
    steady = np.arange(5)[:, None, None] * np.ones((5, 68, 2))
    unit = np.full(5, 50.0)
    np.testing.assert_allclose(accelerations(steady, unit), 0.0, atol=1e-12)

    jitter = steady.copy()
    jitter[2, 10, 0] += 1.0  # one landmark jumps by a pixel in one frame
    result = accelerations(jitter, unit)
    assert result.shape == (3, 68)
    np.testing.assert_allclose(result[:, 10], np.array([1.0, 2.0, 1.0]) / 50.0)
    assert accelerations(steady[:2], unit[:2]).shape == (0, 68)


def test_landmarks_that_are_not_annotated_are_not_counted() -> None:
    truth = np.stack([face(50.0), face(50.0)])
    predicted = truth + np.array([2.0, 0.0])
    truth[0, :30] = np.nan
    predicted[0, :30] += 1000
    summary = summarise(normalised_errors(predicted, truth))
    assert summary.nme_mean == pytest.approx(4.0)
    assert summary.nme_by_region["jaw"] == pytest.approx(4.0)
    assert summary.failure_rate_10 == 0.0
    only = summarise(normalised_errors(predicted[:1], truth[:1]))
    assert np.isnan(only.nme_by_region["jaw"])


def test_every_face_weighs_the_same_however_many_landmarks_it_has() -> None:
    errors = np.full((2, 68), 0.02)
    errors[1, :60], errors[1, 60:] = np.nan, 0.06
    assert summarise(errors).nme_mean == pytest.approx(4.0)


def test_the_seven_landmarks_of_the_detection_step() -> None:
    errors = np.zeros((1, 68))
    errors[0, [36, 39, 42, 45, 30, 48, 54]] = 0.03
    assert summarise(errors).nme_detection7 == pytest.approx(3.0)
    assert summarise(errors).nme_mean == pytest.approx(3.0 * 7 / 68)


def test_another_unit_takes_the_place_of_the_eye_corners() -> None:
    truth = face(50.0)[None]
    truth[0, 36] = np.nan
    with pytest.raises(ValueError, match="coincide or are missing"):
        normalised_errors(truth, truth)
    errors = normalised_errors(truth + np.array([3.0, 4.0]), truth, unit_px=np.array([100.0]))
    assert np.nanmean(errors) == pytest.approx(0.05)
    assert np.isnan(errors[0, 36])


def test_the_size_of_a_box_is_the_side_of_a_square_of_its_area() -> None:
    points = np.full((1, 68, 2), np.nan)
    points[0, :2] = (10, 10), (50, 20)
    assert box_size(points) == pytest.approx([20.0])
