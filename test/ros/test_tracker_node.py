"""The tracker node on real topics: what subscribers get for good and bad streams."""

import numpy as np
import pytest

pytestmark = pytest.mark.ros


@pytest.mark.parametrize("reliable", [True, False], ids=["reliable", "best_effort"])
def test_faces_arrive_under_the_images_own_header(bench, make_image, wait_until, reliable):
    publisher = bench.publisher(reliable)
    sent = make_image(200, stamp_s=1234.5678, width=64, height=48, frame_id="front_camera_optical")
    publisher.publish(sent)
    assert wait_until(lambda: bench.faces)
    received = bench.faces[0]
    assert received.header == sent.header
    assert (received.image_width, received.image_height, received.weights) == (64, 48, "stand-in")
    assert [face.id for face in received.faces] == ["f1"]
    assert (received.faces[0].landmarks[3].x, received.faces[0].landmarks[3].y) == (3.0, 97.0)


def test_an_image_without_a_face_gives_an_empty_message(bench, make_image, wait_until):
    bench.publisher().publish(make_image(0, stamp_s=7.0))
    assert wait_until(lambda: bench.faces)
    assert bench.faces[0].header.stamp.sec == 7
    assert list(bench.faces[0].faces) == []


def cut_short(image):
    image.data = image.data[:-1]


def narrow_step(image):
    image.step = 5


def empty(image):
    image.width = 0


def unknown_encoding(image):
    image.encoding = "h265"


@pytest.mark.parametrize("spoil", [cut_short, narrow_step, empty, unknown_encoding])
def test_a_malformed_image_gives_no_message_and_the_next_one_is_tracked(bench, make_image, wait_until, spoil):
    publisher = bench.publisher()
    bad = make_image(stamp_s=1.0)
    spoil(bad)
    publisher.publish(bad)
    assert wait_until(lambda: bench.node.statistics().rejected == 1)
    publisher.publish(make_image(stamp_s=2.0))
    assert wait_until(lambda: bench.faces)
    assert [message.header.stamp.sec for message in bench.faces] == [2]


def test_an_error_of_the_tracker_costs_that_image_only(bench, make_image, wait_until):
    publisher = bench.publisher()
    publisher.publish(make_image(13, stamp_s=1.0))
    assert wait_until(lambda: bench.node.statistics().failed == 1)
    publisher.publish(make_image(200, stamp_s=2.0))
    assert wait_until(lambda: bench.faces)
    assert [message.header.stamp.sec for message in bench.faces] == [2]


def test_only_the_newest_image_waits_and_the_others_are_counted(bench, tracker, make_image, wait_until):
    publisher = bench.publisher()
    tracker.may_go_on.clear()
    publisher.publish(make_image(stamp_s=1.0))
    assert tracker.is_busy.wait(10)
    for number in range(2, 6):
        publisher.publish(make_image(stamp_s=float(number)))
    assert wait_until(lambda: bench.node.statistics().received == 5)
    tracker.may_go_on.set()
    assert wait_until(lambda: len(bench.faces) == 2)
    assert [message.header.stamp.sec for message in bench.faces] == [1, 5]
    figures = bench.node.statistics()
    assert (figures.received, figures.processed, figures.dropped) == (5, 2, 3)


def test_stamps_that_jump_back_and_sizes_that_change_are_passed_on(bench, tracker, make_image, wait_until):
    publisher = bench.publisher()
    for count, (stamp_s, width) in enumerate([(100.0, 64), (3.0, 64), (3.5, 128)], start=1):
        publisher.publish(make_image(stamp_s=stamp_s, width=width))
        assert wait_until(lambda count=count: len(bench.faces) == count)
    assert tracker.stamps_s == [100.0, 3.0, 3.5]
    assert [shape[1] for shape in tracker.shapes] == [64, 64, 128]
    assert [message.image_width for message in bench.faces] == [64, 64, 128]


@pytest.mark.slow
def test_a_stream_that_stops_for_five_seconds_resumes(bench, make_image, wait_until):
    import time

    publisher = bench.publisher()
    publisher.publish(make_image(stamp_s=1.0))
    assert wait_until(lambda: len(bench.faces) == 1)
    time.sleep(5)
    publisher.publish(make_image(stamp_s=6.0))
    assert wait_until(lambda: len(bench.faces) == 2)


def test_a_replaced_publisher_is_received(bench, make_image, wait_until):
    first = bench.publisher()
    first.publish(make_image(stamp_s=1.0))
    assert wait_until(lambda: len(bench.faces) == 1)
    bench.client.destroy_publisher(first)
    bench.publisher().publish(make_image(stamp_s=2.0))
    assert wait_until(lambda: len(bench.faces) == 2)


def test_overlay_and_markers_are_made_for_subscribers_only(bench, make_image, wait_until):
    from sensor_msgs.msg import Image
    from visualization_msgs.msg import MarkerArray

    overlays, markers = [], []
    publisher = bench.publisher()
    publisher.publish(make_image(stamp_s=1.0))
    assert wait_until(lambda: len(bench.faces) == 1)

    subscriptions = [
        bench.client.create_subscription(Image, "overlay", overlays.append, 10),
        bench.client.create_subscription(MarkerArray, "markers", markers.append, 10),
    ]
    assert wait_until(lambda: all(bench.node.count_subscribers(topic) for topic in ("overlay", "markers")))
    assert wait_until(lambda: all(subscription.get_publisher_count() for subscription in subscriptions))
    publisher.publish(make_image(200, stamp_s=2.0))
    assert wait_until(lambda: overlays and markers)
    assert (overlays[0].header.stamp.sec, overlays[0].encoding, overlays[0].width) == (2, "bgr8", 64)
    assert set(overlays[0].data) != {200}  # something was drawn
    assert markers[0].markers[0].action == 3  # DELETEALL: those of the image before go
    assert {marker.ns for marker in markers[0].markers[1:]} == {"camera", "landmarks", "contours", "ids"}
    assert len(overlays) == len(markers) == 1


def test_a_redacted_overlay_hides_the_places_of_all_faces(make_face, monkeypatch):
    from std_msgs.msg import Header

    from rednet_ros.nodes.outputs import outputs
    from rednet_ros.nodes.outputs.interface import FrameResult
    from rednet_ros.nodes.parameters.tracker import TrackerParameters
    from rednet_ros.tracking.detector.models import NoDetector
    from rednet_ros.tracking.types import Place

    topics = outputs._topics(TrackerParameters(redact="landmarks"), NoDetector())
    assert [topic.name for topic in topics] == [topic.name for topic in outputs.TOPICS]
    (overlay,) = [topic for topic in topics if topic.name == "overlay"]
    image = np.random.default_rng(0).integers(0, 255, (240, 320, 3)).astype(np.uint8)
    place = Place("f1", make_face("f1").landmarks_px)
    message = overlay.message(FrameResult("", Header(), image, [], None, "made", [place]))
    shown = np.frombuffer(message.data, np.uint8).reshape(240, 320, 3)
    x, y = place.landmarks_px.mean(axis=0).astype(int)
    assert (shown[y, x] != image[y, x]).any()
    assert outputs._topics(TrackerParameters(), None) == list(outputs.TOPICS)


def test_figures_are_published(bench, make_image, wait_until):
    from rednet_ros.nodes.tracker import diagnostics

    bench.publisher().publish(make_image())
    assert wait_until(lambda: bench.node.statistics().processed == 1)

    def processed():
        status = diagnostics.find(bench.diagnostics[-1], "rednet_tracker: frames") if bench.diagnostics else None
        return diagnostics.values(status)["processed"] if status else None

    assert wait_until(lambda: processed() == "1")
