"""The subscriptions of one camera: images, calibration, detections where they come from outside."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from rednet_ros.errors import InputError
from rednet_ros.nodes.outputs.interface import Output
from rednet_ros.nodes.outputs.messages import seconds
from rednet_ros.nodes.parameters.tracker import (
    DETECTIONS_TOPIC,
    CameraParameters,
    TrackerParameters,
    in_camera,
    of_camera,
)
from rednet_ros.nodes.tracker.camera_info import camera_model, distortion_problem, info_topic, is_rectified
from rednet_ros.nodes.tracker.compressed_image import CompressedImageConverter
from rednet_ros.nodes.tracker.detections import LatestDetections, detection_message_type, detections
from rednet_ros.nodes.tracker.frame_pipeline import CameraStream
from rednet_ros.nodes.tracker.image_conversion import ImageConverter
from rednet_ros.nodes.tracker.matching_subscription import (
    MatchingSubscription,
    best_quality,
    quality_of_small_messages,
)
from rednet_ros.nodes.tracker.statistics import FrameRecorder


class CameraInput:
    """Subscribes to one camera while `subscribe` says so. All methods belong to the executor's thread.

    `stream`: what the pipeline reads. `topic`: of the images, fully qualified. `receive` gets every image message.
    Raises InputError where detections come from a topic whose messages are not installed.
    """

    def __init__(
        self,
        node: Node,
        name: str,
        camera: CameraParameters,
        parameters: TrackerParameters,
        outputs: list[Output],
        statistics: FrameRecorder,
        receive: Callable[[str, Any], None],
    ) -> None:
        self.name = name
        self._node = node
        self._parameters = parameters
        self._receive = receive
        is_compressed = camera.image_transport == "compressed"
        self._message_type = CompressedImage if is_compressed else Image
        image = in_camera(name, camera.image_topic or "image")
        raw_topic = node.resolve_topic_name(image)
        self.topic = _renamed(node, f"{image}/compressed") or f"{raw_topic}/compressed" if is_compressed else raw_topic
        converter = CompressedImageConverter if is_compressed else ImageConverter
        convert = converter(self.topic, int(parameters.max_image_megapixels * 1e6))
        self.stream = CameraStream(outputs, statistics, convert, camera.frame_id)
        info = in_camera(name, camera.camera_info_topic or "camera_info")
        beside = None if camera.camera_info_topic else info_topic(raw_topic)
        self._info_topic = _renamed(node, info) or beside or node.resolve_topic_name(info)
        self._detection_type: type | None = None
        if parameters.detector == DETECTIONS_TOPIC:
            self._detection_type = detection_message_type()
            self.stream.detections = LatestDetections()
        self._images: MatchingSubscription | None = None
        self._infos: MatchingSubscription | None = None
        self._detections: MatchingSubscription | None = None
        self.subscribed_since_s = 0.0
        self._calibration_flaw = ""

    @property
    def is_subscribed(self) -> bool:
        """Whether images are subscribed to. `subscribed_since_s`: of the steady clock, since when."""
        return self._images is not None

    def subscribe(self) -> None:
        """Subscribe; where that is done, subscribe again if the publishers now offer another quality of service."""
        if self._images is not None:
            for subscription in self._subscriptions():
                subscription.follow()
            return
        node, parameters = self._node, self._parameters
        self.subscribed_since_s = time.monotonic()
        self._images = MatchingSubscription(
            node,
            self._message_type,
            self.topic,
            lambda message: self._receive(self.name, message),
            choose=lambda publishers: best_quality(publishers, parameters.image_reliability),
            depth=parameters.image_queue_depth,
            incompatible=lambda reason: node.get_logger().error(
                f"images{of_camera(self.name)} cannot arrive: {reason}"
            ),
        )
        self._infos = MatchingSubscription(
            node, CameraInfo, self._info_topic, self._info_received, choose=quality_of_small_messages
        )
        if self._detection_type is not None:
            topic = node.resolve_topic_name(in_camera(self.name, "detections"))
            self._detections = MatchingSubscription(
                node, self._detection_type, topic, self.detections_received, choose=quality_of_small_messages
            )

    def pause(self) -> None:
        """Unsubscribe; what is known of the camera stays."""
        for subscription in self._subscriptions():
            subscription.close()
        self._images = self._infos = self._detections = None
        for output in self.stream.outputs:
            output.pause()

    def has_subscribers(self) -> bool:
        """Whether a result of this camera has a subscriber."""
        return any(output.has_subscribers() for output in self.stream.outputs)

    @property
    def has_image(self) -> bool:
        """Whether an image has come since `subscribe`."""
        last_s = self.stream.statistics.last_arrival_s()
        return self.is_subscribed and last_s is not None and last_s >= self.subscribed_since_s

    def is_lost(self, timeout_s: float) -> bool:
        """Whether there has been no image for `timeout_s`; never for 0, and while paused."""
        return 0 < timeout_s <= self.silence_s()

    def silence_s(self) -> float:
        """How long there has been no image, or none since `subscribe`; 0 while paused."""
        return self._silence_s(self.stream.statistics.last_arrival_s())

    @property
    def calibration_problem(self) -> str:
        """What of the camera's calibration cannot be used, and why; empty where all of it can, or none came."""
        return f"camera_info{of_camera(self.name)} is {self._calibration_flaw}" if self._calibration_flaw else ""

    def complaint(self) -> str:
        """Why no image may come, and what to do; empty where all fits, and while paused."""
        return "" if self._images is None else self._images.complaint()

    def is_latched(self) -> bool:
        """Whether the images' publishers may have published once and for all."""
        return self._images is not None and self._images.quality.is_latched

    def detections_problem(self, timeout_s: float) -> str:
        """Why detections from outside are of no use, where they are used at all; empty while all is well.

        They are late without any for `timeout_s`, never for 0.
        """
        if self._detections is None or self.stream.detections is None:
            return ""
        what = f"detections{of_camera(self.name)}"
        silence_s, topic = self._silence_s(self.stream.detections.last_put_s), self._detections.topic
        if 0 < timeout_s <= silence_s:
            reason = self._detections.complaint()
            said = f"no {what} on {topic} for {silence_s:.0f} s, so no new face is found"
            return f"{said}: {reason}" if reason else said
        return f"{what} on {topic} are not used: {late}" if (late := self.stream.detections.problem) else ""

    def figures(self) -> dict[str, str]:
        """The subscription and the kind of images, as text for /diagnostics."""
        images = self._images
        return {
            "topic": self.topic,
            "type": self._message_type.__name__,
            "images": self.stream.images,
            "reliability": "" if images is None else images.quality.reliability,
            "durability": "" if images is None else images.quality.durability,
            "publishers": str(self._node.count_publishers(self.topic)),
            "calibration": self._calibration(),
        }

    def _calibration(self) -> str:
        """Where the calibration comes from, "none" without one; and what of it cannot be used."""
        source = "none" if self.stream.calibration is None else self._info_topic
        return f"{source} ({self._calibration_flaw})" if self._calibration_flaw else source

    def detections_received(self, message: Any) -> None:
        """Callback of vision_msgs/Detection2DArray."""
        if self.stream.detections is not None:
            found = detections(message, self._parameters.detection_class)
            self.stream.detections.put(seconds(message.header.stamp), found)

    def _subscriptions(self) -> list[MatchingSubscription]:
        return [entry for entry in (self._images, self._infos, self._detections) if entry is not None]

    def _silence_s(self, last_s: float | None) -> float:
        """Since the last message or since `subscribe`, whatever was later."""
        return 0.0 if self._images is None else time.monotonic() - max(self.subscribed_since_s, last_s or 0.0)

    def _info_received(self, message: CameraInfo) -> None:
        rectified = is_rectified(self.topic)
        try:
            self.stream.calibration = camera_model(message, rectified=rectified)
            reason = distortion_problem(message, rectified=rectified)
            flaw = f"used without distortion: {reason}" if reason else ""
        except InputError as error:
            self.stream.calibration = None
            flaw = f"not used: {error}"
        before, self._calibration_flaw = self._calibration_flaw, flaw
        if flaw not in ("", before):
            self._node.get_logger().warning(self.calibration_problem)


def _renamed(node: Node, topic: str) -> str | None:
    """What the relative `topic` was remapped to, None where it was not."""
    resolved = node.resolve_topic_name(topic)
    return None if resolved == node.resolve_topic_name(topic, only_expand=True) else resolved
