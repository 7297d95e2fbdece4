import pytest

from rednet_ros.tracking.camera import NOMINAL_STEP_S
from rednet_ros.tracking.recognition.common_clock import CommonClock

LAG_S = 2.0


def after(*stamps: tuple[str, float]) -> float:
    clock = CommonClock()
    for camera, stamp_s in stamps:
        clock.advance(camera, stamp_s, LAG_S)
    return clock.now_s


def test_it_counts_from_the_first_frame_on_and_pauses_in_full() -> None:
    assert after(("a", 1.7e9)) == 0.0
    assert after(("a", 1.7e9), ("a", 1.7e9 + 0.5)) == pytest.approx(0.5)
    assert after(("a", 10), ("a", 3610)) == 3600


def test_late_frames_do_not_move_it() -> None:
    assert after(("a", 10), ("a", 11), ("a", 10.9), ("a", 11.1)) == pytest.approx(1.1)


def test_a_jump_back_takes_next_to_no_time_and_then_it_goes_on() -> None:
    assert after(("a", 10), ("a", 20), ("a", 0), ("a", 5)) == pytest.approx(15 + NOMINAL_STEP_S)


def test_cameras_with_stamps_of_their_own_do_not_add_up() -> None:
    both = [("a", 1.0 * n) for n in range(11)], [("b", 500 + 1.0 * n) for n in range(11)]
    assert after(*(stamp for pair in zip(*both, strict=True) for stamp in pair)) == pytest.approx(10)


def test_it_goes_on_with_any_of_them() -> None:
    first = [("a", 1.0 * n) for n in range(11)]
    assert after(*first, ("b", 100), ("b", 105)) == pytest.approx(15)  # b joined late, a fell silent
    # a comes back: after it was silent for 20 s it goes on from the present
    later = after(*first, ("b", 100), ("b", 130), ("a", 11), ("a", 12), ("a", 13))
    assert later == pytest.approx(42 + NOMINAL_STEP_S)


def test_repeated_stamps_take_a_nominal_step() -> None:
    assert after(*[("a", 0.0)] * 31) == pytest.approx(30 * NOMINAL_STEP_S)
