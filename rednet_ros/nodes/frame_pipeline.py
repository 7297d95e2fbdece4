"""From one sensor_msgs/Image to everything that is published for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from rclpy.clock import Clock
from rclpy.publisher import Publisher
from sensor_msgs.msg import Image

from rednet_ros.nodes.image_conversion import to_bgr
from rednet_ros.nodes.markers import face_markers
from rednet_ros.nodes.messages import bgr_image, face_landmarks, seconds
from rednet_ros.nodes.statistics import FrameRecorder
from rednet_ros.tracking.camera_model import CameraModel
from rednet_ros.tracking.draw import draw_faces
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.types import Face, ImageArray


class Tracker(Protocol):
    """What the node needs of `rednet_ros.tracking.FaceTracker`."""

    settings: TrackerSettings
    """May be replaced between two frames."""

    @property
    def weights_name(self) -> str:
        """Name of the network weights in use."""

    def update(self, image_bgr: ImageArray, stamp_s: float) -> Sequence[Face]:
        """The confirmed faces in the image."""

    def calibrate(self, calibration: CameraModel | None) -> None:
        """How the camera takes its images; None: unknown."""

    def close(self) -> None:
        """Free threads and memory."""


@dataclass(frozen=True)
class Outputs:
    """The publishers; overlay and markers are made only while somebody subscribes."""

    faces: Publisher
    overlay: Publisher
    markers: Publisher


class FramePipeline:
    """Runs in the inference thread: convert, track, publish. The image's header is passed on unchanged.

    `settings` and `calibration` may be replaced from another thread at any time; the next frame is tracked with them.
    """

    def __init__(
        self, tracker: Tracker, settings: TrackerSettings, outputs: Outputs, statistics: FrameRecorder, clock: Clock
    ) -> None:
        self.settings = settings
        self.calibration: CameraModel | None = None
        self._tracker = tracker
        self._outputs = outputs
        self._statistics = statistics
        self._now_s: Callable[[], float] = lambda: clock.now().nanoseconds * 1e-9

    def process(self, message: Image) -> None:
        """Track the faces in `message` and publish them. Raises what conversion or tracking raises."""
        header = message.header
        stamp_s = seconds(header.stamp)
        image = to_bgr(message)
        self._tracker.settings = self.settings
        self._tracker.calibrate(self.calibration)
        faces = self._tracker.update(image, stamp_s)
        self._outputs.faces.publish(face_landmarks(header, image.shape, self._tracker.weights_name, faces))
        self._statistics.processed(stamp_s, self._now_s(), len(faces))
        if self._outputs.overlay.get_subscription_count() > 0:
            self._outputs.overlay.publish(bgr_image(header, draw_faces(image, faces)))
        if self._outputs.markers.get_subscription_count() > 0:
            self._outputs.markers.publish(face_markers(header, image.shape, faces))
