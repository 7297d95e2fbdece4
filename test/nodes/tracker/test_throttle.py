"""The same complaint not too often."""

from rednet_ros.nodes.tracker.throttle import Throttle


def test_each_key_is_said_once_a_period(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("rednet_ros.nodes.tracker.throttle.steady_s", lambda: now[0])
    throttle = Throttle(5.0)
    assert [throttle.is_due(key) for key in ("front", "front", "rear")] == [True, False, True]
    now[0] += 5.1
    assert throttle.is_due("front")
