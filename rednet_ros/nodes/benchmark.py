"""Latency and rate of a tracker node through real topics: images from this process, their faces back into it.

python3 -m rednet_ros.nodes.benchmark --input clip --rate-hz 30 --seconds 5
Prints the fields of `TopicFigures` as one JSON object. Exit code 1, and a line that says why, where nothing can be
measured.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from rednet_ros.errors import RednetError
from rednet_ros.msg import FaceLandmarks
from rednet_ros.nodes import log_files
from rednet_ros.nodes.demo.processes import NodeProcess, yaml_text
from rednet_ros.nodes.demo.sources import open_named
from rednet_ros.nodes.fastdds import PROFILE_VARIABLE, image_environment
from rednet_ros.nodes.outputs.messages import bgr_image, seconds
from rednet_ros.nodes.tracker.statistics import percentiles_ms
from rednet_ros.resources import DEFAULT_WEIGHTS
from rednet_ros.tracking.types import ImageArray

START_TIMEOUT_S, ANSWER_TIMEOUT_S = 120.0, 5.0
_NAMESPACE = "/rednet_benchmark"
_SETTLE_S = 0.5  # discovery works in both directions; frames under way are answered
_FIRST_FRAMES = 30  # until every face is found and all is loaded; not measured


@dataclass(frozen=True)
class TopicFigures:
    """`sent` images, and `received` messages of their faces, with `faces` in the median one.

    Latency: from the image's stamp, taken before its message is filled, to the message of its faces. CPU time:
    of the node's process, NaN without /proc. `largest_rate_hz`: images a second while each is sent as
    soon as the one before is answered.
    """

    sent: int
    received: int
    faces: float
    latency_median_ms: float
    latency_p95_ms: float
    cpu_ms_per_frame: float
    largest_rate_hz: float


class _Client:
    """A camera for one tracker node, `process`, and a subscriber of its faces. Raises RednetError where it ends."""

    def __init__(self, process: NodeProcess, context: Context, reliability: str) -> None:
        self.latencies_s: list[float] = []
        self.face_counts: list[int] = []
        self._process = process
        self._node = rclpy.create_node("rednet_benchmark", context=context, namespace=_NAMESPACE)
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(self._node)
        qos = QoSProfile(depth=5, reliability=ReliabilityPolicy[reliability.upper()])
        self._publisher = self._node.create_publisher(Image, "image", qos)
        self._node.create_subscription(FaceLandmarks, "faces", self._received, 10)

    def is_connected(self) -> bool:
        return self._publisher.get_subscription_count() > 0 and self._node.count_publishers("faces") > 0

    def send(self, image: ImageArray) -> None:
        stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(bgr_image(Header(stamp=stamp, frame_id="benchmark"), image))

    def exchange(self, image: ImageArray) -> None:
        """Send an image and wait for its faces."""
        answered = len(self.latencies_s)
        self.send(image)
        self.spin(ANSWER_TIMEOUT_S, lambda: len(self.latencies_s) > answered)

    def spin(self, timeout_s: float, is_done: Callable[[], bool] = lambda: False) -> None:
        end_s = time.monotonic() + timeout_s
        while not is_done() and (left_s := end_s - time.monotonic()) > 0:
            if self._process.ended() is not None:
                raise RednetError(f"the tracker node ended with code {self._process.ended()}: its reason is above")
            self._executor.spin_once(timeout_sec=min(left_s, 0.1))

    def _received(self, message: FaceLandmarks) -> None:
        now_s = self._node.get_clock().now().nanoseconds * 1e-9
        self.latencies_s.append(now_s - seconds(message.header.stamp))
        self.face_counts.append(len(message.faces))


def measure(
    frames: Sequence[ImageArray], rate_hz: float, duration_s: float, parameters: Mapping[str, str]
) -> TopicFigures:
    """Of a node with these parameters (YAML text) while `frames` are sent again and again: for `duration_s` at
    `rate_hz`, whether it keeps up or not, then for as long as fast as it answers. Raises RednetError where the node
    ends or answers nothing."""
    environment, reliability = image_environment(2)
    os.environ.pop(PROFILE_VARIABLE, None)
    os.environ.update(environment)  # of this process, before the middleware reads it
    context = Context()
    rclpy.init(args=log_files.arguments_and_notice([])[0], context=context)
    own = {"autostart": "true", "image_reliability": reliability, **parameters}
    process = NodeProcess("tracker_node", _NAMESPACE, own, environment, log_level="warn")
    try:
        return _measure(_Client(process, context, reliability), process.pid, frames, rate_hz, duration_s)
    finally:
        process.stop()
        rclpy.try_shutdown(context=context)


def _measure(
    client: _Client, pid: int, frames: Sequence[ImageArray], rate_hz: float, duration_s: float
) -> TopicFigures:
    client.spin(START_TIMEOUT_S, client.is_connected)
    client.spin(_SETTLE_S)
    images, sent = itertools.cycle(frames), 0
    for _ in range(_FIRST_FRAMES):
        client.exchange(next(images))
    client.latencies_s.clear()
    client.face_counts.clear()
    cpu_before_s, start_s = _cpu_s(pid), time.monotonic()
    while time.monotonic() - start_s < duration_s:
        client.send(next(images))
        sent += 1
        client.spin(start_s + sent / rate_hz - time.monotonic())
    client.spin(_SETTLE_S)
    received = len(client.latencies_s)
    if not received:
        raise RednetError("the tracker node answered no image")
    median_ms, p95_ms = percentiles_ms(client.latencies_s)
    cpu_ms, faces = (_cpu_s(pid) - cpu_before_s) / received * 1e3, median(client.face_counts)
    start_s = time.monotonic()
    while (fast_s := time.monotonic() - start_s) < duration_s:
        client.exchange(next(images))
    largest_rate_hz = (len(client.latencies_s) - received) / fast_s
    return TopicFigures(sent, received, faces, median_ms, p95_ms, cpu_ms, largest_rate_hz)


def _cpu_s(pid: int) -> float:
    """Seconds of CPU that a process has used (proc(5), stat)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return math.nan
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; see the module."""
    parser = argparse.ArgumentParser(description="Latency and rate of a tracker node through real topics, as JSON.")
    parser.add_argument("--input", default="default", help="as of rednet-demo (%(default)s)")
    parser.add_argument("--frames", type=int, default=60, help="of the input, again and again (%(default)s)")
    parser.add_argument("--rate-hz", type=float, default=30.0, help="of the images (%(default)s)")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each of the two parts (%(default)s)")
    parser.add_argument("--weights", default=DEFAULT_WEIGHTS, help="(%(default)s)")
    parser.add_argument("--device", default="auto", help="(%(default)s)")
    options = parser.parse_args(arguments)
    parameters = {"weights": yaml_text(options.weights), "device": options.device, "max_faces": "64"}
    try:
        with open_named(options.input) as source:
            frames = [frame.image_bgr for frame in itertools.islice(source, options.frames)]
        figures = measure(frames, options.rate_hz, options.seconds, parameters)
    except RednetError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(json.dumps(asdict(figures)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
