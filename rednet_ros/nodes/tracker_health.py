"""How the tracker node is, on /diagnostics every second and in the log every minute."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.node import Node

from rednet_ros.nodes import diagnostics
from rednet_ros.nodes.camera_input import CameraInput
from rednet_ros.nodes.camera_watch import CameraWatch
from rednet_ros.nodes.process_memory import gpu_mb, resident_mb
from rednet_ros.nodes.statistics import FrameRecorder, FrameStatistics, combined, steady_s

LOG_PERIOD_S = 60.0


class TrackerHealth:
    """Publishes a node's statuses and logs its latency. `problem`: why it cannot work at all, empty where it can."""

    def __init__(self, node: Node, recorders: Sequence[FrameRecorder]) -> None:
        self.problem = ""
        self._node = node
        self._recorders = recorders
        self._watches: dict[str, CameraWatch] = {}
        self._publisher = node.create_publisher(DiagnosticArray, diagnostics.TOPIC, 10)
        self._logged_at_s = steady_s()
        self._logged = combined(recorders)

    def begin(self, cameras: Mapping[str, CameraInput]) -> None:
        """From now on watch these cameras."""
        logger = self._node.get_logger()
        self._watches = {name: CameraWatch(camera, logger) for name, camera in cameras.items()}

    def check_cameras(self, timeout_s: float) -> None:
        """Log which cameras were lost or have come back; see `CameraWatch`."""
        for watch in self._watches.values():
            watch.check(timeout_s)

    def publish(
        self, state: str, cameras: Mapping[str, CameraInput], tracker: Mapping[str, object], notices: Sequence[str]
    ) -> None:
        """Publish all statuses. `state`: what the node does, in a word or two; `tracker`: what is known of it, and
        `notices` what went wrong in it."""
        figures = combined(self._recorders)
        problems = [watch.problem for watch in self._watches.values() if watch.problem]
        level = diagnostics.ERROR if self.problem else diagnostics.WARN if problems else diagnostics.OK
        summary = self.problem or "; ".join(problems) or state
        statuses = [diagnostics.status(self._name("frames"), level, summary, asdict(figures))]
        statuses += [self._camera(name, camera, state) for name, camera in cameras.items()]
        if tracker:
            memory = {"memory_mb": resident_mb(), **({} if (gpu := gpu_mb()) is None else {"gpu_memory_mb": gpu})}
            level, summary = (diagnostics.WARN, notices[-1]) if notices else (diagnostics.OK, state)
            statuses.append(diagnostics.status(self._name("tracker"), level, summary, {**tracker, **memory}))
        self._publisher.publish(diagnostics.array(self._node.get_clock().now().to_msg(), statuses))
        self._log(figures)

    def _camera(self, name: str, camera: CameraInput, state: str) -> DiagnosticStatus:
        watch = self._watches.get(name)
        problem = watch.problem if watch else ""
        level = diagnostics.WARN if problem else diagnostics.OK
        figures = {**camera.figures(), **asdict(camera.stream.statistics.snapshot())}
        return diagnostics.status(self._name(f"camera {name}".rstrip()), level, problem or state, figures)

    def _name(self, part: str) -> str:
        return diagnostics.status_name(self._node.get_namespace(), self._node.get_name(), part)

    def _log(self, now: FrameStatistics) -> None:
        """A line every `LOG_PERIOD_S` in which images were tracked."""
        elapsed_s = steady_s() - self._logged_at_s
        if elapsed_s < LOG_PERIOD_S:
            return
        before, self._logged, self._logged_at_s = self._logged, now, steady_s()
        processed = now.processed - before.processed
        if processed == 0:
            return
        lost = {
            what: getattr(now, what) - getattr(before, what)
            for what in ("dropped", "rejected", "failed")
            if getattr(now, what) > getattr(before, what)
        }
        self._node.get_logger().info(
            f"{processed} images in {elapsed_s:.0f} s ({processed / elapsed_s:.1f} Hz)"
            + "".join(f", {count} {what}" for what, count in lost.items())
            + f"; {_latency(now)}; faces: {now.faces}"
        )


def _latency(figures: FrameStatistics) -> str:
    if math.isnan(figures.latency_median_ms):
        return "latency unknown: the images' stamps are not of this clock"
    return f"latency median {figures.latency_median_ms:.1f} ms, p95 {figures.latency_p95_ms:.1f} ms"
