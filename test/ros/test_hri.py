"""ROS4HRI output with stand-ins for the messages of hri_msgs 2.0, which is in no wheel, and for publishers."""

import sys
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.tracking.types import Box, FaceStatus

pytestmark = pytest.mark.ros

SHAPE = (100, 200, 3)
"""Height and width of the images here."""


@dataclass
class IdsList:
    header: Any = None
    ids: list = field(default_factory=list)


@dataclass
class NormalizedRegionOfInterest2D:
    header: Any = None
    xmin: float = 0.0
    ymin: float = 0.0
    xmax: float = 0.0
    ymax: float = 0.0
    c: float = 0.0


@dataclass
class NormalizedPointOfInterest2D:
    x: float = 0.0
    y: float = 0.0
    c: float = 0.0


@dataclass
class FacialLandmarks:
    header: Any = None
    landmarks: list = field(default_factory=list)
    height: int = 0
    width: int = 0


class StandInNode:
    """Makes publishers that remember what they published; somebody subscribes to topics that end in `heard`."""

    def __init__(self, heard=("tracked", "roi", "landmarks", "cropped")):
        self.heard = heard
        self.publishers = {}
        self.others = 0
        self.warnings = []

    def create_publisher(self, message_type, topic, depth, *, event_callbacks):
        assert not event_callbacks.use_default_callbacks  # nothing for the executor to wait for
        assert topic not in self.publishers
        publisher = SimpleNamespace(topic=topic, type=message_type, messages=[])
        publisher.publish = publisher.messages.append
        publisher.get_subscription_count = lambda: int(topic.endswith(self.heard))
        self.publishers[topic] = publisher
        return publisher

    def destroy_publisher(self, publisher):
        del self.publishers[publisher.topic]

    def count_publishers(self, topic):
        return (topic in self.publishers) + self.others

    def get_logger(self):
        return SimpleNamespace(warning=lambda text, once: self.warnings.append(text))

    def get_clock(self):
        from rclpy.clock import Clock

        return Clock()

    def last(self, topic):
        return self.publishers[f"/humans/faces/{topic}"].messages[-1]

    def tracked(self):
        return self.last("tracked").ids


@pytest.fixture
def header():
    from builtin_interfaces.msg import Time
    from std_msgs.msg import Header

    return Header(stamp=Time(sec=3, nanosec=500_000_000), frame_id="camera")


@pytest.fixture
def types(monkeypatch):
    from rednet_ros.nodes.outputs.hri_messages import load_types

    classes = (IdsList, NormalizedRegionOfInterest2D, NormalizedPointOfInterest2D, FacialLandmarks)
    messages = SimpleNamespace(**{entry.__name__: entry for entry in classes})
    monkeypatch.setitem(sys.modules, "hri_msgs", SimpleNamespace(msg=messages))
    monkeypatch.setitem(sys.modules, "hri_msgs.msg", messages)
    return load_types()


@pytest.fixture
def node():
    return StandInNode()


@pytest.fixture
def humans(node, types):
    from rednet_ros.nodes.outputs.hri import HumanFaces

    return HumanFaces(node, types)


def image():
    """White, with a black right half."""
    picture = np.full(SHAPE, 255, np.uint8)
    picture[:, 100:] = 0
    return picture


def test_the_list_names_the_faces_and_each_has_its_topics(humans, node, header, make_face):
    humans.publish("", header, image(), [make_face("f1"), make_face("f2")])
    assert node.tracked() == ["f1", "f2"]
    assert node.last("tracked").header == header
    assert set(node.publishers) == {
        "/humans/faces/tracked",
        *(f"/humans/faces/{name}/{topic}" for name in ("f1", "f2") for topic in ("roi", "landmarks", "cropped")),
    }
    humans.publish("", header, image(), [make_face("f2")])
    assert node.tracked() == ["f2"]
    assert not any("/f1/" in topic for topic in node.publishers)
    humans.publish("", header, image(), [])
    assert node.tracked() == []
    assert set(node.publishers) == {"/humans/faces/tracked"}


def test_faces_whose_id_may_change_are_left_out(humans, node, header, make_face):
    humans.publish("", header, image(), [make_face("f1", status=FaceStatus.TENTATIVE), make_face("f2")])
    assert node.tracked() == ["f2"]


def test_cameras_share_the_list(humans, node, header, make_face):
    humans.publish("front", header, image(), [make_face("f1")])
    humans.publish("rear", header, image(), [make_face("f2"), make_face("f1")])
    assert node.tracked() == ["f1", "f2"]
    humans.publish("front", header, image(), [])
    assert node.tracked() == ["f2", "f1"]
    humans.forget("rear")
    assert node.tracked() == []
    assert set(node.publishers) == {"/humans/faces/tracked"}


def test_the_region_is_the_face_with_its_forehead_in_parts_of_the_image(humans, node, header, make_face):
    humans.publish("", header, image(), [make_face("f1", box=Box(80.0, 40.0, 40.0, 50.0), confidence=0.75)])
    roi = node.last("f1/roi")
    assert (roi.header, roi.c) == (header, 0.75)
    assert (roi.xmin, roi.xmax) == pytest.approx((80.5 / 200, 120.5 / 200))
    assert (roi.ymin, roi.ymax) == pytest.approx(((40.5 - 0.28 * 50) / 100, 90.5 / 100))


def test_a_region_ends_at_the_border_of_the_image(humans, node, header, make_face):
    humans.publish("", header, image(), [make_face("f1", box=Box(-30.0, -5.0, 300.0, 200.0))])
    roi = node.last("f1/roi")
    assert 0.0 <= roi.xmin < 0.01 < 0.99 < roi.xmax <= 1.0
    assert 0.0 <= roi.ymin < 0.01 < 0.99 < roi.ymax <= 1.0


def test_landmarks_are_seventy_in_their_order_in_parts_of_the_image(humans, node, header, make_face):
    face = make_face("f1", landmarks_px=np.stack([np.arange(68) * 2, 10 + np.arange(68)], axis=1).astype(np.float32))
    humans.publish("", header, image(), [face])
    message = node.last("f1/landmarks")
    assert (message.header, message.height, message.width) == (header, 100, 200)
    assert len(message.landmarks) == 70
    points = np.array([(point.x, point.y, point.c) for point in message.landmarks])
    np.testing.assert_allclose(points[:68, :2] * (200, 100) - 0.5, face.landmarks_px, atol=1e-4)
    np.testing.assert_allclose(points[:68, 2], face.landmark_confidence)
    assert not points[68:].any()  # the pupils are not known


def test_landmarks_outside_the_image_are_no_information(humans, node, header, make_face):
    landmarks_px = np.full((68, 2), 50, np.float32)
    landmarks_px[3], landmarks_px[4] = (-20, 50), (50, 130)
    face = make_face("f1", landmarks_px=landmarks_px, landmark_confidence=np.ones(68, np.float32))
    humans.publish("", header, image(), [face])
    points = node.last("f1/landmarks").landmarks
    assert (points[3].x, points[3].c) == (0.0, 0.0)
    assert (points[4].y, points[4].c) == (1.0, 0.0)
    assert points[5].c == 1.0


def test_the_crop_is_the_region_centred_on_black(humans, node, header, make_face):
    from rednet_ros.nodes.tracker.image_conversion import to_bgr

    humans.publish("", header, image(), [make_face("f1", box=Box(70.0, 50.0, 60.0, 28.0))])
    message = node.last("f1/cropped")
    assert message.header == header
    crop = to_bgr(message)
    assert crop.shape == (128, 128, 3)
    assert crop[64, 30].min() == 255  # the white half is on the left
    assert crop[64, 100].max() == 0
    assert crop[5].max() == 0  # above and below is nothing
    assert crop[122].max() == 0


@pytest.mark.parametrize(
    "box", [Box(-40.0, -40.0, 41.0, 41.0), Box(198.0, 98.5, 30.0, 40.0), Box(50.0, 20.0, 0.0, 0.0)]
)
def test_a_face_that_is_almost_out_of_the_image_still_has_a_crop(humans, node, header, make_face, box):
    humans.publish("", header, image(), [make_face("f1", box=box)])
    assert node.last("f1/cropped").width == 128


def test_what_nobody_hears_is_not_made(types, header, make_face):
    from rednet_ros.nodes.outputs.hri import HumanFaces

    node = StandInNode(heard=("landmarks",))
    humans = HumanFaces(node, types)
    assert not humans.has_subscribers()
    humans.publish("", header, image(), [make_face("f1")])
    assert humans.has_subscribers()
    made = {topic: len(publisher.messages) for topic, publisher in node.publishers.items()}
    assert made == {
        "/humans/faces/tracked": 1,
        "/humans/faces/f1/roi": 0,
        "/humans/faces/f1/landmarks": 1,
        "/humans/faces/f1/cropped": 0,
    }


def test_nothing_is_left_when_it_is_closed(humans, node, header, make_face):
    humans.publish("", header, image(), [make_face("f1")])
    humans.close()
    assert node.publishers == {}


def test_without_hri_msgs_the_reason_is_told(monkeypatch):
    from rednet_ros.nodes.outputs.hri_messages import load_types

    monkeypatch.setitem(sys.modules, "hri_msgs", None)
    with pytest.raises(InputError, match="ros4hri.*hri_msgs.*install"):
        load_types()


def test_a_second_publisher_of_the_list_is_named(node, humans, header, make_face):
    image = np.zeros(SHAPE, np.uint8)
    humans.publish("", header, image, [make_face("f1")])
    assert node.warnings == []
    node.others = 1
    humans.publish("", header, image, [make_face("f2")])
    (warning,) = node.warnings
    assert "another node publishes /humans/faces/tracked" in warning
    assert "parameter cameras" in warning
