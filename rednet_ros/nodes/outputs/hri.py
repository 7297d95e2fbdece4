"""Publishes tracked faces by the conventions of ROS4HRI (REP 155), under /humans/faces.

`tracked` lists the ids of the faces; of each there are the topics `<id>/roi`, `<id>/landmarks` and `<id>/cropped`, from
its first image to its last.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rclpy.event_handler import PublisherEventCallbacks
from rclpy.node import Node
from rclpy.publisher import Publisher
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from rednet_ros.nodes.outputs.hri_messages import HriTypes, cropped_image, landmarks_message, region_message
from rednet_ros.nodes.outputs.interface import FrameResult
from rednet_ros.tracking.types import Face, FaceStatus, ImageArray

NAMESPACE = "/humans/faces"
TRACKED = f"{NAMESPACE}/tracked"
DEPTH = 10
IMAGE_DEPTH = 2


@dataclass(frozen=True)
class _FaceTopics:
    """The publishers of one face."""

    roi: Publisher
    landmarks: Publisher
    cropped: Publisher

    def all(self) -> tuple[Publisher, ...]:
        return self.roi, self.landmarks, self.cropped


class HumanFaces:
    """The faces of all cameras of one node: ids, and therefore topics, are the node's. Everything is reliable.

    Topics of faces come and go in the inference thread, so they have no events that an executor would wait for.
    Messages without subscribers are not made. Thread-safe.
    """

    def __init__(self, node: Node, types: HriTypes) -> None:
        self._node = node
        self._types = types
        self._lock = threading.Lock()
        self._tracked: Publisher | None = self._publisher("tracked", types.ids_list, DEPTH)
        self._topics: dict[str, _FaceTopics] = {}
        self._ids: dict[str, list[str]] = {}

    def has_subscribers(self) -> bool:
        """Whether the list, or a topic of a face, has a subscriber."""
        with self._lock:
            of_faces = [publisher for topics in self._topics.values() for publisher in topics.all()]
            publishers = of_faces if self._tracked is None else [self._tracked, *of_faces]
            return any(publisher.get_subscription_count() > 0 for publisher in publishers)

    def publish(self, camera: str, header: Header, image_bgr: ImageArray, faces: Sequence[Face]) -> None:
        """The faces in an image of a camera. Unconfirmed ones are left out: their ids are not final."""
        confirmed = [face for face in faces if face.status is not FaceStatus.TENTATIVE]
        with self._lock:
            self._ids[camera] = [face.id for face in confirmed]
            self._keep_topics()
            for face in confirmed:
                self._publish_face(self._topics[face.id], header, image_bgr, face)
            self._publish_list(header)

    def forget(self, camera: str) -> None:
        """The camera is unsubscribed for now: its faces leave the list."""
        with self._lock:
            if self._ids.pop(camera, None):
                self._keep_topics()
                self._publish_list(Header(stamp=self._node.get_clock().now().to_msg()))

    def close(self) -> None:
        """Destroy all publishers; may be called again."""
        with self._lock:
            self._ids = {}
            self._keep_topics()
            if self._tracked is not None:
                self._node.destroy_publisher(self._tracked)
                self._tracked = None

    def _publish_list(self, header: Header) -> None:
        if self._tracked is not None:
            self._tracked.publish(self._types.ids_list(header=header, ids=self._all_ids()))

    def _all_ids(self) -> list[str]:
        """Each once: a person may just be on the way from one camera to another."""
        return list(dict.fromkeys(name for names in self._ids.values() for name in names))

    def _keep_topics(self) -> None:
        """Topics for each face that is tracked, and for no other."""
        wanted = self._all_ids()
        for name in [name for name in self._topics if name not in wanted]:
            for publisher in self._topics.pop(name).all():
                self._node.destroy_publisher(publisher)
        if any(name not in self._topics for name in wanted):
            self._look_for_others()
        for name in wanted:
            if name not in self._topics:
                self._topics[name] = _FaceTopics(
                    self._publisher(f"{name}/roi", self._types.region, DEPTH),
                    self._publisher(f"{name}/landmarks", self._types.landmarks, DEPTH),
                    self._publisher(f"{name}/cropped", Image, IMAGE_DEPTH),
                )

    def _look_for_others(self) -> None:
        if self._node.count_publishers(TRACKED) > 1:
            self._node.get_logger().warning(
                f"another node publishes {TRACKED}, too, and each list is taken for the whole: track all cameras in "
                "one node (parameter cameras)",
                once=True,
            )

    def _publish_face(self, topics: _FaceTopics, header: Header, image_bgr: ImageArray, face: Face) -> None:
        shape = image_bgr.shape
        _publish_if_subscribed(topics.roi, lambda: region_message(self._types, header, shape, face))
        _publish_if_subscribed(topics.landmarks, lambda: landmarks_message(self._types, header, shape, face))
        _publish_if_subscribed(topics.cropped, lambda: cropped_image(header, image_bgr, face))

    def _publisher(self, name: str, message_type: type, depth: int) -> Publisher:
        no_events = PublisherEventCallbacks(use_default_callbacks=False)
        return self._node.create_publisher(message_type, f"{NAMESPACE}/{name}", depth, event_callbacks=no_events)


class HumanFacesOutput:
    """One camera's part in `humans`; an `Output`."""

    def __init__(self, humans: HumanFaces, camera: str) -> None:
        self._humans = humans
        self._camera = camera

    def is_wanted(self) -> bool:
        """See `Output`; always: topics come and go with the faces, with or without subscribers."""
        return True

    def has_subscribers(self) -> bool:
        """See `Output`."""
        return self._humans.has_subscribers()

    def publish(self, result: FrameResult) -> None:
        """See `Output`."""
        self._humans.publish(self._camera, result.header, result.image_bgr, result.faces)

    def pause(self) -> None:
        """See `Output`."""
        self._humans.forget(self._camera)

    def close(self) -> None:
        """See `Output`."""
        self._humans.close()


def _publish_if_subscribed(publisher: Publisher, message: Callable[[], Any]) -> None:
    if publisher.get_subscription_count() > 0:
        publisher.publish(message())
