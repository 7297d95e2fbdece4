"""What launch files wait for: a lifecycle node that becomes active, the first result of each of the tracker's cameras.

A timer of launch's own ROS node looks. Nothing here keeps a launch alive whose processes have ended.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from launch import Event, EventHandler, LaunchContext, LaunchDescriptionEntity
from launch_ros.ros_adapters import get_ros_node
from lifecycle_msgs.msg import State
from lifecycle_msgs.srv import GetState
from rclpy.node import NodeNameNonExistentError
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.task import Future

from rednet_ros.msg import FaceLandmarks

POLL_S = 0.5
_FACES_TYPE = "rednet_ros/msg/FaceLandmarks"

Entities = Sequence[LaunchDescriptionEntity]


class ActiveWait:
    """Executes `active` when the lifecycle node `node_name` is active, or `late` if it is not within `timeout_s`."""

    def __init__(
        self, context: LaunchContext, node_name: str, timeout_s: float, active: Entities, late: Entities
    ) -> None:
        self._context = context
        self._active, self._late = active, late
        self._end_s = time.monotonic() + timeout_s
        node = get_ros_node(context)
        self._client = node.create_client(GetState, f"{node_name}/get_state")
        self._timer = node.create_timer(POLL_S, self._look)

    def _look(self) -> None:
        if time.monotonic() > self._end_s:
            self._end_with(self._late)
        elif self._client.service_is_ready():
            # Asked each time: the node answers late while it loads, and an answer may get lost during discovery.
            self._client.call_async(GetState.Request()).add_done_callback(self._answered)

    def _answered(self, answer: Future) -> None:
        if answer.result().current_state.id == State.PRIMARY_STATE_ACTIVE:
            self._end_with(self._active)

    def _end_with(self, entities: Entities) -> None:
        if not self._timer.is_canceled():
            self._timer.cancel()
            _execute(self._context, entities)


class CameraWait:
    """Executes `found(namespace, frame_id)` once for each camera of the tracker `node_name` in `namespace`.

    The arguments are the namespace of the camera's topics, and the frame_id of its first result. With `frame_id` given
    no result is waited for.
    """

    def __init__(
        self,
        context: LaunchContext,
        namespace: str,
        node_name: str,
        found: Callable[[str, str], Entities],
        frame_id: str = "",
    ) -> None:
        self._context = context
        self._tracker = node_name, namespace
        self._found = found
        self._frame_id = frame_id
        self._known: set[str] = set()
        self._node = get_ros_node(context)
        self._node.create_timer(POLL_S, self._look)

    def _look(self) -> None:
        try:
            topics = self._node.get_publisher_names_and_types_by_node(*self._tracker)
        except NodeNameNonExistentError:
            return
        for topic, types in topics:
            if _FACES_TYPE in types and topic not in self._known:
                self._known.add(topic)
                self._wait_for_frame(topic)

    def _wait_for_frame(self, topic: str) -> None:
        namespace = topic.rpartition("/")[0] or "/"
        if self._frame_id:
            _execute(self._context, self._found(namespace, self._frame_id))
            return

        def received(message: FaceLandmarks) -> None:
            self._node.destroy_subscription(subscription)
            _execute(self._context, self._found(namespace, message.header.frame_id))

        qos = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
        subscription = self._node.create_subscription(FaceLandmarks, topic, received, qos)


def _execute(context: LaunchContext, entities: Entities) -> None:
    """Let launch execute `entities` soon; callable from any thread. After the shutdown has begun nothing happens."""
    event = Event()

    def emit() -> None:
        handler = EventHandler(matcher=lambda other: other is event, entities=entities, handle_once=True)
        context.register_event_handler(handler)
        context.emit_event_sync(event)

    if not context.is_shutdown:
        context.asyncio_loop.call_soon_threadsafe(emit)
