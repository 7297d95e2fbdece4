"""Latency and rate of a tracker node through real topics: images from this process, their faces back into it.

python3 -m rednet_ros.nodes.benchmark --input clip --rate-hz 30 --seconds 5
Prints the figures of `measure` as one JSON object; exit code 1, and a line that says why, where there are none.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
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
_FRAMES = 60  # of the input, again and again
_FIRST_FRAMES = 30  # until every face is found and all is loaded; not in the latencies


class _Client:
    """A tracker node, and around it a camera and a subscriber of its faces. Raises RednetError where the node ends."""

    def __init__(self, parameters: Mapping[str, str]) -> None:
        environment, reliability = image_environment(2)
        os.environ.pop(PROFILE_VARIABLE, None)
        os.environ.update(environment)  # of this process, before the middleware reads it
        self._context = Context()
        rclpy.init(args=log_files.arguments_and_notice([])[0], context=self._context)
        own = {"autostart": "true", "image_reliability": reliability, **parameters}
        self._process = NodeProcess("tracker_node", _NAMESPACE, own, environment, log_level="warn")
        self.answers: list[tuple[float, float, int]] = []  # when it came, its latency, in seconds; faces
        self._node = rclpy.create_node("rednet_benchmark", context=self._context, namespace=_NAMESPACE)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        qos = QoSProfile(depth=5, reliability=ReliabilityPolicy[reliability.upper()])
        self._publisher = self._node.create_publisher(Image, "image", qos)
        self._node.create_subscription(FaceLandmarks, "faces", self._received, 10)

    def close(self) -> None:
        self._process.stop()
        rclpy.try_shutdown(context=self._context)

    def is_connected(self) -> bool:
        return self._publisher.get_subscription_count() > 0 and self._node.count_publishers("faces") > 0

    def send(self, image: ImageArray) -> None:
        stamp = self._node.get_clock().now().to_msg()  # before the message is filled
        self._publisher.publish(bgr_image(Header(stamp=stamp, frame_id="benchmark"), image))

    def exchange(self, image: ImageArray) -> None:
        """Send an image and wait for its faces."""
        answered = len(self.answers)
        self.send(image)
        self.spin(ANSWER_TIMEOUT_S, lambda: len(self.answers) > answered)

    def spin(self, timeout_s: float, is_done: Callable[[], bool] = lambda: False) -> None:
        end_s = time.monotonic() + timeout_s
        while not is_done() and (left_s := end_s - time.monotonic()) > 0:
            if self._process.ended() is not None:
                raise RednetError(f"the tracker node ended with code {self._process.ended()}: its reason is above")
            self._executor.spin_once(timeout_sec=min(left_s, 0.1))

    def cpu_s_and_mb(self) -> tuple[float, float]:
        """Seconds of CPU that the node's process has used, and its resident memory (proc(5), stat)."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        cpu_s = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return cpu_s, int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    def _received(self, message: FaceLandmarks) -> None:
        latency_s = self._node.get_clock().now().nanoseconds * 1e-9 - seconds(message.header.stamp)
        self.answers.append((time.monotonic(), latency_s, len(message.faces)))


def measure(
    frames: Sequence[ImageArray], rate_hz: float, duration_s: float, parameters: Mapping[str, str]
) -> dict[str, float | None]:
    """Of a node with these parameters (YAML text) while `frames` are sent again and again: for `duration_s` at
    `rate_hz`, then for as long as fast as it answers. Raises RednetError where the node ends or answers nothing.

    docs/nodes.md says what the figures are.
    """
    images = itertools.cycle(frames)
    with closing(_Client(parameters)) as client:
        answers = client.answers
        client.spin(START_TIMEOUT_S, client.is_connected)
        client.spin(_SETTLE_S)
        start_s, (start_cpu_s, _) = time.monotonic(), client.cpu_s_and_mb()
        for _ in range(_FIRST_FRAMES):
            client.exchange(next(images))
        first_face_s = next((at_s - start_s for at_s, _, faces in answers if faces), None)
        answers.clear()
        start_s, (before_s, _) = time.monotonic(), client.cpu_s_and_mb()
        sent = 0
        while time.monotonic() - start_s < duration_s:
            client.send(next(images))
            sent += 1
            client.spin(start_s + sent / rate_hz - time.monotonic())
        client.spin(_SETTLE_S)
        seen, (after_s, memory_mb) = list(answers), client.cpu_s_and_mb()
        if not seen:
            raise RednetError("the tracker node answered no image")
        start_s = time.monotonic()
        while (fast_s := time.monotonic() - start_s) < duration_s:
            client.exchange(next(images))
    median_ms, p95_ms = percentiles_ms([latency_s for _, latency_s, _ in seen])
    return {
        "start_cpu_s": start_cpu_s,
        "first_face_s": first_face_s,
        "memory_mb": memory_mb,
        "sent": sent,
        "received": len(seen),
        "faces": median(faces for *_, faces in seen),
        "latency_median_ms": median_ms,
        "latency_p95_ms": p95_ms,
        "cpu_ms_per_frame": 1e3 * (after_s - before_s) / len(seen),
        "largest_rate_hz": (len(answers) - len(seen)) / fast_s,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; see the module."""
    parser = argparse.ArgumentParser(description="Latency and rate of a tracker node through real topics, as JSON.")
    add = parser.add_argument
    add("--input", default="default", help="as of rednet-demo (%(default)s)")
    add("--rate-hz", type=float, default=30.0, help="of the images (%(default)s)")
    add("--seconds", type=float, default=5.0, help="of each of the two parts (%(default)s)")
    add("--weights", default=DEFAULT_WEIGHTS, help="(%(default)s)")
    add("--device", default="auto", help="(%(default)s)")
    options = parser.parse_args(arguments)
    parameters = {"weights": yaml_text(options.weights), "device": options.device, "max_faces": "64"}
    try:
        with open_named(options.input) as source:
            frames = [frame.image_bgr for frame in itertools.islice(source, _FRAMES)]
        sys.stdout.write(json.dumps(measure(frames, options.rate_hz, options.seconds, parameters)) + "\n")
    except RednetError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
