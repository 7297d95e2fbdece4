import numpy as np
import pytest

from rednet_ros.evaluation.degraded.bursts import RECOVERY_FRAMES, Burst
from rednet_ros.evaluation.degraded.run import ClipErrors
from rednet_ros.evaluation.degraded.summary import Figures, curve, figures, frames_until_back

BURST, BLIND = Burst(10, 14, "blur", (0, 0)), Burst(30, 36, "dark", (0, 0))


def clip(errors: np.ndarray, bursts: tuple[Burst, ...] = (BURST,), undegraded: float = 0.03) -> ClipErrors:
    return ClipErrors(bursts, {"rule": errors}, {"rule": np.full(len(errors), undegraded)}, {"rule": 2})


def errors(frames: int = 60, **at: float) -> np.ndarray:
    """Errors of 3 %; `at`: of the frames "from_to"."""
    values = np.full(frames, 0.03)
    for place, value in at.items():
        start, stop = map(int, place.strip("f").split("_"))
        values[start:stop] = value
    return values


def test_each_phase_has_its_own_errors() -> None:
    of_rule = figures([clip(errors(f10_14=0.2, f14_16=0.08))], "rule")
    inside, after, outside = (of_rule.phases[name] for name in ("inside", "just after", "outside"))
    assert (inside.frames, inside.error, inside.failures) == pytest.approx((4, 20.0, 100.0))
    assert (after.frames, after.error, after.failures) == pytest.approx((5, (2 * 8 + 3 * 3) / 5, 0.0))
    assert (outside.frames, outside.error) == pytest.approx((51, 3.0))
    assert (of_rule.undegraded.frames, of_rule.undegraded.error) == pytest.approx((4, 3.0))
    assert of_rule.recovery_frames == 2
    assert (of_rule.not_back, of_rule.anew) == (0.0, 2)


def test_a_lost_face_counts_as_half_of_the_unit_however_far_it_is() -> None:
    lost = [figures([clip(errors(f10_14=value))], "rule").phases["inside"] for value in (0.9, 30.0, np.inf)]
    assert [phase.error for phase in lost] == [50.0] * 3
    assert [phase.failures for phase in lost] == [100.0] * 3


def test_frames_without_landmarks_to_judge_by_do_not_count() -> None:
    inside = figures([clip(errors(f10_14=0.2, f10_12=np.nan))], "rule").phases["inside"]
    assert (inside.frames, inside.error) == pytest.approx((2, 20.0))


def test_a_face_is_back_at_a_little_more_than_its_usual_error() -> None:
    usual = np.full(60, 0.03)
    assert frames_until_back(errors(f10_14=0.2), usual, BURST) == 0
    assert frames_until_back(errors(f10_17=0.037), usual, BURST) == 3
    assert frames_until_back(errors(f10_17=0.035), usual, BURST) == 0
    assert frames_until_back(errors(f10_60=0.2), usual, BURST) is None
    # Where the face is hard to see without any burst, no more is asked for; nor is less than two percent.
    hard = np.where(np.arange(60) < 20, 0.2, 0.03)
    assert frames_until_back(errors(f10_60=0.2), hard, BURST) == 0
    assert frames_until_back(errors(f10_60=0.019), np.zeros(60), BURST) == 0


def test_a_face_that_does_not_come_back_counts_with_the_frames_it_had() -> None:
    of_rule = figures([clip(errors(f10_60=0.2)), clip(errors())], "rule")
    assert (of_rule.recovery_frames, of_rule.not_back) == (RECOVERY_FRAMES / 2, 50.0)


def test_kinds_are_told_apart() -> None:
    both = [clip(errors(f10_14=0.2, f30_36=0.4), (BURST, BLIND))]

    def inside(of_rule: Figures) -> float:
        return of_rule.phases["inside"].error

    assert inside(figures(both, "rule", "blur")) == pytest.approx(20.0)
    assert inside(figures(both, "rule", "dark")) == pytest.approx(40.0)
    assert inside(figures(both, "rule")) == pytest.approx((4 * 20 + 6 * 40) / 10)


def test_the_curve_runs_over_bursts_from_their_start_and_from_their_end() -> None:
    values = errors(f10_14=0.2, f30_36=0.4, f14_15=0.1)
    over_time = curve([clip(values, (BURST, BLIND))], "rule")
    np.testing.assert_allclose(over_time.before, 0.03)
    np.testing.assert_allclose(over_time.inside[:6], [0.3] * 4 + [0.4] * 2)  # one of them is over after four
    assert np.isnan(over_time.inside[6:]).all()
    np.testing.assert_allclose(over_time.after, [(0.1 + 0.03) / 2] + [0.03] * (RECOVERY_FRAMES - 1))
