"""The subscriptions of one camera: images, calibration, detections where they come from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy, qos_profile_sensor_data
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from rednet_ros.errors import InputError
from rednet_ros.nodes.camera_info import camera_model, distortion_problem, info_topic, is_rectified
from rednet_ros.nodes.camera_names import in_camera, of_camera
from rednet_ros.nodes.compressed_image import CompressedImageConverter
from rednet_ros.nodes.detections import LatestDetections, detection_message_type, detections
from rednet_ros.nodes.frame_pipeline import CameraStream, Output
from rednet_ros.nodes.image_conversion import ImageConverter
from rednet_ros.nodes.messages import seconds
from rednet_ros.nodes.publisher_offers import complaint, offers, wants_reliable
from rednet_ros.nodes.statistics import FrameRecorder, steady_s
from rednet_ros.nodes.tracker_parameters import DETECTIONS_TOPIC, CameraParameters, TrackerParameters


class CameraInput:
    """Hears one camera while `listen` says so. All methods belong to the executor's thread.

    `stream`: what the pipeline reads. `topic`: of the images, fully qualified. `receive` gets every image message.
    Raises InputError where detections shall come by messages that are not installed.
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
        is_told = bool(camera.camera_info_topic)
        self._info_topic = node.resolve_topic_name(info) if is_told else _renamed(node, info) or info_topic(raw_topic)
        self._detection_type: type | None = None
        if parameters.detector == DETECTIONS_TOPIC:
            self._detection_type = detection_message_type()
            self.stream.detections = LatestDetections()
        self._images: Subscription | None = None
        self._others: list[Subscription] = []
        self._is_reliable = False
        self._heard_since_s = 0.0
        self._calibration_problem = ""

    @property
    def is_listening(self) -> bool:
        """Whether images are subscribed to."""
        return self._images is not None

    def listen(self) -> None:
        """Subscribe, if that is not done yet."""
        if self._images is not None:
            return
        node = self._node
        self._heard_since_s = steady_s()
        self._subscribe_images(wants_reliable(self._parameters.image_reliability, offers(node, self.topic)))
        self._others = [
            node.create_subscription(CameraInfo, self._info_topic, self._info_received, qos_profile_sensor_data)
        ]
        if self._detection_type is not None:
            topic = in_camera(self.name, "detections")
            self._others.append(
                node.create_subscription(self._detection_type, topic, self.detections_received, qos_profile_sensor_data)
            )

    def pause(self) -> None:
        """Unsubscribe; what is known of the camera stays."""
        for subscription in (self._images, *self._others):
            if subscription is not None:
                self._node.destroy_subscription(subscription)
        self._images, self._others = None, []
        for output in self.stream.outputs:
            output.pause()

    def follow_publishers(self) -> None:
        """Subscribe anew where the publishers offer another reliability than before."""
        if self._images is None:
            return
        is_reliable = wants_reliable(self._parameters.image_reliability, offers(self._node, self.topic))
        if is_reliable != self._is_reliable:
            self._node.destroy_subscription(self._images)
            self._subscribe_images(is_reliable)

    def has_listeners(self) -> bool:
        """Whether anybody subscribes to a result of this camera."""
        return any(output.has_listeners() for output in self.stream.outputs)

    def silence_s(self) -> float:
        """How long there has been no image, or none since `listen`; 0 while paused."""
        if self._images is None:
            return 0.0
        return steady_s() - max(self._heard_since_s, self.stream.statistics.last_arrival_s() or 0.0)

    def complaint(self) -> str:
        """Why no image may come, and what to do; empty where all fits."""
        kind = f"sensor_msgs/msg/{self._message_type.__name__}"
        return complaint(self.topic, kind, self._is_reliable, offers(self._node, self.topic))

    def figures(self) -> dict[str, str]:
        """How images are subscribed to, for people."""
        return {
            "topic": self.topic,
            "type": self._message_type.__name__,
            "reliability": "reliable" if self._is_reliable else "best_effort",
            "publishers": str(len(offers(self._node, self.topic))),
            "calibration": self._calibration(),
        }

    def _calibration(self) -> str:
        """Where the calibration comes from, "none" without one; and what of it cannot be used."""
        source = "none" if self.stream.calibration is None else self._info_topic
        return f"{source} ({self._calibration_problem})" if self._calibration_problem else source

    def detections_received(self, message: Any) -> None:
        """Callback of vision_msgs/Detection2DArray."""
        if self.stream.detections is not None:
            found = detections(message, self._parameters.detection_class)
            self.stream.detections.put(seconds(message.header.stamp), found)

    def _subscribe_images(self, is_reliable: bool) -> None:
        self._is_reliable = is_reliable
        reliability = ReliabilityPolicy.RELIABLE if is_reliable else ReliabilityPolicy.BEST_EFFORT
        self._images = self._node.create_subscription(
            self._message_type,
            self.topic,
            lambda message: self._receive(self.name, message),
            QoSProfile(depth=self._parameters.image_queue_depth, reliability=reliability),
            event_callbacks=SubscriptionEventCallbacks(incompatible_qos=self._incompatible),
        )

    def _incompatible(self, _event: object) -> None:
        reason = self.complaint() or f"a publisher of {self.topic} offers an incompatible quality of service"
        self._node.get_logger().error(f"images{of_camera(self.name)} cannot be heard: {reason}")

    def _info_received(self, message: CameraInfo) -> None:
        rectified = is_rectified(self.topic)
        try:
            self.stream.calibration = camera_model(message, rectified=rectified)
            reason = distortion_problem(message, rectified=rectified)
            problem = f"used without distortion: {reason}" if reason else ""
        except InputError as error:
            self.stream.calibration = None
            problem = f"not used: {error}"
        if problem and problem != self._calibration_problem:
            self._node.get_logger().warning(f"camera_info{of_camera(self.name)} is {problem}")
        self._calibration_problem = problem


def _renamed(node: Node, topic: str) -> str | None:
    """What the relative `topic` was remapped to, None where it was not."""
    resolved = node.resolve_topic_name(topic)
    return None if resolved == node.resolve_topic_name(topic, only_expand=True) else resolved
