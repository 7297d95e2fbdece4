"""The services ~/reset, ~/enable and ~/enroll."""

import threading
import time

import pytest

pytestmark = pytest.mark.ros

CONFIGURE, CLEANUP, ACTIVATE, DEACTIVATE = 1, 2, 3, 4


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


def test_a_reset_that_was_promised_happens_though_the_node_is_deactivated(bench, tracker, make_image, wait_until):
    tracker.may_go_on.clear()
    publisher = bench.publisher()
    publisher.publish(make_image())
    assert tracker.is_busy.wait(10)
    assert bench.reset().success

    def finish_when_it_is_being_deactivated():
        assert wait_until(lambda: publisher.get_subscription_count() == 0)
        time.sleep(0.1)
        tracker.may_go_on.set()

    threading.Thread(target=finish_when_it_is_being_deactivated).start()
    assert bench.change_state(DEACTIVATE)
    assert tracker.resets == 1


def test_a_promised_reset_happens_when_a_stuck_frame_ends_and_so_does_cleaning_up(
    bench, tracker, make_image, wait_until, monkeypatch, capfd
):
    monkeypatch.setattr("rednet_ros.nodes.tracker.tracker_node.STOP_TIMEOUT_S", 0.05)
    tracker.may_go_on.clear()
    bench.publisher().publish(make_image())
    assert tracker.is_busy.wait(10)
    assert bench.reset().success
    assert bench.change_state(DEACTIVATE)
    again = bench.reset()
    assert (again.success, again.message) == (False, "the last image is still being tracked; try again")
    assert bench.change_state(CLEANUP)
    assert (tracker.resets, tracker.is_closed) == (0, False)
    assert not bench.change_state(CONFIGURE)  # two trackers at a time
    tracker.may_go_on.set()
    assert wait_until(lambda: tracker.resets == 1 and tracker.is_closed)
    assert "all faces are forgotten as soon as the image under way is finished" in capfd.readouterr().err
    assert bench.change_state(CONFIGURE)


def test_while_a_promised_reset_fails_no_face_is_published(bench, tracker, make_image, wait_until):
    real, tracker.reset = tracker.reset, lambda: 1 / 0
    assert bench.reset().success
    publisher = bench.publisher()
    publisher.publish(make_image())
    assert wait_until(lambda: bench.node.statistics().failed == 1)
    assert bench.faces == []
    tracker.reset = real
    publisher.publish(make_image())
    assert wait_until(lambda: bench.faces)
    assert tracker.resets == 1


def test_faces_are_forgotten_while_inactive_too(bench, tracker):
    assert bench.change_state(DEACTIVATE)
    assert bench.reset().success
    assert tracker.resets == 1


def test_there_is_nothing_to_forget_before_the_node_is_configured(make_bench, tracker):
    response = make_bench(lambda parameters: tracker).reset()
    assert not response.success
    assert "not configured" in response.message


def test_a_disabled_node_receives_nothing_and_goes_on_when_enabled(bench, tracker, make_image, wait_until):
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


def test_a_promised_reset_that_failed_is_done_after_the_next_activation(bench, tracker, make_image, wait_until):
    real, tracker.reset = tracker.reset, lambda: 1 / 0
    assert bench.reset().success
    assert bench.change_state(DEACTIVATE)
    tracker.reset = real
    assert bench.change_state(ACTIVATE)
    bench.publisher().publish(make_image())
    assert wait_until(lambda: bench.faces)
    assert tracker.resets == 1


def test_a_reset_that_fails_while_inactive_says_so_and_is_done_before_the_next_image(
    bench, tracker, make_image, wait_until
):
    assert bench.change_state(DEACTIVATE)
    real, tracker.reset = tracker.reset, lambda: 1 / 0
    response = bench.reset()
    assert not response.success
    assert "division by zero" in response.message
    tracker.reset = real
    assert bench.change_state(ACTIVATE)
    bench.publisher().publish(make_image())
    assert wait_until(lambda: bench.faces)
    assert tracker.resets == 1


def test_enroll_hands_the_face_to_the_tracker_without_the_prefix_of_its_id(make_bench, tracker):
    bench = make_bench(lambda parameters: tracker, autostart=True, id_prefix="front_")
    answer = bench.enroll(name="anna", face_id="front_f1")
    assert (answer.success, answer.message) == (True, "anna is f1")
    assert bench.enroll(name="anna").message == "anna is the only face"


def test_why_somebody_cannot_be_enrolled_is_answered(bench):
    answer = bench.enroll(name="f1")
    assert (answer.success, answer.message) == (False, "a person cannot be called 'f1'")
    assert bench.change_state(DEACTIVATE)
    assert bench.change_state(CLEANUP)
    answer = bench.enroll(name="anna")
    assert (answer.success, answer.message) == (False, "nobody can be enrolled: the node is not configured")
