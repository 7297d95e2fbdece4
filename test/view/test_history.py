import math

import numpy as np
import pytest

from rednet_ros.view.history import SPAN_S, History, RateMeter


def test_the_rate_is_that_of_the_last_second():
    meter = RateMeter()
    assert math.isnan(meter.rate_hz(0.0))
    for number in range(100):
        meter.count(number / 50 if number < 50 else 1 + (number - 50) / 10)
    assert meter.rate_hz(5.9) == pytest.approx(10)
    assert math.isnan(meter.rate_hz(60.0))


def test_samples_older_than_the_span_are_forgotten(make_face):
    history = History()
    for second in range(31):
        history.add(100.0 + second, 0.01 * second, 25.0, [])
    times_s = history.times_s()
    assert times_s[0] == -SPAN_S
    assert times_s[-1] == 0
    assert history.latency_ms()[-1] == pytest.approx(300)
    assert len(history.rate_hz()) == len(times_s)


def test_a_face_has_gaps_where_it_was_not_seen_and_newcomers_come_last(make_face):
    history = History()
    history.add(1.0, 0.01, 25.0, [make_face("f1")])
    history.add(2.0, 0.01, 25.0, [make_face("f2")])
    history.add(3.0, 0.01, 25.0, [make_face("f2"), make_face("f1")])
    assert history.ids(8) == ("f1", "f2")
    assert history.ids(1) == ("f2",)
    np.testing.assert_array_equal(np.isnan(history.of_face("f1")[:, 0]), [False, True, False])


def test_nothing_yet_is_no_error():
    history = History()
    assert history.ids(8) == ()
    assert len(history.times_s()) == len(history.latency_ms()) == 0
    assert history.of_face("f1").shape == (0, 5)
