"""Records a session: `overlay` into overlay.mp4 and contact_sheet.png, `faces` and /diagnostics into summary.json.

The files are finished on SIGINT, SIGTERM and SIGHUP.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from rclpy.task import Future
from sensor_msgs.msg import Image

from rednet_ros.errors import InputError
from rednet_ros.files import user_path
from rednet_ros.media.constant_rate import SteadyVideo
from rednet_ros.media.contact_sheet import contact_sheet
from rednet_ros.media.images import write_image
from rednet_ros.media.video import VideoWriter, silence_codecs
from rednet_ros.msg import FaceLandmarks
from rednet_ros.nodes import library_log
from rednet_ros.nodes.demo.session_report import SUMMARY_NAME, SessionCollector
from rednet_ros.nodes.outputs.messages import seconds
from rednet_ros.nodes.parameters.declaration import DeclaredParameters
from rednet_ros.nodes.parameters.demo import RecorderParameters
from rednet_ros.nodes.run_node import run_node
from rednet_ros.nodes.tracker import diagnostics
from rednet_ros.nodes.tracker.image_conversion import to_bgr
from rednet_ros.tracking.types import ImageArray

NODE_NAME = "rednet_recorder"
VIDEO_NAME, SHEET_NAME = "overlay.mp4", "contact_sheet.png"
SHEET_IMAGES, SHEET_COLUMNS, SHEET_TILE_WIDTH_PX = 12, 4, 480


class EvenSampler:
    """Keeps images spread evenly over a stream of unknown length, at most twice `wanted` of them at a time."""

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._stride = 1
        self._count = 0
        self._kept: list[ImageArray] = []

    def add(self, image: ImageArray) -> None:
        """Offer the next image; it is kept or forgotten, not copied."""
        if self._count % self._stride == 0:
            self._kept.append(image)
        self._count += 1
        if len(self._kept) >= 2 * self._wanted:
            self._kept = self._kept[::2]
            self._stride *= 2

    def images(self) -> list[ImageArray]:
        """`wanted` images in their order, fewer if fewer came."""
        if not self._kept:
            return []
        count = min(self._wanted, len(self._kept))
        chosen = np.linspace(0, len(self._kept) - 1, count).round().astype(int)
        return [self._kept[index] for index in chosen]


class RecorderNode(Node):
    """Ends with code 1 when the tracker reports an error. Raises InputError where the folder cannot be made."""

    def __init__(self, **node_options: object) -> None:
        super().__init__(NODE_NAME, allow_undeclared_parameters=True, **node_options)
        library_log.through_node(self)
        self.done: Future = Future()
        self._settings = DeclaredParameters(self, RecorderParameters).read()
        self._folder = _cleared(user_path(self._settings.output_dir).absolute())
        writer = VideoWriter(self._folder / VIDEO_NAME, self._settings.rate_hz)
        self._video: SteadyVideo | None = SteadyVideo(writer, self._settings.rate_hz)
        self._samples = EvenSampler(SHEET_IMAGES)
        self._collector = SessionCollector()
        self.create_subscription(Image, "overlay", self._overlay_received, 30)
        self.create_subscription(FaceLandmarks, "faces", self._faces_received, 100)
        self.create_subscription(DiagnosticArray, diagnostics.TOPIC, self._diagnostics_received, 50)

    def close(self) -> None:
        """Finish video, sheet and summary; what cannot be written is logged."""
        self._finish_video()
        sheet = self._folder / SHEET_NAME
        images = self._samples.images()
        try:
            if images:
                height_px = round(SHEET_TILE_WIDTH_PX * images[0].shape[0] / images[0].shape[1])
                tile_px = SHEET_TILE_WIDTH_PX, height_px
                write_image(sheet, contact_sheet(images, SHEET_COLUMNS, tile_px=tile_px, gap_px=0))
        except InputError as error:
            self.get_logger().error(str(error))
        files = [path for path in (self._folder / VIDEO_NAME, sheet) if path.is_file()]
        report = self._collector.report(files)
        try:
            report.save(self._folder / SUMMARY_NAME)
        except OSError as error:
            self.get_logger().error(f"the summary cannot be written: {error}")
        self.get_logger().info("\n".join(["session recorded", *report.lines()]))

    def _finish_video(self) -> None:
        try:
            if self._video is not None:
                self._video.close()
        except InputError as error:
            self.get_logger().error(str(error))

    def _overlay_received(self, message: Image) -> None:
        try:
            image = to_bgr(message)
            self._samples.add(image)
            if self._video is not None:
                self._video.add(image, seconds(message.header.stamp))
        except InputError as error:
            self.get_logger().error(f"no more video is written: {error}")
            self._video = None

    def _faces_received(self, message: FaceLandmarks, info: Mapping[str, int]) -> None:
        arrived_s = info["received_timestamp"] * 1e-9
        latency_s = arrived_s - seconds(message.header.stamp)
        self._collector.faces((face.id for face in message.faces), latency_s, message.weights)

    def _diagnostics_received(self, message: DiagnosticArray) -> None:
        namespace = self.get_namespace()
        tracker = diagnostics.find(message, diagnostics.frames_status(namespace, self._settings.tracker))
        player = diagnostics.find(message, diagnostics.frames_status(namespace, self._settings.player))
        if tracker is not None:
            self._collector.tracker_figures(diagnostics.values(tracker))
            if tracker.level == diagnostics.ERROR and not self.done.done():
                self.get_logger().error(f"the tracker reports: {tracker.message}")
                self.done.set_result(1)
        if player is not None:
            self._collector.player_figures(diagnostics.values(player))


def _cleared(folder: Path) -> Path:
    """The folder, made where it is missing, without the files of an earlier session, which must not pass for ours."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in (VIDEO_NAME, SHEET_NAME, SUMMARY_NAME):
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written to: {error.strerror}") from error
    return folder


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of `recorder_node`."""
    silence_codecs()
    cv2.setNumThreads(1)  # the cores are the tracker's
    return run_node(RecorderNode, arguments)


if __name__ == "__main__":
    sys.exit(main())
