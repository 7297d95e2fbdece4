"""How the tracker node is, on /diagnostics every second and in the log every minute."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node

from rednet_ros.nodes.tracker import diagnostics
from rednet_ros.nodes.tracker.camera_input import CameraInput
from rednet_ros.nodes.tracker.camera_watch import CameraWatch
from rednet_ros.nodes.tracker.diagnostics import ERROR, WARN, Problem, judged
from rednet_ros.nodes.tracker.process_memory import gpu_mb, resident_mb
from rednet_ros.nodes.tracker.statistics import FrameRecorder, FrameStatistics, combined, steady_s
from rednet_ros.wording import counted

LOG_PERIOD_S = 60.0

SLOW_FRAME_S, STUCK_FRAME_S = 5.0, 60.0
"""An image that is under way for so long is a warning, then an error. A backend may compile for a while."""


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
        self,
        state: str,
        cameras: Mapping[str, CameraInput],
        tracker: Mapping[str, object],
        notices: Sequence[str],
        busy_s: float,
    ) -> None:
        """Publish all statuses. `state`: what the node does, in a word or two; `tracker`: what is known of it, and
        `notices` what went wrong in it, the latest last; `busy_s`: how long the images at hand have been tracked."""
        figures = combined(self._recorders)
        problems = [Problem(ERROR, self.problem)] if self.problem else []
        if busy_s >= SLOW_FRAME_S:
            level = ERROR if busy_s >= STUCK_FRAME_S else WARN
            problems.append(Problem(level, f"an image has been under way for {busy_s:.0f} s"))
        of_cameras = {name: self._watches[name].problems for name in cameras if name in self._watches}
        problems += itertools.chain(*of_cameras.values())
        statuses = [diagnostics.status(self._name("frames"), *judged(problems, state), asdict(figures))]
        for name, camera in cameras.items():
            part = self._name(f"camera {name}".rstrip())
            what = {**camera.figures(), **asdict(camera.stream.statistics.snapshot())}
            statuses.append(diagnostics.status(part, *judged(of_cameras.get(name, ()), state), what, camera.topic))
        if tracker:
            memory = {"memory_mb": resident_mb(), **({} if (gpu := gpu_mb()) is None else {"gpu_memory_mb": gpu})}
            judgement = judged([Problem(WARN, notice) for notice in reversed(notices)], state)
            statuses.append(diagnostics.status(self._name("tracker"), *judgement, {**tracker, **memory}))
        self._publisher.publish(diagnostics.array(self._node.get_clock().now().to_msg(), statuses))
        self._log(figures)

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
            f"{counted(processed, 'image')} in {elapsed_s:.0f} s ({processed / elapsed_s:.1f} Hz)"
            + "".join(f", {count} {what}" for what, count in lost.items())
            + f"; {_latency(now)}; faces: {now.faces}"
        )


def _latency(figures: FrameStatistics) -> str:
    if math.isnan(figures.latency_median_ms):
        return "latency unknown: the images' stamps are not of this clock"
    return f"latency median {figures.latency_median_ms:.1f} ms, p95 {figures.latency_p95_ms:.1f} ms"
