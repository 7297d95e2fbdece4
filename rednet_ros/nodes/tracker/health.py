"""How well the tracker node and its cameras work: on /diagnostics every second, in the log every minute."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.impl.rcutils_logger import RcutilsLogger
from rclpy.node import Node

from rednet_ros.nodes.parameters.tracker import of_camera
from rednet_ros.nodes.tracker import diagnostics
from rednet_ros.nodes.tracker.camera_input import CameraInput
from rednet_ros.nodes.tracker.diagnostics import ERROR, WARN, Problem, judged
from rednet_ros.nodes.tracker.statistics import FrameRecorder, FrameStatistics, Outcomes, combined
from rednet_ros.wording import counted

LOG_PERIOD_S = 60.0

SLOW_FRAME_S, STUCK_FRAME_S = 5.0, 60.0
"""An image that is under way for so long is a warning, then an error. A backend may compile for a while."""

MEASURING_S = 1.0
"""Images arrive for this long before their rate is logged."""

ALL_LOST_FRAMES = 5
"""If so many recent images, and no other, were lost, nothing works: an error. One damaged image is a warning."""


class TrackerHealth:
    """Publishes a node's statuses and logs its latency. `problem`: why it cannot work at all, empty where it can."""

    def __init__(self, node: Node, recorders: Sequence[FrameRecorder]) -> None:
        self.problem = ""
        self._node = node
        self._recorders = recorders
        self._watches: dict[str, CameraWatch] = {}
        self._publisher = node.create_publisher(DiagnosticArray, diagnostics.TOPIC, 10)
        self._logged_at_s = time.monotonic()
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
            judgement = judged([Problem(WARN, notice) for notice in reversed(notices)], state)
            statuses.append(diagnostics.status(self._name("tracker"), *judgement, tracker))
        self._publisher.publish(diagnostics.array(self._node.get_clock().now().to_msg(), statuses))
        self._log(figures)

    def _name(self, part: str) -> str:
        return diagnostics.status_name(self._node.get_namespace(), self._node.get_name(), part)

    def _log(self, now: FrameStatistics) -> None:
        """A line every `LOG_PERIOD_S` in which images were tracked."""
        elapsed_s = time.monotonic() - self._logged_at_s
        if elapsed_s < LOG_PERIOD_S:
            return
        before, self._logged, self._logged_at_s = self._logged, now, time.monotonic()
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


class CameraWatch:
    """Watches one camera. Logs when its images begin to arrive, when they stop, and when they are back.

    `problems`: what was wrong with the camera at the last `check`, judged by what became of its images.
    """

    def __init__(self, camera: CameraInput, logger: RcutilsLogger) -> None:
        self.problems: tuple[Problem, ...] = ()
        self._camera = camera
        self._logger = logger
        self._is_lost = False
        self._first_seen_s: float | None = None
        self._is_arrival_logged = False

    def check(self, timeout_s: float) -> None:
        """Look at the camera now. It is lost without images for `timeout_s`, never for 0."""
        camera = self._camera
        if not camera.is_subscribed:
            self.problems, self._is_lost = (), False
            return
        was_lost, self._is_lost = self._is_lost, camera.is_lost(timeout_s)
        silence = self._silence()
        if self._is_lost and not was_lost:
            self._logger.warning(silence)
        elif was_lost and not self._is_lost and self._is_arrival_logged:
            self._logger.info(self._arrival())
        self._log_first_arrival()
        of, outcomes = of_camera(camera.name), camera.stream.statistics.outcomes(camera.subscribed_since_s)
        stamps = "" if camera.stream.has_stamps else f"images{of} carry no stamp (0); the publisher must set it"
        texts = (silence, stamps, camera.calibration_problem, camera.detections_problem(timeout_s))
        self.problems = (*_of_outcomes(of, outcomes), *(Problem(WARN, text) for text in texts if text))

    def _log_first_arrival(self) -> None:
        """Once, when the rate is known."""
        if self._is_arrival_logged or not self._camera.has_image:
            return
        if self._first_seen_s is None:
            self._first_seen_s = time.monotonic()
        elif time.monotonic() - self._first_seen_s >= MEASURING_S:
            self._is_arrival_logged = True
            rate_hz = self._camera.stream.statistics.snapshot().input_rate_hz
            self._logger.info(self._arrival() + (f", {rate_hz:.1f} Hz" if rate_hz else ", a single one so far"))

    def _arrival(self) -> str:
        camera = self._camera
        kind = f": {camera.stream.images}" if camera.stream.images else ""
        return f"images{of_camera(camera.name)} arrive on {camera.topic}{kind}"

    def _silence(self) -> str:
        """Why no image comes, or may come; empty where they come."""
        camera = self._camera
        reason = camera.complaint()
        if self._is_lost:
            said = f"no image{of_camera(camera.name)} on {camera.topic} for {camera.silence_s():.0f} s"
        elif camera.stream.statistics.last_arrival_s() is None:
            said = f"no image{of_camera(camera.name)} yet on {camera.topic}"
        else:
            return reason
        if camera.has_image and camera.is_latched():
            reason = reason or "its publisher latches; faces need several images, so publish a still again and again"
        return f"{said}: {reason}" if reason else said


def _of_outcomes(of: str, outcomes: Outcomes) -> list[Problem]:
    problems = []
    if outcomes.lost and outcomes.lost == outcomes.frames:
        level = ERROR if outcomes.lost >= ALL_LOST_FRAMES else WARN
        problems.append(Problem(level, f"no recent image{of} could be tracked: {outcomes.lost_reason}"))
    elif outcomes.lost:
        text = f"{outcomes.lost} of {outcomes.frames} recent images{of} could not be tracked: {outcomes.lost_reason}"
        problems.append(Problem(WARN, text))
    if outcomes.incomplete:
        problems.append(Problem(WARN, f"results{of} are incomplete: {outcomes.incomplete_reason}"))
    return problems
