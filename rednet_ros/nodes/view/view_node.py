"""The live view of a running tracker: its images and its `faces`, on a page in the browser.

Subscribes while a browser shows the page, or a recording runs, and only then.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any, cast

import cv2
from rclpy.node import Node
from rclpy.subscription import Subscription
from rclpy.task import Future
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from rednet_ros.errors import InputError
from rednet_ros.files import user_path
from rednet_ros.media.video import silence_codecs
from rednet_ros.msg import FaceLandmarks
from rednet_ros.nodes import library_log
from rednet_ros.nodes.outputs.messages import seconds
from rednet_ros.nodes.parameters.declaration import DeclaredParameters
from rednet_ros.nodes.parameters.view import ViewParameters
from rednet_ros.nodes.run_node import run_node
from rednet_ros.nodes.tracker.camera_info import camera_model, info_topic, is_rectified
from rednet_ros.nodes.tracker.compressed_image import CompressedImageConverter
from rednet_ros.nodes.tracker.image_conversion import ImageConverter
from rednet_ros.nodes.tracker.matching_subscription import (
    MatchingSubscription,
    best_quality,
    quality_of_small_messages,
)
from rednet_ros.nodes.tracker.statistics import PLAUSIBLE_LATENCY_S
from rednet_ros.nodes.view.pairs import StampPairs
from rednet_ros.nodes.view.received_faces import received_faces
from rednet_ros.tracking.camera_model import CameraModel
from rednet_ros.tracking.redaction.hiding import Style
from rednet_ros.tracking.redaction.redactor import redaction_detector
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.types import Place
from rednet_ros.view.live_frame import LiveFrame
from rednet_ros.view.redaction import FrameRedactor
from rednet_ros.view.view import open_view

NODE_NAME = "rednet_view"

_POLL_S = 0.5
_SILENCE_S = 3.0


class ViewNode(Node):
    """Raises InputError where the page cannot be served."""

    def __init__(self, **node_options: object) -> None:
        super().__init__(NODE_NAME, allow_undeclared_parameters=True, **node_options)
        library_log.through_node(self)
        self.done: Future = Future()
        self._settings = settings = DeclaredParameters(self, ViewParameters).read()
        folder = user_path(settings.output_dir).absolute()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"output_dir {folder}: cannot be made: {error.strerror}") from error
        is_compressed = settings.image_transport == "compressed"
        self._image_type: type = CompressedImage if is_compressed else Image
        self._raw_topic = self.resolve_topic_name("image")
        self._topic = f"{self._raw_topic}/compressed" if is_compressed else self._raw_topic
        self._convert = CompressedImageConverter(self._topic) if is_compressed else ImageConverter(self._topic)
        self._pairs = StampPairs()
        self._calibration: CameraModel | None = None
        self._inputs: list[MatchingSubscription] = []
        self._faces_input: Subscription | None = None
        self._last_faces_s = -math.inf
        is_redacted = settings.redact != "none"
        self._detector = redaction_detector(TrackerSettings().detector_px) if is_redacted else None
        self._redactor: FrameRedactor | None = None
        self._view = open_view(
            f"rednet_ros: {self._topic}",
            host=settings.host,
            port=settings.port,
            folder=folder,
            rate_hz=settings.rate_hz,
            tell=self.get_logger().info,
        )
        self.get_logger().info(f"live view of {self._topic}: {self._view.address}")
        self.create_timer(_POLL_S, self._follow)

    def close(self) -> None:
        """Finish a recording, and take the page down."""
        self._view.close()

    def _follow(self) -> None:
        """Subscribe while frames are wanted, and say why none come."""
        if not self._view.is_wanted:
            self._unsubscribe()
            return
        if not self._inputs:
            self._subscribe()
        for subscription in self._inputs:
            subscription.follow()
        self._view.note = self._complaint() if self._now_s() - self._last_faces_s > _SILENCE_S else ""

    def _subscribe(self) -> None:
        self._last_faces_s = self._now_s()
        if self._detector is not None:  # a new one: what the last one held back is out of date
            self._redactor = FrameRedactor(cast(Style, self._settings.redact), self._detector)
        info = info_topic(self._raw_topic)
        self._inputs = [
            MatchingSubscription(self, self._image_type, self._topic, self._image_received, choose=best_quality),
            MatchingSubscription(self, CameraInfo, info, self._info_received, choose=quality_of_small_messages),
        ]
        self._faces_input = self.create_subscription(FaceLandmarks, "faces", self._faces_received, 10)

    def _unsubscribe(self) -> None:
        for subscription in self._inputs:
            subscription.close()
        if self._faces_input is not None:
            self.destroy_subscription(self._faces_input)
        self._inputs, self._faces_input = [], None
        self._pairs.clear()

    def _complaint(self) -> str:
        images, faces = self._inputs[0].complaint(), self.resolve_topic_name("faces")
        if images:
            return f"no images: {images}"
        if self.count_publishers(faces) == 0:
            return f"no faces: nobody publishes on {faces}; is the tracker running?"
        return f"no images with faces' messages of the same stamp on {self._topic} and {faces}"

    def _image_received(self, message: Any) -> None:
        faces = self._pairs.first(message, _stamp(message))
        if faces is not None:
            self._show(message, *faces)

    def _info_received(self, message: CameraInfo) -> None:
        try:
            self._calibration = camera_model(message, rectified=is_rectified(self._topic))
        except InputError:
            self._calibration = None  # the tracker's diagnostics say why

    def _faces_received(self, message: FaceLandmarks, info: Mapping[str, int]) -> None:
        arrived_s = info["received_timestamp"] * 1e-9
        image = self._pairs.second((message, arrived_s), _stamp(message))
        if image is not None:
            self._show(image, message, arrived_s)

    def _show(self, image: Any, message: FaceLandmarks, arrived_s: float) -> None:
        if not self._view.is_wanted:
            return
        stamp_s = seconds(message.header.stamp)
        latency_s = arrived_s - stamp_s
        try:
            image_bgr = self._convert(image)
        except InputError as error:
            self.get_logger().warning(str(error), throttle_duration_sec=10.0)
            return
        self._last_faces_s = self._now_s()
        height, width = image_bgr.shape[:2]
        camera = CameraModel.known_or_assumed(self._calibration, width, height, self._settings.assumed_fov_deg)
        shown_s = latency_s if 0 <= latency_s <= PLAUSIBLE_LATENCY_S else math.nan
        for frame in self._redacted(LiveFrame(image_bgr, received_faces(message), stamp_s, shown_s, camera)):
            self._view.show(frame)

    def _redacted(self, frame: LiveFrame) -> list[LiveFrame]:
        """What may be shown now. Of faces that the tracker has lost or not confirmed, the detector alone tells."""
        if self._redactor is None:
            return [frame]
        return self._redactor.add(frame, [Place(face.id, face.landmarks_px) for face in frame.faces])

    def _now_s(self) -> float:
        return self.get_clock().now().nanoseconds * 1e-9


def _stamp(message: Any) -> tuple[int, int]:
    return message.header.stamp.sec, message.header.stamp.nanosec


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of `view_node`."""
    silence_codecs()
    cv2.setNumThreads(1)  # the cores are the tracker's
    return run_node(ViewNode, arguments)


if __name__ == "__main__":
    sys.exit(main())
