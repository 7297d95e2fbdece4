"""A camera for demonstrations and tests: publishes a video, folder, portrait or camera as sensor_msgs/Image on `image`.

Images go out at the source's own rate, stamped with the moment they are published. By default the player waits for a
subscriber first, so that none misses the beginning, and ends the process after the last frame.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import cv2
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.task import Future
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from rednet_ros.errors import InputError
from rednet_ros.media.video import TimedImage, silence_codecs
from rednet_ros.nodes import library_log
from rednet_ros.nodes.demo.sources import open_named
from rednet_ros.nodes.outputs.messages import bgr_image
from rednet_ros.nodes.parameters.declaration import DeclaredParameters
from rednet_ros.nodes.parameters.demo import PlayerParameters
from rednet_ros.nodes.run_node import run_node
from rednet_ros.nodes.tracker import diagnostics
from rednet_ros.nodes.tracker.statistics import PUBLISHING_PERIOD_S
from rednet_ros.wording import counted

NODE_NAME = "rednet_player"

_POLL_S = 0.1
_SETTLE_S = 0.3  # between the first match of a subscriber and the first frame: discovery works in both directions
_LINGER_S = 1.0  # after the last frame, until it has been tracked
_PROGRESS_S = 4.0


class PlayerNode(Node):
    """Publishes one source. Raises InputError where it cannot be opened."""

    def __init__(self, **node_options: object) -> None:
        super().__init__(NODE_NAME, allow_undeclared_parameters=True, **node_options)
        library_log.through_node(self)
        self.done: Future = Future()
        self._settings = DeclaredParameters(self, PlayerParameters).read()
        self._source = open_named(self._settings.source)
        self._frames = self._all_frames()
        self._sent = 0
        self._is_playing = False
        reliability = ReliabilityPolicy[self._settings.reliability.upper()]
        self._publisher = self.create_publisher(Image, "image", QoSProfile(depth=5, reliability=reliability))
        self._diagnostics = self.create_publisher(DiagnosticArray, diagnostics.TOPIC, 10)
        self.create_timer(PUBLISHING_PERIOD_S, self._publish_diagnostics)
        self._created_s = self._started_s = self._now_s()
        self._timer = self.create_timer(_POLL_S, self._wait_for_subscriber)

    def close(self) -> None:
        """Give the file or camera back."""
        self._publish_diagnostics()
        self._source.close()

    def _wait_for_subscriber(self) -> None:
        timeout_s = self._settings.subscriber_timeout_s
        if timeout_s == 0 or self._publisher.get_subscription_count() > 0:
            self._continue_with(self._start, _SETTLE_S)
        elif self._now_s() - self._created_s > timeout_s:
            self.get_logger().error(f"nobody subscribed to {self._publisher.topic_name} within {timeout_s:.0f} s")
            self.done.set_result(1)

    def _start(self) -> None:
        rate_hz = self._settings.rate_hz or self._source.fps
        self.get_logger().info(f"playing {self._source.name} at {rate_hz:.1f} Hz on {self._publisher.topic_name}")
        self._started_s = self._now_s()
        self._is_playing = True
        self._continue_with(self._publish_next, 1 / rate_hz)

    def _publish_next(self) -> None:
        try:
            frame = next(self._frames, None)
        except InputError as error:
            self.get_logger().error(str(error))
            self.done.set_result(1)
            return
        duration_s = self._settings.duration_s
        if frame is None or 0 < duration_s <= self._now_s() - self._started_s:
            self._is_playing = False
            self.get_logger().info(f"finished: {counted(self._sent, 'image')} sent")
            self._continue_with(lambda: self.done.set_result(0), _LINGER_S)
            return
        header = Header(stamp=self.get_clock().now().to_msg(), frame_id=self._settings.frame_id)
        self._publisher.publish(bgr_image(header, frame.image_bgr))
        self._sent += 1

    def _all_frames(self) -> Iterator[TimedImage]:
        """The source's frames, again and again where it loops."""
        yield from self._source
        while self._settings.loop:
            self._source.close()
            self._source = open_named(self._settings.source)
            yield from self._source

    def _continue_with(self, callback: object, period_s: float) -> None:
        self.destroy_timer(self._timer)
        self._timer = self.create_timer(period_s, callback)

    def _publish_diagnostics(self) -> None:
        total = None if self._settings.loop else self._source.frame_count
        if self._is_playing and total is not None:
            self.get_logger().info(f"{self._sent} of {counted(total, 'image')} sent", throttle_duration_sec=_PROGRESS_S)
        values = {"sent": self._sent, "source": self._source.name}
        state = "playing" if self._is_playing else "finished" if self._sent else "waiting for a subscriber"
        stamp = self.get_clock().now().to_msg()
        name = diagnostics.frames_status(self.get_namespace(), self.get_name())
        status = diagnostics.status(name, diagnostics.OK, state, values)
        self._diagnostics.publish(diagnostics.array(stamp, [status]))

    def _now_s(self) -> float:
        return self.get_clock().now().nanoseconds * 1e-9


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of `player_node`."""
    silence_codecs()
    cv2.setNumThreads(1)  # the cores are the tracker's
    return run_node(PlayerNode, arguments)


if __name__ == "__main__":
    sys.exit(main())
