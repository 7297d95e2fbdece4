"""From the cameras' newest images to everything that is published for them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from std_msgs.msg import Header

from rednet_ros.errors import InputError
from rednet_ros.nodes.detections import LatestDetections
from rednet_ros.nodes.face_ids import with_prefix
from rednet_ros.nodes.image_conversion import to_bgr
from rednet_ros.nodes.messages import seconds
from rednet_ros.nodes.statistics import FrameRecorder
from rednet_ros.tracking.camera_model import CameraModel
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.types import Detection, Face, ImageArray


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
        detections: Mapping[str, Sequence[Detection]],
    ) -> Mapping[str, Sequence[Face]]:
        """The confirmed faces in each camera's image; detections that come from outside, by camera."""

    def calibrate(self, calibration: CameraModel | None, camera: str = "") -> None:
        """How a camera takes its images; None: unknown."""

    def reset(self) -> None:
        """Forget all faces."""

    def close(self) -> None:
        """Free threads and memory."""


@dataclass(frozen=True)
class FrameResult:
    """One camera's tracked image: what the outputs are made from.

    `header`: the image's, unchanged (but for a frame set by parameter). `image_bgr`: H x W x 3 uint8, maybe the
    message's own memory: do not write to it. `camera_model`: how this image was taken, calibrated or assumed; None
    where neither is known.
    """

    camera: str
    header: Header
    image_bgr: ImageArray
    faces: Sequence[Face]
    camera_model: CameraModel | None
    weights_name: str


class Output(Protocol):
    """Something published for every tracked image; made in `outputs`."""

    def is_wanted(self) -> bool:
        """Whether `publish` has anything to do."""

    def has_listeners(self) -> bool:
        """Whether anybody subscribes to it."""

    def publish(self, result: FrameResult) -> None:
        """Publish it; called in the inference thread."""

    def pause(self) -> None:
        """No images of the camera are heard for now."""

    def close(self) -> None:
        """Take the topics down."""


@dataclass
class CameraStream:
    """One camera as the pipeline sees it.

    `outputs`: the first is the message of the faces. `convert`: the camera's messages to H x W x 3 uint8 BGR; raises
    InputError where one is no usable image. `frame_id`: for the results, empty to keep the image's. `calibration` may
    be replaced from another thread at any time; the next frame is tracked with it. `detections`: None where the
    tracker finds faces itself.
    """

    outputs: Sequence[Output]
    statistics: FrameRecorder
    convert: Callable[[Any], ImageArray] = to_bgr
    frame_id: str = ""
    calibration: CameraModel | None = None
    detections: LatestDetections | None = None


@dataclass(frozen=True)
class _Frame:
    header: Header
    stamp_s: float
    image_bgr: ImageArray


class FramePipeline:
    """Runs in the inference thread: convert, track all cameras' faces in one batch, publish.

    `settings` may be replaced from another thread at any time; the next frame is tracked with them. `report` is told of
    a frame that was lost, with its camera and the reason: an InputError where it was no usable image. `id_prefix` comes
    before the ids of the tracker's faces in all that is published.
    """

    def __init__(
        self,
        tracker: Tracker,
        settings: TrackerSettings,
        streams: Mapping[str, CameraStream],
        now_s: Callable[[], float],
        report: Callable[[str, Exception], None],
        id_prefix: str = "",
    ) -> None:
        self.settings = settings
        self._tracker = tracker
        self._streams = streams
        self._now_s = now_s
        self._report = report
        self._id_prefix = id_prefix
        self._reset_wanted = threading.Event()

    def request_reset(self) -> None:
        """Forget all faces before the next frame is tracked; wake the thread to have it done at once."""
        self._reset_wanted.set()

    def process(self, messages: Mapping[str, Any]) -> None:
        """Track the faces in the cameras' images (sensor_msgs/Image or CompressedImage) and publish them."""
        if self._reset_wanted.is_set():
            self._reset_wanted.clear()
            self._tracker.reset()
        frames = {camera: frame for camera, message in messages.items() if (frame := self._frame(camera, message))}
        if not frames:
            return
        settings = self._tracker.settings = self.settings
        calibrations = {camera: self._streams[camera].calibration for camera in frames}
        found = self._track(frames, calibrations)
        for camera, tracked in found.items():
            faces = with_prefix(tracked, self._id_prefix)
            frame = frames[camera]
            model = CameraModel.known_or_assumed(
                calibrations[camera], frame.image_bgr.shape[1], frame.image_bgr.shape[0], settings.assumed_fov_deg
            )
            result = FrameResult(camera, frame.header, frame.image_bgr, faces, model, self._tracker.weights_name)
            self._publish(result, frame.stamp_s)

    def _frame(self, camera: str, message: Any) -> _Frame | None:
        stream = self._streams[camera]
        try:
            image_bgr = stream.convert(message)
        except Exception as error:
            self._lost(camera, error)
            return None
        header = message.header
        if stream.frame_id:
            header = Header(stamp=header.stamp, frame_id=stream.frame_id)
        return _Frame(header, seconds(header.stamp), image_bgr)

    def _track(
        self, frames: Mapping[str, _Frame], calibrations: Mapping[str, CameraModel | None]
    ) -> Mapping[str, Sequence[Face]]:
        detections = {}
        for camera, frame in frames.items():
            source = self._streams[camera].detections
            if source is not None and (found := source.take(frame.stamp_s)) is not None:
                detections[camera] = found
        try:
            for camera, calibration in calibrations.items():
                self._tracker.calibrate(calibration, camera)
            images = {camera: (frame.image_bgr, frame.stamp_s) for camera, frame in frames.items()}
            return self._tracker.update_many(images, detections)
        except Exception as error:
            for camera in frames:
                self._lost(camera, error)
            return {}

    def _publish(self, result: FrameResult, stamp_s: float) -> None:
        stream = self._streams[result.camera]
        first, *others = stream.outputs
        try:
            first.publish(result)
        except Exception as error:
            self._lost(result.camera, error)
            return
        stream.statistics.processed(self._now_s() - stamp_s, len(result.faces))
        for output in others:
            try:
                if output.is_wanted():
                    output.publish(result)
            except Exception as error:  # the faces are out already; the other outputs shall be
                self._report(result.camera, error)

    def _lost(self, camera: str, error: Exception) -> None:
        statistics = self._streams[camera].statistics
        if isinstance(error, InputError):
            statistics.rejected()
        else:
            statistics.failed()
        self._report(camera, error)
