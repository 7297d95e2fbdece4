"""Whether a camera is well, told once when that changes."""

from __future__ import annotations

from rclpy.impl.rcutils_logger import RcutilsLogger

from rednet_ros.nodes.camera_input import CameraInput
from rednet_ros.nodes.camera_names import of_camera


class CameraWatch:
    """One line of log when a camera gives no image for some time, and one when it gives images again."""

    def __init__(self, camera: CameraInput, logger: RcutilsLogger) -> None:
        self.problem = ""
        self._camera = camera
        self._logger = logger
        self._is_lost = False

    def check(self, timeout_s: float) -> None:
        """Look at the camera now: `problem` becomes what is wrong with it, empty where nothing is.

        It is lost without images for `timeout_s`, never for 0.
        """
        camera = self._camera
        if not camera.is_listening:
            self.problem, self._is_lost = "", False
            return
        silence_s, reason = camera.silence_s(), camera.complaint()
        was_lost, self._is_lost = self._is_lost, 0 < timeout_s <= silence_s
        self.problem = self._words(silence_s, reason)
        if self._is_lost and not was_lost:
            self._logger.warning(self.problem)
        elif was_lost and not self._is_lost:
            self._logger.info(f"images{of_camera(camera.name)} arrive on {camera.topic}")

    def _words(self, silence_s: float, reason: str) -> str:
        camera = self._camera
        if self._is_lost:
            said = f"no image{of_camera(camera.name)} on {camera.topic} for {silence_s:.0f} s"
        elif camera.stream.statistics.last_arrival_s() is None:
            said = f"no image{of_camera(camera.name)} yet on {camera.topic}"
        else:
            return reason
        return f"{said}: {reason}" if reason else said
