"""Cameras of the tracker node: several, raw and compressed, under other names, lost and found."""

import sys

import cv2
import numpy as np
import pytest

from rednet_ros.errors import InputError

pytestmark = pytest.mark.ros


@pytest.fixture
def two_cameras(make_bench, tracker):
    return make_bench(lambda parameters: tracker, autostart=True, cameras=["front", "rear"])


def test_every_camera_has_its_topics_and_all_faces_go_through_one_call(two_cameras, tracker, make_image, wait_until):
    from rednet_ros.msg import FaceLandmarks

    bench = two_cameras
    front, rear = (bench.collect(FaceLandmarks, f"{name}/faces") for name in ("front", "rear"))
    publishers = {name: bench.publisher(topic=f"{name}/image") for name in ("front", "rear")}
    tracker.may_go_on.clear()
    publishers["front"].publish(make_image(stamp_s=1.0))
    assert tracker.is_busy.wait(10)
    publishers["front"].publish(make_image(stamp_s=2.0, frame_id="front_optical"))
    publishers["rear"].publish(make_image(stamp_s=2.5, frame_id="rear_optical"))
    assert wait_until(lambda: bench.node.statistics().received == 3)
    tracker.may_go_on.set()
    assert wait_until(lambda: len(front) == 2 and rear)
    assert tracker.batches == [["front"], ["front", "rear"]]
    assert (front[1].header.frame_id, rear[0].header.frame_id) == ("front_optical", "rear_optical")
    assert [face.id for face in rear[0].faces] == ["rearf1"]


def test_a_bad_image_of_one_camera_costs_the_other_nothing(two_cameras, tracker, make_image, wait_until):
    from rednet_ros.msg import FaceLandmarks

    bench = two_cameras
    rear = bench.collect(FaceLandmarks, "rear/faces")
    publishers = {name: bench.publisher(topic=f"{name}/image") for name in ("front", "rear")}
    tracker.may_go_on.clear()
    publishers["rear"].publish(make_image(stamp_s=1.0))
    assert tracker.is_busy.wait(10)
    bad = make_image(stamp_s=2.0)
    bad.step = 1
    publishers["front"].publish(bad)
    publishers["rear"].publish(make_image(stamp_s=2.0))
    assert wait_until(lambda: bench.node.statistics().received == 3)
    tracker.may_go_on.set()
    assert wait_until(lambda: len(rear) == 2)
    assert wait_until(lambda: (bench.status("camera front") or (0, 0, {"rejected": "0"}))[2]["rejected"] == "1")
    assert bench.status("camera rear")[2]["rejected"] == "0"


def test_calibrations_are_kept_apart(two_cameras, tracker, make_image, wait_until):
    from sensor_msgs.msg import CameraInfo

    matrix = [500.0, 0.0, 31.5, 0.0, 500.0, 23.5, 0.0, 0.0, 1.0]
    infos = two_cameras.client.create_publisher(CameraInfo, "rear/camera_info", 10)
    assert wait_until(lambda: infos.get_subscription_count() == 1)
    infos.publish(CameraInfo(width=64, height=48, k=matrix))
    publishers = [two_cameras.publisher(topic=f"{name}/image") for name in ("front", "rear")]

    def calibrated():
        for publisher in publishers:
            publisher.publish(make_image())
        return tracker.calibrations.get("rear") is not None

    assert wait_until(calibrated)
    assert wait_until(lambda: "front" in tracker.calibrations)
    assert tracker.calibrations["front"] is None


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["front", "front"], "names that differ"),
        (["front", ""], "names that differ"),
        (["Front"], r"'Front' does not"),
        (["max_faces"], "no camera may be called 'max_faces'"),
    ],
)
def test_cameras_without_names_of_their_own_are_refused(make_bench, tracker, names, reason):
    with pytest.raises(InputError, match=reason):
        make_bench(lambda parameters: tracker, cameras=names)


def test_a_misspelt_parameter_of_a_camera_gets_the_nearest_one(make_bench, tracker):
    with pytest.raises(InputError, match="did you mean 'front.image_topic'"):
        make_bench(lambda parameters: tracker, cameras=["front"], **{"front.image_tpoic": "x"})


def test_cameras_cannot_change_while_the_node_runs(bench):
    successful, reason = bench.set_parameter("cameras", ["front"])
    assert not successful
    assert "read-only" in reason


def test_a_camera_has_its_own_topic_transport_and_frame(make_bench, tracker, wait_until):
    from sensor_msgs.msg import CompressedImage

    from rednet_ros.msg import FaceLandmarks

    own = {"image_topic": "/usb/image_raw", "image_transport": "compressed", "frame_id": "rear_optical"}
    bench = make_bench(
        lambda parameters: tracker,
        autostart=True,
        cameras=["front", "rear"],
        **{f"rear.{name}": value for name, value in own.items()},
    )
    rear = bench.collect(FaceLandmarks, "rear/faces")
    publisher = bench.publisher(topic="/usb/image_raw/compressed", message_type=CompressedImage)
    data = cv2.imencode(".jpg", np.full((48, 64, 3), 200, np.uint8))[1].tobytes()
    message = CompressedImage(format="jpeg", data=data)
    message.header.frame_id = "usb"
    publisher.publish(message)
    assert wait_until(lambda: rear)
    assert (rear[0].header.frame_id, rear[0].image_width, len(rear[0].faces)) == ("rear_optical", 64, 1)
    publisher.publish(CompressedImage(format="jpeg", data=b"nothing"))
    assert wait_until(lambda: bench.node.statistics().rejected == 1)


@pytest.mark.parametrize(
    ("remapping", "transport", "topic", "info"),
    [
        ("image:=/camera/image_raw", "raw", "/camera/image_raw", "/camera/camera_info"),
        ("image:=/camera/image_raw", "compressed", "/camera/image_raw/compressed", "/camera/camera_info"),
        ("image/compressed:=/camera/jpeg", "compressed", "/camera/jpeg", "/robot/camera_info"),
        ("camera_info:=/lens", "raw", "/robot/image", "/lens"),
    ],
)
def test_topics_follow_namespaces_and_remappings(make_bench, tracker, remapping, transport, topic, info):
    arguments = ["--ros-args", "-r", "__ns:=/robot", "-r", remapping]
    bench = make_bench(lambda parameters: tracker, autostart=True, image_transport=transport, cli_args=arguments)
    assert bench.node.count_subscribers(topic) == 1
    assert bench.node.count_subscribers(info) == 1
    assert bench.node.count_publishers("/robot/faces") == 1


def test_a_lost_camera_is_told_and_so_is_its_return(make_bench, tracker, make_image, wait_until, capfd):
    bench = make_bench(lambda parameters: tracker, autostart=True, camera_timeout_s=0.5)
    publisher = bench.publisher()
    publisher.publish(make_image())
    assert wait_until(lambda: bench.faces)
    assert wait_until(lambda: (bench.status("frames") or "..")[1].startswith("no image on /image for "))
    assert bench.status("frames")[0] == b"\1"
    assert wait_until(lambda: publisher.publish(make_image()) or bench.status("frames")[1] == "tracking")
    told = capfd.readouterr().err
    assert "images arrive on /image" in told
    assert 1 <= told.count("no image on /image for") <= told.count("images arrive on /image") + 1


def test_a_silent_topic_is_explained(make_bench, tracker, wait_until):
    import rclpy
    from rclpy.context import Context
    from sensor_msgs.msg import CompressedImage

    bench = make_bench(lambda parameters: tracker, autostart=True)
    assert wait_until(lambda: bench.status("frames"))
    assert bench.status("frames")[1] == "no image yet on /image: nobody publishes on /image"
    elsewhere = Context()  # one process of the middleware cannot have two types on one topic
    rclpy.init(context=elsewhere)
    try:
        stranger = rclpy.create_node("stranger", context=elsewhere)
        stranger.create_publisher(CompressedImage, "image", 1)
        assert wait_until(lambda: "set image_transport" in bench.status("frames")[1])
    finally:
        rclpy.shutdown(context=elsewhere)
    assert "/stranger publishes sensor_msgs/msg/CompressedImage on /image" in bench.status("frames")[1]


def test_incompatible_quality_of_service_is_told_with_the_fix(make_bench, tracker, wait_until, capfd):
    bench = make_bench(lambda parameters: tracker, autostart=True, image_reliability="reliable")
    bench.publisher(reliable=False, is_heard=False)
    assert wait_until(lambda: "set image_reliability to auto" in (bench.status("frames") or "..")[1])
    level, message, _ = bench.status("frames")
    assert level == b"\1"
    assert "/client offers best_effort on /image, this node asks for reliable" in message
    assert "images cannot arrive: /client offers best_effort" in capfd.readouterr().err


def test_images_are_asked_for_as_their_publishers_offer_them(make_bench, tracker, make_image, wait_until):
    bench = make_bench(lambda parameters: tracker, autostart=True, image_reliability="auto")
    assert wait_until(lambda: bench.status("camera"))
    assert bench.status("camera")[2]["reliability"] == "best_effort"  # hears everybody who may come
    bench.publisher(reliable=True)
    assert wait_until(lambda: bench.status("camera")[2]["reliability"] == "reliable")
    unreliable = bench.publisher(reliable=False, is_heard=False)
    assert wait_until(lambda: bench.status("camera")[2]["reliability"] == "best_effort")
    assert wait_until(lambda: bench.faces or unreliable.publish(make_image()))


def test_without_subscribers_nothing_is_tracked_on_demand(make_bench, tracker, make_image, wait_until):
    from sensor_msgs.msg import Image

    from rednet_ros.msg import FaceLandmarks

    arguments = ["--ros-args", "-r", "__ns:=/robot"]  # the client's own subscription is elsewhere
    bench = make_bench(lambda parameters: tracker, autostart=True, on_demand=True, cli_args=arguments)
    publisher = bench.publisher(topic="/robot/image", is_heard=False)
    assert publisher.get_subscription_count() == 0
    listener = bench.client.create_subscription(FaceLandmarks, "/robot/faces", lambda message: None, 10)
    assert wait_until(lambda: publisher.get_subscription_count() == 1)
    publisher.publish(make_image())
    assert wait_until(lambda: tracker.stamps_s)
    bench.client.destroy_subscription(listener)
    assert wait_until(lambda: publisher.get_subscription_count() == 0)
    bench.client.create_subscription(Image, "/robot/overlay", lambda message: None, 10)
    assert wait_until(lambda: publisher.get_subscription_count() == 1)


def test_the_log_says_on_activation_that_images_are_not_subscribed_to(make_bench, tracker, wait_until, capfd):
    """Not that they are waited for, while nobody wants them."""
    log = ""

    def logged(text):
        nonlocal log
        log += "".join(capfd.readouterr())
        return text in log

    arguments = ["--ros-args", "-r", "__ns:=/robot"]  # the client's own subscription is elsewhere
    make_bench(lambda parameters: tracker, autostart=True, on_demand=True, cli_args=arguments)
    assert wait_until(lambda: logged("images on /robot/image are not subscribed to: nobody subscribes"))
    assert "waiting for images" not in log


def test_listeners_of_any_node_come_and_go_and_none_is_taken_for_a_lost_camera(
    make_bench, tracker, make_image, wait_until
):
    import rclpy
    from sensor_msgs.msg import Image
    from visualization_msgs.msg import MarkerArray

    from rednet_ros.msg import FaceLandmarks

    arguments = ["--ros-args", "-r", "__ns:=/robot"]  # the client's own subscription is elsewhere
    bench = make_bench(
        lambda parameters: tracker, autostart=True, on_demand=True, camera_timeout_s=0.5, cli_args=arguments
    )
    publisher = bench.publisher(topic="/robot/image", is_heard=False)
    other = rclpy.create_node("other", context=bench.context)
    try:
        for message_type, topic in ((FaceLandmarks, "faces"), (Image, "overlay"), (MarkerArray, "markers")):
            for node in (other, bench.client, bench.node):
                listener = node.create_subscription(message_type, f"/robot/{topic}", lambda message: None, 10)
                tracked = len(tracker.stamps_s)
                assert wait_until(
                    lambda tracked=tracked: publisher.publish(make_image()) or len(tracker.stamps_s) > tracked
                )
                node.destroy_subscription(listener)
                assert wait_until(lambda: publisher.get_subscription_count() == 0)
    finally:
        other.destroy_node()

    def frames():
        return [part for message in bench.diagnostics for part in message.status if part.name.endswith("frames")]

    assert wait_until(lambda: frames() and frames()[-1].message == "nobody subscribes")
    assert {part.level for part in frames()} == {b"\0"}


def test_a_still_published_once_before_is_answered_and_its_silence_explained(
    make_bench, tracker, make_image, wait_until
):
    from rclpy.qos import DurabilityPolicy, QoSProfile
    from sensor_msgs.msg import Image

    bench = make_bench(lambda parameters: tracker, image_reliability="auto", camera_timeout_s=0.5)
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    bench.client.create_publisher(Image, "image", latched).publish(make_image())
    for transition in (1, 3):
        assert bench.change_state(transition)
    assert wait_until(lambda: bench.faces)
    assert wait_until(lambda: "publish a still again and again" in (bench.status("frames") or "..")[1])
    assert bench.status("camera")[2]["durability"] == "transient_local"


def test_a_still_that_cannot_come_is_explained(make_bench, tracker, make_image, wait_until):
    from rclpy.qos import DurabilityPolicy, QoSProfile
    from sensor_msgs.msg import Image

    bench = make_bench(lambda parameters: tracker, image_reliability="best_effort")
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    bench.client.create_publisher(Image, "image", latched).publish(make_image())
    for transition in (1, 3):
        assert bench.change_state(transition)
    assert wait_until(lambda: "/client latches what it published on /image" in (bench.status("frames") or "..")[1])


def test_who_listens_to_all_frames_of_the_robot_is_no_listener(make_bench, tracker, wait_until, monkeypatch):
    from types import SimpleNamespace

    from std_msgs.msg import String

    from rednet_ros.msg import FaceLandmarks

    def broadcaster(node):  # tf2_ros is in no wheel
        return SimpleNamespace(pub_tf=node.create_publisher(String, "/tf", 10), sendTransform=lambda transforms: None)

    monkeypatch.setitem(sys.modules, "tf2_ros", SimpleNamespace(TransformBroadcaster=broadcaster))
    arguments = ["--ros-args", "-r", "__ns:=/robot"]  # the client's own subscription is elsewhere
    bench = make_bench(lambda parameters: tracker, autostart=True, on_demand=True, cli_args=arguments)
    bench.collect(String, "/tf")
    publisher = bench.publisher(topic="/robot/image", is_heard=False)
    assert not wait_until(lambda: publisher.get_subscription_count() > 0, timeout_s=0.6)
    bench.client.create_subscription(FaceLandmarks, "/robot/faces", lambda message: None, 10)
    assert wait_until(lambda: publisher.get_subscription_count() == 1)


def test_detections_that_do_not_come_or_are_too_old_are_told(make_bench, tracker, make_image, wait_until, monkeypatch):
    from types import SimpleNamespace

    from std_msgs.msg import String

    for module in ("tracker.camera_input", "outputs.outputs"):
        monkeypatch.setattr(f"rednet_ros.nodes.{module}.detection_message_type", lambda: String)
    bench = make_bench(lambda parameters: tracker, autostart=True, detector="topic", camera_timeout_s=0.2)
    silent = "no detections on /detections for "
    assert wait_until(lambda: silent in (bench.status("camera") or "..")[1])
    assert "so no new face is found: nobody publishes on /detections" in bench.status("camera")[1]
    late = SimpleNamespace(header=make_image(stamp_s=1.0).header, detections=[])
    publisher = bench.publisher()

    def told():
        bench.node.camera("").detections_received(late)
        publisher.publish(make_image(stamp_s=5.0))
        return "detections on /detections are not used: their stamps are 4.0 s before" in bench.status("camera")[1]

    assert wait_until(told)
    assert bench.status("camera")[0] == b"\1"


def test_detections_from_outside_reach_the_tracker_once(make_bench, tracker, make_image, wait_until, monkeypatch):
    """With any message for the one that is not installed here, and stand-ins for its contents."""
    from types import SimpleNamespace

    from std_msgs.msg import String

    for module in ("tracker.camera_input", "outputs.outputs"):
        monkeypatch.setattr(f"rednet_ros.nodes.{module}.detection_message_type", lambda: String)
    bench = make_bench(lambda parameters: tracker, autostart=True, detector="topic", detection_class="face")
    assert bench.node.count_subscribers("detections") == 1
    hypotheses = [SimpleNamespace(hypothesis=SimpleNamespace(class_id="face", score=0.75))]
    center = SimpleNamespace(position=SimpleNamespace(x=20.0, y=30.0), theta=0.0)
    box = SimpleNamespace(center=center, size_x=10.0, size_y=12.0)
    image = make_image(stamp_s=1.0)
    found = SimpleNamespace(header=image.header, detections=[SimpleNamespace(results=hypotheses, bbox=box)])
    bench.node.camera("").detections_received(found)
    publisher = bench.publisher()
    for count in (1, 2):
        publisher.publish(make_image(stamp_s=1.0 + count / 30))
        assert wait_until(lambda count=count: len(tracker.detections) == count)
    first, second = tracker.detections
    assert [(entry.box.x, entry.score) for entry in first[""].faces] == [(15.0, 0.75)]
    assert first[""].stamp_s == pytest.approx(1.0)  # of the image that they were found in
    assert second == {}


def test_detections_from_outside_need_their_messages(make_bench, tracker, wait_until):
    pytest.importorskip("rclpy")
    try:
        import vision_msgs  # noqa: F401
    except ImportError:
        pass
    else:
        pytest.skip("vision_msgs is installed")
    loaded = []
    bench = make_bench(loaded.append, autostart=True, detector="topic")
    assert bench.state == "unconfigured"
    assert wait_until(lambda: "vision_msgs, which is not installed" in (bench.status("frames") or "..")[1])
    assert loaded == []  # that takes long, and would be in vain


def test_ros4hri_needs_its_messages_before_the_weights_are_loaded(make_bench, wait_until, monkeypatch):
    monkeypatch.setitem(sys.modules, "hri_msgs", None)
    loaded = []
    bench = make_bench(loaded.append, autostart=True, ros4hri=True)
    assert bench.state == "unconfigured"
    assert wait_until(lambda: "needs the messages of hri_msgs 2" in (bench.status("frames") or "..")[1])
    assert loaded == []


def test_images_beyond_the_limit_and_distances_are_refused_with_the_reason(make_bench, tracker, make_image, wait_until):
    topic = "/camera/depth/image_rect_raw"
    bench = make_bench(lambda parameters: tracker, autostart=True, max_image_megapixels=0.01, image_topic=topic)
    publisher = bench.publisher(topic=topic)
    large, distances = make_image(width=101, height=100), make_image(width=64, height=48)
    distances.encoding = "16UC1"
    for count, message in enumerate((large, distances), start=1):
        publisher.publish(message)
        assert wait_until(lambda count=count: bench.node.statistics().rejected == count)
    publisher.publish(make_image(width=100, height=100))
    assert wait_until(lambda: bench.faces)
    convert = bench.node._cameras[""].stream.convert
    with pytest.raises(InputError, match=r"101x100 pixels is larger than the limit of 0\.01 megapixels"):
        convert(large)
    with pytest.raises(InputError, match=f"'16UC1' on {topic} holds distances"):
        convert(distances)
