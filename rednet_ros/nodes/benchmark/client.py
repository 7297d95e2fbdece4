"""Cameras in one process for a tracker node in another: sends images, waits for their faces, and takes the time."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

import numpy as np
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from rednet_ros.errors import RednetError
from rednet_ros.msg import FaceLandmarks
from rednet_ros.nodes import log_files
from rednet_ros.nodes.demo.processes import NodeProcess
from rednet_ros.nodes.outputs.messages import bgr_image
from rednet_ros.tracking.types import ImageArray

NAMESPACE = "/rednet_benchmark"
START_TIMEOUT_S = 120.0
ANSWER_TIMEOUT_S = 5.0
_SETTLE_S = 0.5  # discovery works in both directions
_TURN_S = 0.02


class Camera:
    """One stream: `sent` images, and for each that was answered its seconds and how many faces it had."""

    def __init__(self, node: Any, name: str, reliability: str) -> None:
        self.name = name
        self.sent = 0
        self.latencies_s: list[float] = []
        self.face_counts: list[int] = []
        self._clock = node.get_clock()
        self._waiting: deque[tuple[tuple[int, int], float]] = deque(maxlen=1000)
        qos = QoSProfile(depth=5, reliability=ReliabilityPolicy[reliability.upper()])
        images, faces = (f"{name}/{topic}" if name else topic for topic in ("image", "faces"))
        self._publisher = node.create_publisher(Image, images, qos)
        node.create_subscription(FaceLandmarks, faces, self._received, 10)
        self._is_connected: Callable[[], bool] = lambda: (
            self._publisher.get_subscription_count() > 0 and node.count_publishers(faces) > 0
        )

    @property
    def is_connected(self) -> bool:
        """Whether the tracker listens and answers."""
        return self._is_connected()

    def send(self, image: ImageArray) -> None:
        """Publish an image, stamped now. The time starts when its message is filled, as a camera's driver would."""
        message = bgr_image(Header(stamp=self._clock.now().to_msg(), frame_id="benchmark"), image)
        stamp = message.header.stamp
        self._waiting.append(((stamp.sec, stamp.nanosec), time.perf_counter()))
        self._publisher.publish(message)
        self.sent += 1

    def _received(self, message: FaceLandmarks) -> None:
        now_s, stamp = time.perf_counter(), message.header.stamp
        while self._waiting:
            key, sent_s = self._waiting.popleft()
            if key == (stamp.sec, stamp.nanosec):  # those before it were dropped
                self.latencies_s.append(now_s - sent_s)
                self.face_counts.append(len(message.faces))
                return


class TrackerSession:
    """A tracker node in its own process, and the cameras that it listens to, as a context manager.

    `parameters`: of the node, as YAML text; `cameras`: their names, one empty name for the only camera. Raises
    RednetError where the node ends or does not listen within `START_TIMEOUT_S`.
    """

    def __init__(
        self,
        parameters: Mapping[str, str],
        environment: Mapping[str, str],
        reliability: str,
        cameras: Sequence[str] = ("",),
    ) -> None:
        names = {} if list(cameras) == [""] else {"cameras": f"[{', '.join(cameras)}]"}
        own = {"autostart": "true", "image_reliability": reliability, **names, **parameters}
        self._context = Context()
        rclpy.init(args=log_files.arguments_and_notice([])[0], context=self._context)
        self._node = rclpy.create_node("rednet_benchmark", context=self._context, namespace=NAMESPACE)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self.cameras = [Camera(self._node, name, reliability) for name in cameras]
        self.process = NodeProcess("tracker.tracker_node", NAMESPACE, own, environment, log_level="warn")

    def __enter__(self) -> TrackerSession:
        try:
            self._wait_until(lambda: all(camera.is_connected for camera in self.cameras), START_TIMEOUT_S)
            self.turn(_SETTLE_S)
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def exchange(self, image: ImageArray) -> bool:
        """Send an image of the first camera and wait for its faces; False if they do not come in time."""
        camera = self.cameras[0]
        answered = len(camera.latencies_s)
        camera.send(image)
        end_s = time.perf_counter() + ANSWER_TIMEOUT_S
        while len(camera.latencies_s) == answered and time.perf_counter() < end_s:
            self._executor.spin_once(timeout_sec=_TURN_S)
        return len(camera.latencies_s) > answered

    def turn(self, seconds: float) -> None:
        """Receive for so long."""
        end_s = time.perf_counter() + seconds
        while (left_s := end_s - time.perf_counter()) > 0:
            self._executor.spin_once(timeout_sec=left_s)

    def tracked(self) -> int:
        """Faces in the first camera's images, the median."""
        counts = self.cameras[0].face_counts
        return round(float(np.median(counts))) if counts else 0

    def _wait_until(self, is_done: Callable[[], bool], timeout_s: float) -> None:
        end_s = time.perf_counter() + timeout_s
        while not is_done():
            if self.process.ended() is not None:
                raise RednetError(f"the tracker node ended with code {self.process.ended()}: its reason is above")
            if time.perf_counter() > end_s:
                raise RednetError(f"the tracker node did not listen within {timeout_s:.0f} s")
            self._executor.spin_once(timeout_sec=_TURN_S)

    def _close(self) -> None:
        self.process.stop()
        self._executor.shutdown()
        self._node.destroy_node()
        rclpy.try_shutdown(context=self._context)
