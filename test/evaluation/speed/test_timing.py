import time

import pytest

from rednet_ros.evaluation.speed.timing import (
    FEWEST_RUNS,
    WARM_UP_RUNS,
    Timed,
    Timing,
    measure,
    measure_in_turns,
    timing,
)


def test_median_percentile_and_cpu_time_in_milliseconds():
    assert timing([0.001] * 19 + [0.1], [0.002] * 20) == Timing(1.0, pytest.approx(5.95), pytest.approx(2.0), 20)


def test_nothing_timed_is_an_error():
    with pytest.raises(ValueError, match="nothing"):
        timing([], [])


def test_the_first_runs_do_not_count_and_a_few_are_always_made():
    runs = []

    def work():
        time.sleep(0.02 if len(runs) < WARM_UP_RUNS else 0.0)
        runs.append(len(runs))

    measured = measure(work, seconds=0.0)
    assert FEWEST_RUNS <= measured.runs == len(runs) - WARM_UP_RUNS
    assert measured.wall_ms < 20


def test_the_time_is_used():
    assert measure(lambda: time.sleep(0.001), seconds=0.05).runs > FEWEST_RUNS


def test_sleeping_takes_wall_time_and_no_cpu_time():
    measured = measure(lambda: time.sleep(0.01), seconds=0.0)
    assert measured.wall_ms >= 10 > 2 * measured.cpu_ms


def test_works_take_turns():
    order = []
    timings = measure_in_turns({name: lambda name=name: order.append(name) for name in "ab"}, seconds=0.0)
    assert set(timings) == {"a", "b"}
    assert "".join(order[2 * WARM_UP_RUNS :]).count("ab") >= 3


def test_one_method_is_timed_and_the_others_are_left_alone():
    class Worker:
        size = 3

        def work(self, seconds, fail=False):
            time.sleep(seconds)
            if fail:
                raise KeyError
            return self.size

        def rest(self):
            time.sleep(0.02)

    timed = Timed(Worker(), "work")
    assert (timed.work(0.005), timed.size) == (3, 3)
    timed.rest()
    with pytest.raises(KeyError):
        timed.work(0.005, fail=True)
    assert 0.01 <= timed.taken_s < 0.02
