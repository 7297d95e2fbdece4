"""Lifecycle and parameters of the tracker node, by the services that everybody else uses."""

import gc
import weakref

import pytest

from rednet_ros.errors import InputError, WeightsError

pytestmark = pytest.mark.ros

CONFIGURE, CLEANUP, ACTIVATE, DEACTIVATE, SHUTDOWN_ACTIVE = 1, 2, 3, 4, 7


def test_a_node_waits_to_be_configured(make_bench, tracker):
    bench = make_bench(lambda parameters: tracker)
    assert bench.state == "unconfigured"
    assert bench.client.count_subscribers("image") == 0
    assert bench.change_state(CONFIGURE)
    assert bench.state == "inactive"
    assert bench.change_state(ACTIVATE)
    assert bench.state == "active"


def test_deactivating_keeps_the_tracker_and_stops_listening(bench, tracker, make_image, wait_until):
    publisher = bench.publisher()
    assert bench.change_state(DEACTIVATE)
    assert wait_until(lambda: publisher.get_subscription_count() == 0)
    publisher.publish(make_image(stamp_s=1.0))
    assert bench.change_state(ACTIVATE)
    assert wait_until(lambda: publisher.get_subscription_count() == 1)
    publisher.publish(make_image(stamp_s=2.0))
    assert wait_until(lambda: bench.faces)
    assert tracker.stamps_s == [2.0]
    assert not tracker.is_closed


def test_cleaning_up_frees_the_tracker_and_the_node_starts_anew(make_bench, tracker, make_image, wait_until):
    made = []

    def create(_parameters):
        made.append(type(tracker)())
        return made[-1]

    bench = make_bench(create, autostart=True)
    for transition in (DEACTIVATE, CLEANUP):
        assert bench.change_state(transition)
    assert made[0].is_closed
    assert wait_until(lambda: bench.client.count_publishers("faces") == 0)
    for transition in (CONFIGURE, ACTIVATE):
        assert bench.change_state(transition)
    bench.publisher().publish(make_image())
    assert wait_until(lambda: bench.faces)
    assert len(made) == 2


def test_after_cleaning_up_nothing_of_the_tracker_is_left(make_bench, tracker, make_image, wait_until):
    """Neither its weights nor what it knows of people."""
    made = []

    def create(_parameters):
        new = type(tracker)()
        made.append(weakref.ref(new))
        return new

    bench = make_bench(create, autostart=True)
    bench.publisher().publish(make_image())
    assert wait_until(lambda: bench.faces)
    for transition in (DEACTIVATE, CLEANUP):
        assert bench.change_state(transition)
    gc.collect()
    assert made[0]() is None


def test_a_stuck_frame_does_not_get_a_second_thread_beside_it(bench, tracker, make_image, wait_until, monkeypatch):
    monkeypatch.setattr("rednet_ros.nodes.tracker.tracker_node.STOP_TIMEOUT_S", 0.05)
    tracker.may_go_on.clear()
    bench.publisher().publish(make_image())
    assert tracker.is_busy.wait(10)
    assert bench.change_state(DEACTIVATE)
    assert not bench.change_state(ACTIVATE)
    assert bench.state == "inactive"
    tracker.may_go_on.set()
    assert wait_until(lambda: bench.change_state(ACTIVATE))


def test_the_log_reports_what_transitions_did(bench, tracker, capfd):
    for transition in (DEACTIVATE, CLEANUP, 5):
        assert bench.change_state(transition)
    log = capfd.readouterr().err
    kept = "faces keep their ids for a pause of up to 2 s (max_gap_s)"
    assert f"deactivated: images are no longer subscribed, {kept}" in log
    assert "cleaned up: the weights are freed and all faces are forgotten" in log
    assert "shut down: the weights are freed and all faces are forgotten" in log


def test_shutting_down_frees_the_tracker(bench, tracker):
    assert bench.change_state(SHUTDOWN_ACTIVE)
    assert bench.state == "finalized"
    assert tracker.is_closed


def test_a_transition_that_does_not_fit_is_refused_and_the_node_lives(make_bench, tracker):
    bench = make_bench(lambda parameters: tracker)
    assert not bench.change_state(ACTIVATE)
    assert bench.state == "unconfigured"
    assert bench.change_state(CONFIGURE)


@pytest.mark.parametrize(
    ("kind", "text"), [(WeightsError, "lite.safetensors is truncated; download it again"), (OSError, "disk")]
)
def test_what_cannot_be_loaded_is_reported_and_can_be_fixed(make_bench, tracker, wait_until, kind, text):
    kinds = [kind]

    def create(_parameters):
        if kinds:
            raise kinds.pop()(text)
        return tracker

    bench = make_bench(create, autostart=True)
    assert bench.state == "unconfigured"

    def complaints():
        return [status.message for message in bench.diagnostics for status in message.status]

    assert wait_until(lambda: any(text in complaint for complaint in complaints()))
    assert bench.change_state(CONFIGURE)
    assert bench.state == "inactive"


def test_missing_weights_are_named_by_the_real_tracker(make_bench, tmp_path, wait_until):
    from rednet_ros.nodes.tracker.tracker_node import load_tracker

    bench = make_bench(load_tracker, autostart=True, weights=str(tmp_path / "absent.safetensors"))
    assert bench.state == "unconfigured"
    assert wait_until(lambda: bench.diagnostics)
    assert "absent.safetensors" in bench.diagnostics[-1].status[0].message


def test_truncated_weights_are_named_by_the_real_tracker(make_bench, tmp_path, wait_until):
    pytest.importorskip("torch", reason="PyTorch reads them; without it the step beside them is missing")
    from rednet_ros.nodes.tracker.tracker_node import load_tracker

    path = tmp_path / "short.safetensors"
    path.write_bytes(b"\x40\x00\x00\x00\x00\x00\x00\x00{")
    bench = make_bench(load_tracker, autostart=True, weights=str(path))
    assert bench.state == "unconfigured"
    assert wait_until(lambda: bench.diagnostics)
    assert "short.safetensors" in bench.diagnostics[-1].status[0].message


def test_a_new_value_holds_from_the_next_frame_on(bench, tracker, make_image, wait_until):
    assert bench.set_parameter("max_faces", 2) == (True, "")
    bench.publisher().publish(make_image())
    assert wait_until(lambda: bench.faces)
    assert tracker.settings.max_faces == 2


def test_a_value_set_while_inactive_holds_after_activation(make_bench, tracker, make_image, wait_until):
    bench = make_bench(lambda parameters: tracker)
    bench.change_state(CONFIGURE)
    assert bench.set_parameter("grace_s", 1.25) == (True, "")
    bench.change_state(ACTIVATE)
    bench.publisher().publish(make_image())
    assert wait_until(lambda: bench.faces)
    assert tracker.settings.grace_s == 1.25


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("max_faces", 0, "max_faces"),
        ("max_faces", 2.0, "expected 'Type.INTEGER'"),
        ("min_confidence", 1.5, "min_confidence"),
        ("weights", "other", "'weights' is in use; clean the node up"),
        ("max_fcaes", 3, "no parameter 'max_fcaes'; did you mean 'max_faces'?"),
    ],
)
def test_other_values_are_refused_and_the_old_one_stays(bench, name, value, reason):
    before = bench.node.get_parameter_or(name).value
    successful, given_reason = bench.set_parameter(name, value)
    assert not successful
    assert reason in given_reason
    assert bench.node.get_parameter_or(name).value == before


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"max_faces": 100}, "'max_faces' must be 1 to 64, not 100"),
        ({"device": "tpu"}, "'device' must be one of auto, cpu, cuda, not tpu"),
        ({"grace_s": 1}, r"'grace_s' is of type double, not the integer 1 \(write 1\.0\)"),
        ({"wieghts": "other"}, "no parameter 'wieghts'; did you mean 'weights'"),
    ],
)
def test_a_node_does_not_start_with_a_value_it_cannot_use(make_bench, tracker, parameters, reason):
    with pytest.raises(InputError, match=reason):
        make_bench(lambda given: tracker, **parameters)


def test_parameters_describe_themselves(bench):
    description = bench.node.describe_parameter("min_face_px")
    assert description.floating_point_range[0].to_value == 10_000
    assert "next image" in description.additional_constraints
    assert bench.node.describe_parameter("cameras").read_only
