"""What is published for every tracked image: the place to add an output.

A message made from one `FrameResult` alone is a line in `TOPICS`. An output of another kind (several topics, a
broadcaster, one that remembers) is a class with the methods of `interface.Output`, made in `make_outputs`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

from geometry_msgs.msg import PoseArray
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import Image, PointCloud2
from visualization_msgs.msg import MarkerArray

from rednet_ros.msg import FaceLandmarks
from rednet_ros.nodes.outputs.hri import HumanFaces, HumanFacesOutput
from rednet_ros.nodes.outputs.hri_messages import load_types
from rednet_ros.nodes.outputs.interface import FrameResult, Output
from rednet_ros.nodes.outputs.markers import face_markers
from rednet_ros.nodes.outputs.messages import bgr_image, face_landmarks, seconds
from rednet_ros.nodes.outputs.point_cloud import landmark_cloud
from rednet_ros.nodes.outputs.poses import pose_array
from rednet_ros.nodes.outputs.transforms import TransformOutput, broadcaster_type, make_broadcasters
from rednet_ros.nodes.parameters.tracker import DETECTIONS_TOPIC, TrackerParameters, in_camera
from rednet_ros.nodes.tracker.detections import detection_message_type
from rednet_ros.tracking.detector.models import Detector
from rednet_ros.tracking.draw import draw_faces
from rednet_ros.tracking.redaction.hiding import Style
from rednet_ros.tracking.redaction.redactor import Redactor, redaction_detector


@dataclass(frozen=True)
class Topic:
    """A topic with one message an image, in the camera's namespace."""

    name: str
    message_type: type
    depth: int
    message: Callable[[FrameResult], Any]


def _faces(result: FrameResult) -> FaceLandmarks:
    return face_landmarks(result.header, result.image_bgr.shape, result.weights_name, result.faces)


def _overlay(result: FrameResult) -> Image:
    return bgr_image(result.header, draw_faces(result.image_bgr, result.faces))


def _redacted_overlay(style: Style, detector: Detector) -> Callable[[FrameResult], Image]:
    """As `_overlay`, of one camera, but nobody can be recognised. What fails is not published."""
    redactor = Redactor[None](style, detector, look_ahead=0)

    def message(result: FrameResult) -> Image:
        stamp_s = seconds(result.header.stamp)
        ((hidden, _),) = redactor.add(result.image_bgr, stamp_s, result.places, None)
        return bgr_image(result.header, draw_faces(hidden, result.faces))

    return message


def _markers(result: FrameResult) -> MarkerArray:
    return face_markers(result.header, result.image_bgr.shape, result.faces, result.camera_model)


def _head_poses(result: FrameResult) -> PoseArray:
    return pose_array(result.header, result.faces)


def _landmark_cloud(result: FrameResult) -> PointCloud2:
    return landmark_cloud(result.header, result.camera_model, result.faces)


TOPICS = (
    Topic("faces", FaceLandmarks, 10, _faces),
    Topic("overlay", Image, 2, _overlay),
    Topic("markers", MarkerArray, 2, _markers),
    Topic("head_poses", PoseArray, 10, _head_poses),
    Topic("landmark_cloud", PointCloud2, 2, _landmark_cloud),
)
"""The first is always published, the others while they have subscribers."""


class TopicOutput:
    """Publishes a `Topic` of one camera; an `Output`."""

    def __init__(self, node: LifecycleNode, camera: str, topic: Topic) -> None:
        self._node = node
        self._message = topic.message
        self._publisher = node.create_lifecycle_publisher(
            topic.message_type, in_camera(camera, topic.name), topic.depth
        )

    def is_wanted(self) -> bool:
        """See `Output`."""
        return self.has_subscribers()

    def has_subscribers(self) -> bool:
        """See `Output`."""
        return self._publisher.get_subscription_count() > 0

    def publish(self, result: FrameResult) -> None:
        """See `Output`."""
        self._publisher.publish(self._message(result))

    def pause(self) -> None:
        """See `Output`."""

    def close(self) -> None:
        """See `Output`."""
        self._node.destroy_lifecycle_publisher(self._publisher)


def check_installed(node: LifecycleNode, parameters: TrackerParameters) -> None:
    """Raise InputError where messages that `parameters` need are not installed; a missing tf2_ros is only logged."""
    if parameters.ros4hri:
        load_types()
    if parameters.detector == DETECTIONS_TOPIC:
        detection_message_type()
    if parameters.broadcast_tf and broadcaster_type() is None:
        node.get_logger().info("tf2_ros is not installed: not broadcasting TF frames")


def _topics(parameters: TrackerParameters, detector: Detector | None) -> list[Topic]:
    """Of one camera; `detector`: of the redaction, None without."""
    if detector is None:
        return list(TOPICS)
    redacted = _redacted_overlay(cast(Style, parameters.redact), detector)
    return [replace(topic, message=redacted) if topic.message is _overlay else topic for topic in TOPICS]


def make_outputs(node: LifecycleNode, parameters: TrackerParameters) -> dict[str, list[Output]]:
    """All outputs of every camera; called while the node is being configured. The first is the faces'.

    Lifecycle publishers made here are enabled and disabled with the node. Raises InputError where messages that
    `parameters` need are not installed.
    """
    types = load_types() if parameters.ros4hri else None
    detector = None if parameters.redact == "none" else redaction_detector(parameters.detector_px)
    outputs: dict[str, list[Output]] = {
        camera: [TopicOutput(node, camera, topic) for topic in _topics(parameters, detector)]
        for camera in parameters.cameras
    }
    if types is not None:
        humans = HumanFaces(node, types)
        for camera in parameters.cameras:
            outputs[camera].append(HumanFacesOutput(humans, camera))
    if parameters.broadcast_tf:
        for camera, broadcaster in make_broadcasters(node, parameters.cameras).items():
            outputs[camera].append(TransformOutput(node, broadcaster))
    return outputs
