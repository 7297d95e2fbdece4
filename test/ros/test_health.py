"""What the tracker node tells of itself on /diagnostics and in the log."""

import pytest

pytestmark = pytest.mark.ros


def test_the_figures_that_integrators_need_are_there(bench, tracker, make_image, wait_until):
    tracker.figures = lambda: {"weights": "stand-in", "license": "Apache-2.0", "backend": "eager", "detector": "Eyes"}
    publisher = bench.publisher()
    for number in range(3):
        publisher.publish(make_image(stamp_s=1.0 + number))
        assert wait_until(lambda number=number: len(bench.faces) > number)
    assert wait_until(lambda: (bench.status("frames") or (0, 0, {"processed": "0"}))[2]["processed"] == "3")
    _, summary, frames = bench.status("frames")
    assert summary == "tracking"
    assert {"received", "dropped", "rejected", "failed", "faces", "input_rate_hz", "output_rate_hz"} <= frames.keys()
    assert {"latency_median_ms", "latency_p95_ms"} <= frames.keys()
    camera = bench.status("camera")[2]
    assert (camera["topic"], camera["type"], camera["publishers"]) == ("/image", "Image", "1")
    tracking = bench.status("tracker")[2]
    assert (tracking["license"], tracking["backend"]) == ("Apache-2.0", "eager")
    assert float(tracking["memory_mb"]) > 10


def test_what_went_wrong_in_the_tracker_is_a_warning(bench, tracker, wait_until):
    tracker.notices = ("tensorrt could not be used", "openvino failed: the network runs on eager now")
    assert wait_until(lambda: (bench.status("tracker") or "..")[1].startswith("openvino failed"))
    assert bench.status("tracker")[0] == b"\1"


def test_latency_is_measured_against_the_clock_of_the_stamps(bench, make_image, wait_until):
    publisher = bench.publisher()
    image = make_image()
    image.header.stamp = bench.client.get_clock().now().to_msg()
    publisher.publish(image)
    assert wait_until(lambda: bench.node.statistics().processed == 1)
    assert 0 < bench.node.statistics().latency_median_ms < 5000


@pytest.mark.parametrize(("of_this_clock", "words"), [(True, "latency median"), (False, "latency unknown")])
def test_the_log_tells_the_latency_now_and_then(
    make_bench, tracker, make_image, wait_until, monkeypatch, capfd, of_this_clock, words
):
    monkeypatch.setattr("rednet_ros.nodes.tracker_health.LOG_PERIOD_S", 0.5)
    bench = make_bench(lambda parameters: tracker, autostart=True)
    publisher, image = bench.publisher(), make_image()
    if of_this_clock:
        image.header.stamp = bench.client.get_clock().now().to_msg()
    publisher.publish(image)
    assert wait_until(lambda: bench.node.statistics().processed == 1)
    told = []
    assert wait_until(lambda: told.append(capfd.readouterr().err) or words in "".join(told))
    assert "1 images in" in "".join(told)


def test_an_error_of_every_image_is_not_told_every_time(bench, make_image, wait_until, capfd):
    publisher = bench.publisher()
    for number in range(5):
        publisher.publish(make_image(13))
        assert wait_until(lambda number=number: bench.node.statistics().failed > number)
    assert capfd.readouterr().err.count("ZeroDivisionError: thirteen") == 1


def test_health_is_told_while_simulated_time_stands_still(make_bench, tracker, wait_until):
    bench = make_bench(lambda parameters: tracker, autostart=True, use_sim_time=True)
    assert wait_until(lambda: len([message for message in bench.diagnostics if message.status]) > 1)
    assert bench.status("frames")[1].startswith("no image yet on /image")
