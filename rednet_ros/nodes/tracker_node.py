"""The ROS node: camera images in, faces with 68 landmarks out.

Subscribes `image` (sensor_msgs/Image) and the `camera_info` beside it (sensor_msgs/CameraInfo). Publishes `faces`
(rednet_ros/FaceLandmarks) for every processed image and /diagnostics; while somebody subscribes, `overlay`
(sensor_msgs/Image) and `markers` (visualization_msgs/MarkerArray).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from rclpy.qos import QoSProfile, ReliabilityPolicy, qos_profile_sensor_data
from rclpy.subscription import Subscription
from rclpy.task import Future
from sensor_msgs.msg import CameraInfo, Image
from visualization_msgs.msg import MarkerArray

from rednet_ros.errors import InputError, RednetError
from rednet_ros.msg import FaceLandmarks
from rednet_ros.nodes import diagnostics
from rednet_ros.nodes.camera_info import camera_model, info_topic
from rednet_ros.nodes.frame_pipeline import FramePipeline, Outputs, Tracker
from rednet_ros.nodes.latest_frame import LatestFrameWorker
from rednet_ros.nodes.parameter_declaration import DeclaredParameters
from rednet_ros.nodes.runner import run
from rednet_ros.nodes.statistics import PUBLISHING_PERIOD_S, FrameRecorder, FrameStatistics
from rednet_ros.nodes.steady_lifecycle_node import SteadyLifecycleNode
from rednet_ros.nodes.tracker_parameters import TrackerParameters

NODE_NAME = "rednet_tracker"
IMAGE_QUEUE = 5
"""Images the middleware may hold while Python is busy; the node itself keeps only the newest."""
REPEAT_S = 5.0
"""The same complaint is logged at most this often."""
STOP_TIMEOUT_S = 10.0
"""How long a frame under way may take to finish when the node is deactivated."""

TrackerFactory = Callable[[TrackerParameters], Tracker]


def load_tracker(parameters: TrackerParameters) -> Tracker:
    """The real tracker. Raises RednetError where the weights, the detector or the device cannot be used."""
    from rednet_ros.tracking.detector import load_detector
    from rednet_ros.tracking.tracker import FaceTracker  # loads torch: seconds, and only when needed

    return FaceTracker(
        parameters.weights,
        parameters.device,
        detector=load_detector(parameters.detector),
        settings=parameters.settings(),
    )


class TrackerNode(SteadyLifecycleNode):
    """Lifecycle: configure loads the weights, activate subscribes, deactivate stops but keeps every face's state,
    cleanup frees the tracker.

    Raises InputError when started with a parameter that cannot be used.
    """

    def __init__(self, create_tracker: TrackerFactory = load_tracker, **node_options: object) -> None:
        super().__init__(NODE_NAME, allow_undeclared_parameters=True, **node_options)
        self.done: Future = Future()
        self._create_tracker = create_tracker
        self._tracker: Tracker | None = None
        self._outputs: Outputs | None = None
        self._subscription: Subscription | None = None
        self._info_subscription: Subscription | None = None
        self._worker: LatestFrameWorker[Image] | None = None
        self._statistics = FrameRecorder()
        self._problem = ""
        self._pipeline: FramePipeline | None = None
        self._declared = DeclaredParameters(
            self,
            TrackerParameters,
            is_configured=lambda: self._tracker is not None,
            changed=self._parameters_changed,
        )
        self._diagnostics = self.create_publisher(DiagnosticArray, diagnostics.TOPIC, 10)
        self.create_timer(PUBLISHING_PERIOD_S, self._publish_diagnostics)
        self._start()

    # -- lifecycle ---------------------------------------------------------------------------------------------------

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the weights and create the publishers; fails, with the reason in the log, where they cannot be used."""
        parameters = self._declared.read()
        try:
            self._tracker = self._create_tracker(parameters)
        except RednetError as error:
            return self._configuring_failed(str(error))
        except Exception as error:  # rclpy would swallow it without a word
            return self._configuring_failed(f"{type(error).__name__}: {error}")
        self._problem = ""
        self._outputs = Outputs(
            faces=self.create_lifecycle_publisher(FaceLandmarks, "faces", 10),
            overlay=self.create_lifecycle_publisher(Image, "overlay", 2),
            markers=self.create_lifecycle_publisher(MarkerArray, "markers", 2),
        )
        self.get_logger().info(f"tracking with {self._tracker.weights_name}")
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start the inference thread and subscribe."""
        if not self._stop_tracking():
            return TransitionCallbackReturn.FAILURE
        result = super().on_activate(state)
        assert self._tracker is not None
        assert self._outputs is not None
        parameters = self._declared.read()
        self._pipeline = FramePipeline(
            self._tracker, parameters.settings(), self._outputs, self._statistics, self.get_clock()
        )
        self._worker = LatestFrameWorker(self._pipeline.process, self._frame_failed)
        reliability = ReliabilityPolicy[parameters.image_reliability.upper()]
        qos = QoSProfile(depth=IMAGE_QUEUE, reliability=reliability)
        self._subscription = self.create_subscription(Image, "image", self._image_received, qos)
        self._info_subscription = self.create_subscription(
            CameraInfo, info_topic(self._subscription.topic_name), self._info_received, qos_profile_sensor_data
        )
        self.get_logger().info(f"waiting for images on {self._subscription.topic_name}")
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Unsubscribe and stop the thread; the faces keep their ids and states."""
        self._stop_tracking()
        self._publish_diagnostics()
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free the tracker and take the topics down."""
        self._free()
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Let go of everything, from any state."""
        self._free()
        return super().on_shutdown(state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Back to unconfigured, so that the node can be configured anew."""
        self._free()
        return TransitionCallbackReturn.SUCCESS

    def statistics(self) -> FrameStatistics:
        """What happened to the images so far."""
        return self._statistics.snapshot()

    def close(self) -> None:
        """Stop the thread and free the tracker, whatever the state."""
        is_unused = self._stop_tracking()
        if self._tracker is not None and is_unused:
            self._tracker.close()
        self._tracker = None
        self._pipeline = None  # it holds the tracker, too

    # -- frames ------------------------------------------------------------------------------------------------------

    def _image_received(self, message: Image) -> None:
        self._statistics.received(self._now_s())
        if self._worker is not None and self._worker.submit(message):
            self._statistics.dropped()

    def _info_received(self, message: CameraInfo) -> None:
        if self._pipeline is None:
            return
        try:
            self._pipeline.calibration = camera_model(message)
        except InputError as error:
            self._pipeline.calibration = None
            self.get_logger().warning(f"camera_info is not used: {error}", once=True)

    def _frame_failed(self, error: Exception) -> None:
        if not self.context.ok():  # the frame was under way when the process was told to end
            return
        if isinstance(error, InputError):
            self._statistics.rejected()
            self.get_logger().error(f"image skipped: {error}", throttle_duration_sec=REPEAT_S)
        else:
            self._statistics.failed()
            reason = f"{type(error).__name__}: {error}"
            self.get_logger().error(f"image skipped, tracking it failed: {reason}", throttle_duration_sec=REPEAT_S)

    # -- helpers -----------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        if not self._declared.read().autostart:
            self.get_logger().info(
                "unconfigured; 'ros2 lifecycle set' configures and activates, or set autostart:=true"
            )
        elif self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    def _parameters_changed(self) -> None:
        if self._pipeline is not None:
            self._pipeline.settings = self._declared.read().settings()

    def _configuring_failed(self, reason: str) -> TransitionCallbackReturn:
        self._problem = f"cannot configure: {reason}"
        self.get_logger().error(self._problem)
        return TransitionCallbackReturn.FAILURE

    def _stop_tracking(self) -> bool:
        """Unsubscribe and end the thread; False while a frame that does not finish still uses the tracker."""
        for subscription in (self._subscription, self._info_subscription):
            if subscription is not None:
                self.destroy_subscription(subscription)
        self._subscription = self._info_subscription = None
        if self._worker is not None and not self._worker.stop(STOP_TIMEOUT_S):
            self.get_logger().error(f"a frame has been under way for more than {STOP_TIMEOUT_S:.0f} s")
            return False
        self._worker = None
        return True

    def _free(self) -> None:
        self.close()
        if self._outputs is not None:
            for publisher in (self._outputs.faces, self._outputs.overlay, self._outputs.markers):
                self.destroy_lifecycle_publisher(publisher)
            self._outputs = None

    def _publish_diagnostics(self) -> None:
        statistics = self.statistics()
        level, summary = self._health(statistics.received)
        stamp = self.get_clock().now().to_msg()
        values = asdict(statistics)
        name = diagnostics.frames_status(self.get_namespace(), self.get_name())
        self._diagnostics.publish(diagnostics.array(stamp, name, level, summary, values))

    def _health(self, received: int) -> tuple[bytes, str]:
        if self._problem:
            return diagnostics.ERROR, self._problem
        if self._subscription is None:
            return diagnostics.OK, "not active"
        if received == 0:
            return diagnostics.WARN, f"no image yet on {self._subscription.topic_name}"
        return diagnostics.OK, "tracking"

    def _now_s(self) -> float:
        return self.get_clock().now().nanoseconds * 1e-9


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of `tracker_node`."""
    return run(TrackerNode, arguments)


if __name__ == "__main__":
    sys.exit(main())
