"""The ROS node: camera images in, faces with 68 landmarks out.

Subscribes `image` (sensor_msgs/Image or CompressedImage) and the `camera_info` beside it (sensor_msgs/CameraInfo), of
one camera or of several. Publishes `faces` (rednet_ros/FaceLandmarks) for every processed image and /diagnostics; the
other outputs of `outputs` while they have subscribers. Services `~/reset`, `~/enable`, `~/enroll`.
"""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Sequence
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.logging import get_logger
from rclpy.task import Future
from std_srvs.srv import SetBool, Trigger

from rednet_ros.errors import InputError, RednetError
from rednet_ros.nodes import library_log
from rednet_ros.nodes.outputs.face_ids import id_prefix
from rednet_ros.nodes.outputs.interface import Output
from rednet_ros.nodes.outputs.outputs import check_installed, make_outputs
from rednet_ros.nodes.parameters.declaration import DeclaredParameters
from rednet_ros.nodes.parameters.tracker import TrackerParameters, camera_tables, of_camera
from rednet_ros.nodes.run_node import run_node
from rednet_ros.nodes.tracker.camera_input import CameraInput
from rednet_ros.nodes.tracker.frame_pipeline import FramePipeline, Loss, Tracker
from rednet_ros.nodes.tracker.health import TrackerHealth
from rednet_ros.nodes.tracker.latest_frame import LatestFrameWorker
from rednet_ros.nodes.tracker.statistics import PUBLISHING_PERIOD_S, FrameRecorder, FrameStatistics, combined
from rednet_ros.nodes.tracker.tracker_loading import TrackerFactory, described, load_tracker, release_gpu
from rednet_ros.srv import Enroll

NODE_NAME = "rednet_tracker"
REPEAT_S = 5.0
"""Complaints about one camera's images are logged at most this often."""
OUTPUT_REPEAT_S = 60.0
"""Complaints about one camera's other results are logged at most this often: the faces are there."""
STOP_TIMEOUT_S = 10.0
"""How long a frame under way may take to finish when the node is deactivated."""
SUPERVISION_PERIOD_S = 0.2
"""How often the node looks whether its cameras, their publishers and its own subscribers are still there."""


class TrackerNode(LifecycleNode):
    """Lifecycle: configure loads the weights, activate subscribes, deactivate stops but keeps the tracker and
    its faces, cleanup frees it.

    Raises InputError when started with a parameter that cannot be used.
    """

    def __init__(self, create_tracker: TrackerFactory = load_tracker, **node_options: object) -> None:
        super().__init__(NODE_NAME, allow_undeclared_parameters=True, **node_options)
        self._refuse_impossible_transitions()
        library_log.through_node(self)
        self.done: Future = Future()
        self._create_tracker = create_tracker
        self._tracker: Tracker | None = None
        self._outputs: dict[str, list[Output]] = {}
        self._cameras: dict[str, CameraInput] = {}
        self._pipeline: FramePipeline | None = None
        self._worker: LatestFrameWorker[Any] | None = None
        self._abandoned: Tracker | None = None  # to be closed as soon as the thread does not use it any more
        self._is_active = False
        self._is_enabled = True
        self._reset_wanted = threading.Event()
        self._declared = DeclaredParameters(
            self,
            TrackerParameters,
            groups=camera_tables,
            is_configured=lambda: self._tracker is not None,
            changed=self._parameters_changed,
        )
        self._wanted = self._declared.read()
        self._statistics = {name: FrameRecorder() for name in self._wanted.cameras}
        # One each, all of the node's name: rclpy throttles by logger and line.
        self._loggers = {name: get_logger(self.get_logger().name) for name in self._wanted.cameras}
        self._health = TrackerHealth(self, list(self._statistics.values()))
        steady = Clock(clock_type=ClockType.STEADY_TIME)  # simulated time may stand still
        self.create_timer(SUPERVISION_PERIOD_S, self._supervise, clock=steady)
        self.create_timer(PUBLISHING_PERIOD_S, self._publish_health, clock=steady)
        self.create_service(Trigger, "~/reset", self._reset)
        self.create_service(SetBool, "~/enable", self._enable)
        self.create_service(Enroll, "~/enroll", self._enroll)
        self._start()

    # -- lifecycle ---------------------------------------------------------------------------------------------------

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the weights and create the publishers; fails, with the reason in the log, where they cannot be used."""
        if not self._end_thread(timeout_s=0.0):
            return self._configuring_failed("the last image is still being tracked; try again")
        try:
            check_installed(self, self._wanted)  # before the weights, which take long
            self._tracker = self._create_tracker(self._wanted)
            self._outputs = make_outputs(self, self._wanted)
            self._cameras = {name: self._camera(name) for name in self._wanted.cameras}
        except RednetError as error:
            return self._configuring_failed(str(error))
        except Exception as error:  # rclpy would swallow it without a word
            return self._configuring_failed(f"{type(error).__name__}: {error}")
        self._health.problem = ""
        self.get_logger().info(f"tracking with {self._tracker.weights_name}")
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start the inference thread and subscribe."""
        if not self._stop_tracking():
            return TransitionCallbackReturn.FAILURE
        result = super().on_activate(state)
        assert self._tracker is not None
        streams = {name: camera.stream for name, camera in self._cameras.items()}
        self._pipeline = FramePipeline(
            self._tracker,
            self._wanted.settings(),
            streams,
            self._now_s,
            self._frame_failed,
            self._id_prefix(),
            self._reset_wanted,
        )
        self._worker = LatestFrameWorker(self._pipeline.process, self._thread_failed)
        self._health.begin(self._cameras)
        self._is_active = True
        self._supervise()
        for camera in self._cameras.values():
            images = f"images{of_camera(camera.name)} on {camera.topic}"
            later = f"{images} are not subscribed to: {self._state()}"
            self.get_logger().info(f"waiting for {images}" if camera.is_subscribed else later)
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Unsubscribe and stop the thread; faces keep their ids and states for a pause of up to `max_gap_s`."""
        self._stop_tracking()
        self._supervise()
        self._publish_health()
        pause = f"for a pause of up to {self._wanted.max_gap_s:g} s (max_gap_s)"
        self.get_logger().info(f"deactivated: images are no longer subscribed, faces keep their ids {pause}")
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free the tracker and its GPU memory, and destroy the publishers."""
        self.close()
        release_gpu()
        self.get_logger().info(f"cleaned up: {self._what_is_left()}")
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free everything, from any state."""
        self.close()
        self.get_logger().info(f"shut down: {self._what_is_left()}")
        return super().on_shutdown(state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Back to unconfigured, so that the node can be configured again."""
        self.close()
        return TransitionCallbackReturn.SUCCESS

    def close(self) -> None:
        """Stop the thread, free the tracker and destroy the publishers, in any state."""
        if self._tracker is not None:
            self._abandoned, self._tracker = self._tracker, None
        self._stop_tracking()
        self._pipeline = None  # it holds the tracker, too
        self._reset_wanted = threading.Event()  # nothing is left to forget
        self._health.begin({})
        for output in itertools.chain(*self._outputs.values()):
            output.close()
        self._cameras, self._outputs = {}, {}

    # -- services ----------------------------------------------------------------------------------------------------

    def _reset(self, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """Forget all faces: in the inference thread while that runs, which alone may touch the tracker then. It does so
        also if the node is deactivated before it gets there."""
        if self._tracker is None:
            response.message = "nothing to forget: the node is not configured"
            return response
        if self._is_active and self._pipeline is not None and self._worker is not None:
            self._pipeline.request_reset()
            self._worker.wake()
        elif not self._end_thread(timeout_s=0.0):
            response.message = "the last image is still being tracked; try again"
            return response
        else:
            try:
                self._tracker.reset()
            except Exception as error:
                self._reset_wanted.set()  # before any further image is tracked
                response.message = f"forgetting failed, and is tried again before the next image: {error}"
                return response
            self._reset_wanted.clear()
        response.success, response.message = True, "all faces are forgotten"
        return response

    def _enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        """Subscribe to images or not; faces keep their ids and states for a pause of up to `max_gap_s`."""
        self._is_enabled = request.data
        self._supervise()
        response.success, response.message = True, self._state()
        self.get_logger().info(f"{'enabled' if request.data else 'disabled'} by service")
        return response

    def _enroll(self, request: Enroll.Request, response: Enroll.Response) -> Enroll.Response:
        """Remember a person in view over restarts, in `people_file`."""
        try:
            if self._tracker is None:
                raise InputError("nobody can be enrolled: the node is not configured")
            response.message = self._tracker.enroll(request.name, request.face_id.removeprefix(self._id_prefix()))
            response.success = True
            self.get_logger().info(response.message)
        except RednetError as error:
            response.message = str(error)
        return response

    # -- frames ------------------------------------------------------------------------------------------------------

    def statistics(self) -> FrameStatistics:
        """What happened to the images of all cameras so far."""
        return combined(self._statistics.values())

    def camera(self, name: str) -> CameraInput:
        """The subscriptions of a camera while the node is configured. Raises KeyError where there is none."""
        return self._cameras[name]

    def _image_received(self, camera: str, message: Any) -> None:
        self._statistics[camera].received()
        if self._worker is not None and self._worker.submit(message, camera):
            self._statistics[camera].dropped()

    def _frame_failed(self, camera: str, loss: Loss, text: str) -> None:
        if not self.context.ok():
            return  # the process is ending while the frame was under way
        logger = self._loggers.get(camera, self.get_logger())
        if loss is Loss.FRAME:
            logger.error(text, throttle_duration_sec=REPEAT_S)
        else:
            logger.error(text, throttle_duration_sec=OUTPUT_REPEAT_S)

    def _thread_failed(self, error: Exception) -> None:
        self._frame_failed("", Loss.FRAME, f"the inference thread failed: {type(error).__name__}: {error}")

    # -- helpers -----------------------------------------------------------------------------------------------------

    def _id_prefix(self) -> str:
        own_name = "" if self.get_name() == NODE_NAME else self.get_name()
        return id_prefix(self._wanted.id_prefix, self.get_namespace(), own_name)

    def _refuse_impossible_transitions(self) -> None:
        """Refuse and log a transition that the state does not have; rclpy (7.1) would let it end the process."""
        service = self._service_change_state
        change_state = service.callback

        def change_or_refuse(request: Any, response: Any) -> Any:
            try:
                return change_state(request, response)
            except rclpy_implementation.RCLError as error:
                wanted, reason = request.transition.label or request.transition.id, str(error).split(", at ")[0]
                self.get_logger().error(f"transition {wanted} refused: {reason}")
                response.success = False
                return response

        service.callback = change_or_refuse

    def _start(self) -> None:
        if not self._wanted.autostart:
            self.get_logger().info(
                "unconfigured; 'ros2 lifecycle set' configures and activates, or set autostart:=true"
            )
        elif self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    def _camera(self, name: str) -> CameraInput:
        return CameraInput(
            self,
            name,
            self._declared.read_group(name),
            self._wanted,
            self._outputs[name],
            self._statistics[name],
            self._image_received,
        )

    def _parameters_changed(self) -> None:
        self._wanted = self._declared.read()
        if self._pipeline is not None:
            self._pipeline.settings = self._wanted.settings()

    def _configuring_failed(self, reason: str) -> TransitionCallbackReturn:
        self.close()
        self._health.problem = f"cannot configure: {reason}"
        self.get_logger().error(self._health.problem)
        return TransitionCallbackReturn.FAILURE

    def _stop_tracking(self) -> bool:
        """Unsubscribe and end the thread; False while a frame that does not finish still uses the tracker."""
        self._is_active = False
        for camera in self._cameras.values():
            camera.pause()
        if not self._end_thread(STOP_TIMEOUT_S):
            self.get_logger().error(f"a frame has been under way for more than {STOP_TIMEOUT_S:.0f} s")
            return False
        for camera in self._cameras.values():
            camera.pause()  # again: a frame that was under way has given the outputs its faces
        return True

    def _end_thread(self, timeout_s: float) -> bool:
        """End the thread, and close a tracker that it was the last to use; False while a frame does not finish."""
        if self._worker is not None and not self._worker.stop(timeout_s):
            return False
        self._worker = None
        if self._abandoned is not None:
            self._abandoned.close()
            self._abandoned = None
        return True

    def _what_is_left(self) -> str:
        """What is left after `close`, as text for the log."""
        done = "the weights are freed and all faces are forgotten"
        return f"{done} as soon as the image under way is finished" if self._abandoned else done

    def _supervise(self) -> None:
        """Subscribe to the cameras that are wanted, with the quality of service that their publishers offer."""
        for camera in self._cameras.values() if self._is_active else ():
            if self._is_enabled and (not self._wanted.on_demand or camera.has_subscribers()):
                camera.subscribe()
            else:
                camera.pause()
        if not self._is_active:
            self._end_thread(timeout_s=0.0)  # of a frame that took longer than deactivating could wait for
        self._health.check_cameras(self._wanted.camera_timeout_s)

    def _publish_health(self) -> None:
        figures, notices = ({}, ()) if self._tracker is None else described(self._tracker)
        busy_s = 0.0 if self._worker is None else self._worker.busy_s()
        self._health.publish(self._state(), self._cameras, figures, notices, busy_s)

    def _state(self) -> str:
        if not self._is_active:
            return "not active"
        if not self._is_enabled:
            return "disabled"
        if not any(camera.is_subscribed for camera in self._cameras.values()):
            return "nobody subscribes"
        timeout_s = self._wanted.camera_timeout_s
        arrive = any(camera.has_image and not camera.is_lost(timeout_s) for camera in self._cameras.values())
        return "tracking" if arrive else "waiting for images"

    def _now_s(self) -> float:
        return self.get_clock().now().nanoseconds * 1e-9


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of `tracker_node`."""
    return run_node(TrackerNode, arguments)


if __name__ == "__main__":
    sys.exit(main())
