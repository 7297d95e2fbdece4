"""The live view of a running tracker, on real topics; its page is tested in test/view."""

import math
import threading

import numpy as np
import pytest

pytest.importorskip("viser", reason="viser is not installed: pip install viser")
pytestmark = pytest.mark.ros


@pytest.fixture
def setting(tmp_path, request):
    """(node, client): a view's node whose page is replaced by a list of frames, and a node that publishes.

    Further parameters of the node by `pytest.mark.parametrize("setting", [{"redact": "blur"}], indirect=True)`.
    """
    import rclpy
    from rclpy.context import Context
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.parameter import Parameter

    from rednet_ros.nodes.view.view_node import ViewNode

    context = Context()
    rclpy.init(context=context)
    client = rclpy.create_node("client", context=context)
    given = {"port": 0, "output_dir": str(tmp_path / "made"), **getattr(request, "param", {})}
    values = [Parameter(name, value=value) for name, value in given.items()]
    node = ViewNode(context=context, parameter_overrides=values)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin)
    thread.start()
    yield node, client
    executor.shutdown()
    thread.join(10)
    node.close()
    node.destroy_node()
    client.destroy_node()
    rclpy.shutdown(context=context)


def test_it_subscribes_only_while_frames_are_wanted_and_shows_an_image_with_its_faces(setting, make_face, wait_until):
    from builtin_interfaces.msg import Time
    from sensor_msgs.msg import Image
    from std_msgs.msg import Header

    from rednet_ros.msg import FaceLandmarks
    from rednet_ros.nodes.outputs.messages import bgr_image, face_landmarks

    node, client = setting
    images, faces = client.create_publisher(Image, "image", 10), client.create_publisher(FaceLandmarks, "faces", 10)
    assert not wait_until(lambda: images.get_subscription_count() > 0, timeout_s=1.5), "nobody watches"

    shown = []
    node._view.show = shown.append
    node._view._record(True)  # wanted without a browser
    assert wait_until(lambda: images.get_subscription_count() == faces.get_subscription_count() == 1)
    picture = np.full((48, 64, 3), 77, np.uint8)
    now = node.get_clock().now().to_msg()

    def published():  # again: what is under way while the node subscribes with another quality is lost
        for second in (now.sec - 1, now.sec):
            images.publish(bgr_image(Header(stamp=Time(sec=second)), picture))
        faces.publish(face_landmarks(Header(stamp=Time(sec=now.sec)), picture.shape, "weights", [make_face("f1")]))
        return wait_until(lambda: shown, timeout_s=1.0)

    assert wait_until(published)
    frame = shown[0]
    assert frame.time_s == now.sec
    assert 0 <= frame.latency_s < 30
    np.testing.assert_array_equal(frame.image_bgr, picture)
    assert [face.id for face in frame.faces] == ["f1"]
    assert (frame.camera.width_px, frame.camera.height_px) == (64, 48)

    node._view._record(False)
    assert wait_until(lambda: images.get_subscription_count() == faces.get_subscription_count() == 0)


@pytest.mark.parametrize("setting", [{"redact": "landmarks"}], indirect=True)
def test_redacted_it_shows_no_face_and_forgets_what_it_held_back_when_nobody_watched(setting, make_face, wait_until):
    from builtin_interfaces.msg import Time
    from sensor_msgs.msg import Image
    from std_msgs.msg import Header

    from rednet_ros.msg import FaceLandmarks
    from rednet_ros.nodes.outputs.messages import bgr_image, face_landmarks

    node, client = setting
    images, faces = client.create_publisher(Image, "image", 10), client.create_publisher(FaceLandmarks, "faces", 10)
    shown = []
    node._view.show = shown.append
    noise = np.random.default_rng(0).integers(0, 255, (240, 320, 3)).astype(np.uint8)
    anne = make_face("f1")

    def published(second):
        header = Header(stamp=Time(sec=second))
        images.publish(bgr_image(header, noise))
        faces.publish(face_landmarks(header, noise.shape, "weights", [anne]))

    def watched(first_s):
        node._view._record(True)
        assert wait_until(lambda: images.get_subscription_count() == faces.get_subscription_count() == 1)
        seconds = iter(range(first_s, first_s + 100))

        def next_is_shown():
            published(next(seconds))
            return wait_until(lambda: shown, timeout_s=0.3)

        assert wait_until(next_is_shown)
        node._view._record(False)
        assert wait_until(lambda: images.get_subscription_count() == 0)

    watched(100)
    x, y = anne.landmarks_px[30].astype(int)
    hidden = shown[0].image_bgr[y - 1 : y + 2, x - 1 : x + 2]
    assert float(hidden.std()) < 5
    assert float(shown[0].image_bgr.std()) > 30
    shown.clear()
    watched(500)
    assert shown[0].time_s >= 500, "no frame of before"


def test_an_image_and_its_faces_find_each_other_whichever_comes_first():
    from rednet_ros.nodes.view.pairs import KEPT, StampPairs

    pairs = StampPairs()
    assert pairs.first("image 1", (1, 0)) is None
    assert pairs.second("faces 2", (2, 0)) is None
    assert pairs.first("image 2", (2, 0)) == "faces 2"
    assert pairs.second("faces 1", (1, 0)) == "image 1"
    assert pairs.second("faces 1", (1, 0)) is None, "given out once"
    for number in range(KEPT + 1):
        pairs.first(f"image {number}", (10, number))
    assert pairs.second("faces", (10, 0)) is None, "the oldest is forgotten"
    assert pairs.second("faces", (10, 1)) == "image 1"


def test_it_says_why_nothing_is_to_be_seen(setting, wait_until):
    node, client = setting
    node._view._record(True)
    assert wait_until(lambda: "nobody publishes on /image" in node._view.note)
    from sensor_msgs.msg import Image

    client.create_publisher(Image, "image", 10)
    assert wait_until(lambda: "is the tracker running?" in node._view.note)
    node._view._record(False)


@pytest.mark.parametrize("angles", [(0.1, -0.2, 0.7), (0.0, 0.0, 0.0), (-0.4, 0.5, -1.2)])
def test_faces_come_back_from_a_message_as_they_were(make_face, angles):
    from std_msgs.msg import Header

    from rednet_ros.nodes.outputs.messages import face_landmarks
    from rednet_ros.nodes.view.received_faces import received_faces
    from rednet_ros.tracking.types import HeadPose

    faces = [make_face("f1", head_pose=HeadPose(angles, (0.1, 0.2, 0.9)), identity_similarity=0.5), make_face("f2")]
    back, other = received_faces(face_landmarks(Header(), (480, 640), "weights", faces))
    assert (back.id, back.status, back.confidence) == ("f1", faces[0].status, faces[0].confidence)
    np.testing.assert_allclose(back.landmarks_px, faces[0].landmarks_px)
    np.testing.assert_allclose(back.landmark_confidence, faces[0].landmark_confidence, atol=1e-6)
    assert back.head_pose.rotation_rad == pytest.approx(angles, abs=1e-6)
    assert back.head_pose.translation_m == pytest.approx((0.1, 0.2, 0.9))
    assert back.identity_similarity == pytest.approx(0.5)
    assert other.head_pose is None
    assert math.isnan(other.identity_similarity)
