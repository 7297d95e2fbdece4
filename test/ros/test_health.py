"""What the tracker node reports of itself on /diagnostics and in the log."""

import pytest

pytestmark = pytest.mark.ros


def test_the_figures_that_integrators_need_are_there(bench, tracker, make_image, wait_until):
    tracker.figures = lambda: {"weights": "stand-in", "license": "Apache-2.0", "backend": "opencv", "detector": "Eyes"}
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
    assert (tracking["license"], tracking["backend"]) == ("Apache-2.0", "opencv")
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
def test_the_log_reports_the_latency_now_and_then(
    make_bench, tracker, make_image, wait_until, monkeypatch, capfd, of_this_clock, words
):
    monkeypatch.setattr("rednet_ros.nodes.tracker.health.LOG_PERIOD_S", 0.5)
    bench = make_bench(lambda parameters: tracker, autostart=True)
    publisher, image = bench.publisher(), make_image()
    if of_this_clock:
        image.header.stamp = bench.client.get_clock().now().to_msg()
    publisher.publish(image)
    assert wait_until(lambda: bench.node.statistics().processed == 1)
    told = []
    assert wait_until(lambda: told.append(capfd.readouterr().err) or words in "".join(told))
    assert "1 image in" in "".join(told)


def test_images_without_stamps_are_a_warning(bench, make_image, wait_until):
    publisher = bench.publisher()
    publisher.publish(make_image(stamp_s=0.0))
    told = "images carry no stamp (0); the publisher must set it"
    for part in ("camera", "frames"):
        assert wait_until(lambda part=part: (bench.status(part) or "..")[1] == told)
        assert bench.status(part)[0] == b"\1"
    publisher.publish(make_image(stamp_s=1.0))
    assert wait_until(lambda: told not in bench.status("camera")[1])


def test_an_error_of_every_image_is_not_logged_every_time(bench, make_image, wait_until, capfd):
    publisher = bench.publisher()
    for number in range(5):
        publisher.publish(make_image(13))
        assert wait_until(lambda number=number: bench.node.statistics().failed > number)
    assert capfd.readouterr().err.count("ZeroDivisionError: thirteen") == 1


def test_errors_are_repeated_after_a_while_for_each_camera(
    make_bench, tracker, make_image, wait_until, monkeypatch, capfd
):
    monkeypatch.setattr("rednet_ros.nodes.tracker.tracker_node.REPEAT_S", 1.0)
    bench = make_bench(lambda parameters: tracker, autostart=True, cameras=["front", "rear"])
    publishers = [bench.publisher(topic=f"{name}/image") for name in ("front", "rear")]
    for publisher in publishers * 2:
        failed = bench.node.statistics().failed
        publisher.publish(make_image(13))
        assert wait_until(lambda failed=failed: bench.node.statistics().failed > failed)
    log = capfd.readouterr().err
    assert [log.count(f"image of camera '{name}' skipped, tracking it failed") for name in ("front", "rear")] == [1, 1]

    def repeated():
        publishers[0].publish(make_image(13))
        return "image of camera 'front' skipped" in capfd.readouterr().err

    assert wait_until(repeated)


def test_health_is_reported_while_simulated_time_stands_still(make_bench, tracker, wait_until):
    bench = make_bench(lambda parameters: tracker, autostart=True, use_sim_time=True)
    assert wait_until(lambda: len([message for message in bench.diagnostics if message.status]) > 1)
    assert bench.status("frames")[1].startswith("no image yet on /image")


def bad(image):
    """Its rows are longer than its step."""
    image.step = 1
    return image


def test_images_of_which_none_is_usable_are_an_error_with_the_reason(bench, make_image, wait_until):
    publisher = bench.publisher()
    for number in range(6):
        publisher.publish(bad(make_image(stamp_s=1.0 + number)))
        assert wait_until(lambda number=number: bench.node.statistics().rejected > number)
    for part in ("frames", "camera"):
        assert wait_until(lambda part=part: (bench.status(part) or [b"\0"])[0] == b"\2")
        assert bench.status(part)[1].startswith("no recent image could be tracked: 64x48 image of")
        assert "has step 1" in bench.status(part)[1]
    publisher.publish(make_image(stamp_s=9.0))
    assert wait_until(lambda: bench.status("frames")[1].startswith("6 of 7 recent images could not be tracked"))
    assert bench.status("frames")[0] == b"\1"


def test_images_that_cannot_be_tracked_are_reported_too(bench, make_image, wait_until):
    bench.publisher().publish(make_image(13))
    told = "no recent image could be tracked: ZeroDivisionError: thirteen"
    assert wait_until(lambda: (bench.status("frames") or "..")[1] == told)
    assert bench.status("frames")[0] == b"\1"


def test_an_error_beyond_the_tracker_counts_and_is_reported(bench, make_image, wait_until, monkeypatch):
    monkeypatch.setattr("rednet_ros.nodes.tracker.frame_pipeline.CameraModel.known_or_assumed", lambda *_: 1 / 0)
    bench.publisher().publish(make_image())
    assert wait_until(lambda: "ZeroDivisionError" in (bench.status("frames") or "..")[1])
    assert bench.node.statistics().failed == 1


def test_an_image_that_does_not_finish_is_reported(bench, tracker, make_image, wait_until, monkeypatch):
    monkeypatch.setattr("rednet_ros.nodes.tracker.health.SLOW_FRAME_S", 0.1)
    tracker.may_go_on.clear()
    bench.publisher().publish(make_image())
    assert wait_until(lambda: (bench.status("frames") or "..")[1].startswith("an image has been under way for "))
    assert bench.status("frames")[0] == b"\1"
    monkeypatch.setattr("rednet_ros.nodes.tracker.health.STUCK_FRAME_S", 0.1)
    assert wait_until(lambda: bench.status("frames")[0] == b"\2")
    tracker.may_go_on.set()
    assert wait_until(lambda: "under way" not in bench.status("frames")[1])


def test_a_result_that_cannot_be_published_is_reported_and_the_faces_are_published(
    bench, make_image, wait_until, monkeypatch, capfd
):
    from sensor_msgs.msg import Image

    monkeypatch.setattr("rednet_ros.nodes.outputs.outputs.draw_faces", lambda *_: 1 / 0)
    bench.collect(Image, "overlay")
    publisher = bench.publisher()
    publisher.publish(make_image())
    told = "results are incomplete: ZeroDivisionError: division by zero"
    assert wait_until(lambda: (bench.status("camera") or "..")[1] == told)
    assert bench.status("camera")[0] == b"\1"
    assert len(bench.faces) == 1
    assert "a result is not published: ZeroDivisionError" in capfd.readouterr().err


def test_a_refused_calibration_is_reported_for_each_camera(make_bench, tracker, wait_until, capfd):
    from sensor_msgs.msg import CameraInfo

    bench = make_bench(lambda parameters: tracker, autostart=True, cameras=["front", "rear"])
    for name in ("front", "rear"):
        publisher = bench.client.create_publisher(CameraInfo, f"{name}/camera_info", 10)
        assert wait_until(lambda publisher=publisher: publisher.get_subscription_count() == 1)
        publisher.publish(CameraInfo(width=64, height=48))
        told = f"camera_info of camera '{name}' is not used: a camera of 64 x 48 pixels"
        part = f"camera {name}"
        assert wait_until(lambda part=part, told=told: told in (bench.status(part) or "..")[1])
        assert bench.status(part)[0] == b"\1"
    assert capfd.readouterr().err.count("is not used") == 2


def test_the_log_says_once_that_images_arrive(bench, make_image, wait_until, monkeypatch, capfd):
    monkeypatch.setattr("rednet_ros.nodes.tracker.health.MEASURING_S", 0.2)
    publisher = bench.publisher()
    log = []

    def told():
        publisher.publish(make_image(width=64, height=48))
        log.append(capfd.readouterr().err)
        return "images arrive on /image: 64x48 bgr8, " in "".join(log)

    assert wait_until(told)
    for _ in range(10):
        assert wait_until(lambda: len(bench.faces) > 3)
        publisher.publish(make_image())
    assert " Hz" in "".join(log)
    log.append(capfd.readouterr().err)
    assert "".join(log).count("images arrive") == 1
    assert wait_until(lambda: (bench.status("camera") or (0, 0, {"images": ""}))[2]["images"] == "64x48 bgr8")


def test_images_that_come_late_are_logged_once_with_their_rate(make_bench, tracker, make_image, wait_until, capfd):
    bench = make_bench(lambda parameters: tracker, autostart=True, camera_timeout_s=0.5)
    log = []
    assert wait_until(lambda: log.append(capfd.readouterr().err) or "no image on /image" in "".join(log))
    publisher = bench.publisher()

    def told():
        publisher.publish(make_image())
        log.append(capfd.readouterr().err)
        return " Hz" in "".join(log)

    assert wait_until(told)
    assert "".join(log).count("images arrive") == 1


def test_the_tracker_waits_for_images_until_they_arrive(make_bench, tracker, make_image, wait_until):
    bench = make_bench(lambda parameters: tracker, autostart=True, camera_timeout_s=0.5)
    publisher = bench.publisher()

    def state():
        return (bench.status("tracker") or "..")[1]

    assert wait_until(lambda: state() == "waiting for images")
    assert wait_until(lambda: publisher.publish(make_image()) or state() == "tracking")
    assert wait_until(lambda: state() == "waiting for images")


def test_statuses_name_their_hardware(bench, wait_until):
    from socket import gethostname

    assert wait_until(lambda: bench.status("camera"))
    hardware = {entry.name: entry.hardware_id for entry in bench.diagnostics[-1].status}
    assert hardware["rednet_tracker: camera"] == "/image"
    assert hardware["rednet_tracker: frames"] == hardware["rednet_tracker: tracker"] == gethostname()
