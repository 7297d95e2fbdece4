"""Whether a camera is well; what changes is logged once."""

from __future__ import annotations

from rclpy.impl.rcutils_logger import RcutilsLogger

from rednet_ros.nodes.parameters.tracker import of_camera
from rednet_ros.nodes.tracker.camera_input import CameraInput
from rednet_ros.nodes.tracker.diagnostics import ERROR, WARN, Problem
from rednet_ros.nodes.tracker.statistics import Outcomes, steady_s

MEASURING_S = 1.0
"""Images come for this long before their rate is told."""

ALL_LOST_FRAMES = 5
"""If so many recent images, and no other, were lost, nothing works: an error. One damaged image is a warning."""


class CameraWatch:
    """A line of log when images have begun to arrive, one when none comes for some time, and one when they are back.

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
        if not camera.is_listening:
            self.problems, self._is_lost = (), False
            return
        silence_s = camera.silence_s()
        was_lost, self._is_lost = self._is_lost, 0 < timeout_s <= silence_s
        silence = self._silence(silence_s)
        if self._is_lost and not was_lost:
            self._logger.warning(silence)
        elif was_lost and not self._is_lost:
            self._logger.info(self._arrival())
        self._log_first_arrival()
        of, outcomes = of_camera(camera.name), camera.stream.statistics.outcomes(camera.listening_since_s)
        texts = (silence, camera.calibration_problem, camera.detections_problem(timeout_s))
        self.problems = (*_of_outcomes(of, outcomes), *(Problem(WARN, text) for text in texts if text))

    def _log_first_arrival(self) -> None:
        """Once, when the rate can be told."""
        arrival_s = self._camera.stream.statistics.last_arrival_s()
        if self._is_arrival_logged or arrival_s is None or arrival_s < self._camera.listening_since_s:
            return
        if self._first_seen_s is None:
            self._first_seen_s = steady_s()
        elif steady_s() - self._first_seen_s >= MEASURING_S:
            self._is_arrival_logged = True
            rate_hz = self._camera.stream.statistics.snapshot().input_rate_hz
            self._logger.info(self._arrival() + (f", {rate_hz:.1f} Hz" if rate_hz else ", a single one so far"))

    def _arrival(self) -> str:
        camera = self._camera
        kind = f": {camera.stream.images}" if camera.stream.images else ""
        return f"images{of_camera(camera.name)} arrive on {camera.topic}{kind}"

    def _silence(self, silence_s: float) -> str:
        """Why no image comes, or may come; empty where they come."""
        camera = self._camera
        last_s, reason = camera.stream.statistics.last_arrival_s(), camera.complaint()
        has_come = last_s is not None and last_s >= camera.listening_since_s
        if self._is_lost:
            said = f"no image{of_camera(camera.name)} on {camera.topic} for {silence_s:.0f} s"
        elif last_s is None:
            said = f"no image{of_camera(camera.name)} yet on {camera.topic}"
        else:
            return reason
        if has_come and camera.is_latched():
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
