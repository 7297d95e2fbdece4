"""From the cameras' newest images to everything that is published for them."""

from __future__ import annotations

import enum
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from std_msgs.msg import Header

from rednet_ros.errors import InputError
from rednet_ros.nodes.outputs.face_ids import with_prefix
from rednet_ros.nodes.outputs.interface import FrameResult, Output
from rednet_ros.nodes.outputs.messages import seconds
from rednet_ros.nodes.parameters.tracker import of_camera
from rednet_ros.nodes.tracker.detections import LatestDetections
from rednet_ros.nodes.tracker.image_conversion import to_bgr
from rednet_ros.nodes.tracker.statistics import FrameRecorder
from rednet_ros.tracking.camera_model import CameraModel
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.types import Detections, Face, ImageArray, Place

logger = logging.getLogger(__name__)


class Tracker(Protocol):
    """What the node needs of `rednet_ros.tracking.FaceTracker`."""

    settings: TrackerSettings
    """May be replaced between two frames."""

    @property
    def weights_name(self) -> str:
        """Name of the network weights in use."""

    def update_many(
        self,
        frames: Mapping[str, tuple[ImageArray, float]],
        detections: Mapping[str, Detections],
    ) -> Mapping[str, Sequence[Face]]:
        """The confirmed faces in each camera's image; detections that come from outside, by camera."""

    def places(self, camera: str) -> Sequence[Place]:
        """Where faces are taken to be in the camera's image, the unconfirmed and the lost included."""

    def calibrate(self, calibration: CameraModel | None, camera: str = "") -> None:
        """How a camera takes its images; None: unknown."""

    def enroll(self, name: str, face_id: str = "") -> str:
        """See `FaceTracker.enroll`; from any thread. Raises InputError."""

    def reset(self) -> None:
        """Forget all faces."""

    def close(self) -> None:
        """Free threads and memory."""


@dataclass
class CameraStream:
    """One camera as the pipeline sees it.

    `outputs`: the first is the message of the faces. `convert`: a message to H x W x 3 uint8 BGR (`ImageConverter`,
    `CompressedImageConverter`); raises InputError where it is no usable image. `frame_id`: for the results, empty to
    keep the image's. `calibration` may be replaced from another thread at any time; the next frame is tracked with it.
    `detections`: None where the tracker finds faces itself. `images`: size and encoding of the latest image, as text;
    empty before the first. `has_stamps`: false where the latest image's stamp is zero, which means that nobody set it.
    """

    outputs: Sequence[Output]
    statistics: FrameRecorder
    convert: Callable[[Any], ImageArray] = to_bgr
    frame_id: str = ""
    calibration: CameraModel | None = None
    detections: LatestDetections | None = None
    images: str = ""
    has_stamps: bool = True


@dataclass(frozen=True)
class _Frame:
    header: Header
    stamp_s: float
    image_bgr: ImageArray


class Loss(enum.Enum):
    """What can be lost of an image."""

    FRAME = enum.auto()
    """All of it: no message of its faces."""
    OUTPUT = enum.auto()
    """One of the other outputs."""


class FramePipeline:
    """Runs in the inference thread: convert, track all cameras' faces in one batch, publish.

    `settings` may be replaced from another thread at any time; the next frame is tracked with them. What is lost counts
    in the camera's statistics, with the reason; `report` gets camera, kind of loss and a line for the log. `id_prefix`
    comes before the ids of the tracker's faces in all that is published. `reset_wanted`: a request to forget all faces
    that may be older than this pipeline; it is done before the next frame is tracked.
    """

    def __init__(
        self,
        tracker: Tracker,
        settings: TrackerSettings,
        streams: Mapping[str, CameraStream],
        now_s: Callable[[], float],
        report: Callable[[str, Loss, str], None],
        id_prefix: str = "",
        reset_wanted: threading.Event | None = None,
    ) -> None:
        self.settings = settings
        self._tracker = tracker
        self._streams = streams
        self._now_s = now_s
        self._report = report
        self._id_prefix = id_prefix
        self._reset_wanted = reset_wanted or threading.Event()

    def request_reset(self) -> None:
        """Forget all faces before the next frame is tracked; wake the thread to have it done at once."""
        self._reset_wanted.set()

    def process(self, messages: Mapping[str, Any]) -> None:
        """Track the faces in the cameras' images (sensor_msgs/Image or CompressedImage) and publish them."""
        frames = {camera: frame for camera, message in messages.items() if (frame := self._frame(camera, message))}
        try:
            self._reset_if_wanted()
            results = self._track(frames) if frames else []
        except Exception as error:
            if not frames:
                raise
            for camera in frames:
                self._lost(camera, error)
            return
        for result in results:
            self._publish(result, frames[result.camera].stamp_s)

    def _reset_if_wanted(self) -> None:
        """Where it fails, the request stays and nothing is tracked, so that no forgotten face is published."""
        if self._reset_wanted.is_set():
            self._tracker.reset()
            self._reset_wanted.clear()

    def _frame(self, camera: str, message: Any) -> _Frame | None:
        stream = self._streams[camera]
        stream.images = getattr(message, "encoding", "") or getattr(message, "format", "")
        try:
            image_bgr = stream.convert(message)
        except Exception as error:
            self._lost(camera, error)
            return None
        stream.images = f"{image_bgr.shape[1]}x{image_bgr.shape[0]} {stream.images}"
        header = message.header
        stream.has_stamps = seconds(header.stamp) != 0.0
        if stream.frame_id:
            header = Header(stamp=header.stamp, frame_id=stream.frame_id)
        return _Frame(header, seconds(header.stamp), image_bgr)

    def _track(self, frames: Mapping[str, _Frame]) -> list[FrameResult]:
        settings = self._tracker.settings = self.settings
        calibrations = {camera: self._streams[camera].calibration for camera in frames}
        detections = {}
        for camera, frame in frames.items():
            source = self._streams[camera].detections
            if source is not None and (found := source.take(frame.stamp_s)) is not None:
                detections[camera] = found
            self._tracker.calibrate(calibrations[camera], camera)
        images = {camera: (frame.image_bgr, frame.stamp_s) for camera, frame in frames.items()}
        results = []
        for camera, tracked in self._tracker.update_many(images, detections).items():
            faces = with_prefix(tracked, self._id_prefix)
            header, image_bgr = frames[camera].header, frames[camera].image_bgr
            height_px, width_px = image_bgr.shape[:2]
            model = CameraModel.known_or_assumed(calibrations[camera], width_px, height_px, settings.assumed_fov_deg)
            name, places = self._tracker.weights_name, self._tracker.places(camera)
            results.append(FrameResult(camera, header, image_bgr, faces, model, name, places))
        return results

    def _publish(self, result: FrameResult, stamp_s: float) -> None:
        camera, stream = result.camera, self._streams[result.camera]
        first, *others = stream.outputs
        try:
            first.publish(result)
        except Exception as error:
            self._lost(camera, error)
            return
        latency_s = self._now_s() - stamp_s
        stream.statistics.processed(latency_s, len(result.faces))
        logger.debug(
            "image%s at %.3f s: faces %d, %.1f ms", of_camera(camera), stamp_s, len(result.faces), latency_s * 1e3
        )
        for output in others:
            try:
                if output.is_wanted():
                    output.publish(result)
            except Exception as error:  # the faces are published already; the other outputs follow
                stream.statistics.incomplete(_reason(error))
                self._report(camera, Loss.OUTPUT, f"a result{of_camera(camera)} is not published: {_reason(error)}")

    def _lost(self, camera: str, error: Exception) -> None:
        statistics, reason = self._streams[camera].statistics, _reason(error)
        if isinstance(error, InputError):
            statistics.rejected(reason)
            self._report(camera, Loss.FRAME, f"image{of_camera(camera)} skipped: {reason}")
        else:
            statistics.failed(reason)
            self._report(camera, Loss.FRAME, f"image{of_camera(camera)} skipped, tracking it failed: {reason}")


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
