import time

import pytest

from rednet_ros.evaluation.speed.timing import FEWEST_RUNS, WARM_UP_RUNS, Stopwatch, Timing, measure, timing


def test_median_and_percentile_in_milliseconds():
    assert timing([0.001] * 19 + [0.1]) == Timing(1.0, pytest.approx(5.95), 20)


def test_nothing_timed_is_an_error():
    with pytest.raises(ValueError, match="nothing"):
        timing([])


def test_the_first_runs_do_not_count_and_a_few_are_always_made():
    runs = []

    def work():
        time.sleep(0.02 if len(runs) < WARM_UP_RUNS else 0.0)
        runs.append(len(runs))

    measured = measure(work, seconds=0.0)
    assert measured.runs == FEWEST_RUNS == len(runs) - WARM_UP_RUNS
    assert measured.p95_ms < 20


def test_the_time_is_used():
    assert measure(lambda: time.sleep(0.001), seconds=0.05).runs > FEWEST_RUNS


def test_a_stopwatch_adds_up_by_name_and_starts_anew():
    watch = Stopwatch()
    for _ in range(2):
        with watch.running("a"):
            time.sleep(0.005)
    with watch.running("b"):
        pass
    taken = watch.take()
    assert taken["a"] >= 0.01 > taken["b"]
    assert watch.take() == {}


def test_a_stopwatch_counts_what_raises():
    watch = Stopwatch()
    with pytest.raises(KeyError), watch.running("a"):
        raise KeyError
    assert set(watch.take()) == {"a"}
