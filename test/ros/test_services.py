"""The services ~/reset and ~/enable."""

import pytest

pytestmark = pytest.mark.ros

DEACTIVATE = 4


def test_reset_forgets_all_faces_at_once(bench, tracker, wait_until):
    assert bench.reset().success
    assert wait_until(lambda: tracker.resets == 1)


def test_reset_waits_for_the_frame_under_way(bench, tracker, make_image, wait_until):
    """The tracker is not thread-safe: what the thread has begun is finished first."""
    tracker.may_go_on.clear()
    bench.publisher().publish(make_image())
    assert tracker.is_busy.wait(10)
    assert bench.reset().success
    assert tracker.resets == 0
    tracker.may_go_on.set()
    assert wait_until(lambda: tracker.resets == 1)
    assert wait_until(lambda: len(bench.faces) == 1)


def test_faces_are_forgotten_while_inactive_too(bench, tracker):
    assert bench.change_state(DEACTIVATE)
    assert bench.reset().success
    assert tracker.resets == 1


def test_there_is_nothing_to_forget_before_the_node_is_configured(make_bench, tracker):
    response = make_bench(lambda parameters: tracker).reset()
    assert not response.success
    assert "not configured" in response.message


def test_a_disabled_node_hears_nothing_and_goes_on_when_enabled(bench, tracker, make_image, wait_until):
    publisher = bench.publisher()
    assert bench.enable(False).success
    assert wait_until(lambda: publisher.get_subscription_count() == 0)
    assert bench.state == "active"
    assert wait_until(lambda: (bench.status("frames") or "..")[1] == "disabled")
    assert bench.enable(True).success
    assert wait_until(lambda: publisher.get_subscription_count() == 1)
    publisher.publish(make_image())
    assert wait_until(lambda: bench.faces)
    assert not tracker.is_closed


def test_a_node_disabled_while_inactive_stays_so_when_activated(make_bench, tracker):
    bench = make_bench(lambda parameters: tracker)
    assert bench.enable(False).success
    assert bench.change_state(1)
    assert bench.change_state(3)
    assert bench.client.count_subscribers("image") == 0
