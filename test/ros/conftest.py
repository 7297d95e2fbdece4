"""A tracker node with a stand-in for the tracker, and a client around it, on real topics within one process."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.types import Box, Face, FaceStatus

WAIT_S = 10.0
DISCOVERY_S = 40.0
"""A service was not yet discovered after 10 s, once, while a benchmark beside the tests had both cores."""


class StandInTracker:
    """Sees one face in bright images and none in dark ones; remembers what it was given."""

    weights_name = "stand-in"

    def __init__(self):
        self.settings = TrackerSettings()
        self.shapes, self.stamps_s = [], []
        self.batches, self.detections = [], []
        self.calibration = None
        self.calibrations = {}
        self.resets = 0
        self.is_closed = False
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.is_busy = threading.Event()

    def update_many(self, frames, detections):
        self.is_busy.set()
        assert self.may_go_on.wait(WAIT_S)
        self.batches.append(sorted(frames))
        self.detections.append(dict(detections))
        return {camera: self._faces(camera, *frame) for camera, frame in frames.items()}

    def places(self, camera):
        return []

    def _faces(self, camera, image_bgr, stamp_s):
        self.shapes.append(image_bgr.shape)
        self.stamps_s.append(stamp_s)
        if image_bgr[0, 0, 0] == 13:
            raise ZeroDivisionError("thirteen")
        return [face(f"{camera}f1")] if image_bgr.mean() > 100 else []

    def calibrate(self, calibration, camera=""):
        self.calibration = self.calibrations[camera] = calibration

    def enroll(self, name, face_id=""):
        if name == "f1":
            raise InputError("a person cannot be called 'f1'")
        return f"{name} is {face_id or 'the only face'}"

    def reset(self):
        self.resets += 1

    def close(self):
        self.is_closed = True


def face(name, **changes):
    points = np.stack([np.arange(68), 100 - np.arange(68)], axis=1).astype(np.float32)
    values = {
        "id": name,
        "status": FaceStatus.TRACKED,
        "confidence": 0.75,
        "box": Box.around(points),
        "landmarks_px": points,
        "landmark_confidence": np.linspace(0, 1, 68, dtype=np.float32),
    }
    return Face(**{**values, **changes})


@pytest.fixture
def make_face():
    """Makes a `Face`: `make_face("f1", head_pose=...)`."""
    return face


def wait_until(condition, timeout_s=WAIT_S):
    """Wait for `condition()` to hold, and say whether it did."""
    end_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end_s:
            return False
        time.sleep(0.005)
    return True


@pytest.fixture(name="wait_until")
def wait_until_fixture():
    return wait_until


class Bench:
    """The node under test, and a client node that publishes images and collects what comes back."""

    def __init__(self, make_node):
        import rclpy
        from diagnostic_msgs.msg import DiagnosticArray
        from lifecycle_msgs.srv import ChangeState
        from rcl_interfaces.srv import SetParameters
        from rclpy.context import Context
        from rclpy.executors import SingleThreadedExecutor

        from rednet_ros.msg import FaceLandmarks

        self.context = Context()
        rclpy.init(context=self.context)
        self.client = rclpy.create_node("client", context=self.context)
        self.node = make_node(self.context)
        self.faces, self.diagnostics = [], []
        self.client.create_subscription(FaceLandmarks, "faces", self.faces.append, 50)
        self.client.create_subscription(DiagnosticArray, "/diagnostics", self.diagnostics.append, 50)
        self._change_state = self.client.create_client(ChangeState, "rednet_tracker/change_state")
        self._set_parameters = self.client.create_client(SetParameters, "rednet_tracker/set_parameters")
        self._executor = SingleThreadedExecutor(context=self.context)
        self._executor.add_node(self.client)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._executor.spin)
        self._thread.start()

    def close(self):
        import rclpy

        self._executor.shutdown()
        self._thread.join(WAIT_S)
        self.node.close()
        self.node.destroy_node()
        self.client.destroy_node()
        rclpy.shutdown(context=self.context)

    @property
    def state(self):
        return self.node._state_machine.current_state[1]

    def change_state(self, transition_id, timeout_s=WAIT_S):
        """Ask by the lifecycle service; whether it succeeded."""
        from lifecycle_msgs.msg import Transition
        from lifecycle_msgs.srv import ChangeState

        request = ChangeState.Request(transition=Transition(id=transition_id))
        return self._call(self._change_state, request, timeout_s).success

    def set_parameter(self, name, value):
        """Ask by the parameter service; (successful, reason)."""
        from rcl_interfaces.srv import SetParameters
        from rclpy.parameter import Parameter

        request = SetParameters.Request(parameters=[Parameter(name, value=value).to_parameter_msg()])
        result = self._call(self._set_parameters, request).results[0]
        return result.successful, result.reason

    def _call(self, service, request, timeout_s=WAIT_S):
        assert service.wait_for_service(DISCOVERY_S)
        future = service.call_async(request)
        assert wait_until(future.done, timeout_s)
        return future.result()

    def publisher(self, reliable=True, topic="image", message_type=None, is_heard=True):
        """A publisher of images that the node has found; `is_heard`: wait until it subscribes, too."""
        from rclpy.qos import QoSProfile, ReliabilityPolicy
        from sensor_msgs.msg import Image

        reliability = ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT
        publisher = self.client.create_publisher(
            message_type or Image, topic, QoSProfile(depth=10, reliability=reliability)
        )
        assert wait_until(lambda: not is_heard or publisher.get_subscription_count() == 1)
        assert wait_until(lambda: self.node.count_publishers(topic) >= 1)
        return publisher

    def reset(self):
        """Call ~/reset; its response."""
        from std_srvs.srv import Trigger

        return self._call(self.client.create_client(Trigger, "rednet_tracker/reset"), Trigger.Request())

    def enroll(self, **request):
        from rednet_ros.srv import Enroll

        return self._call(self.client.create_client(Enroll, "rednet_tracker/enroll"), Enroll.Request(**request))

    def enable(self, wanted):
        """Call ~/enable; its response."""
        from std_srvs.srv import SetBool

        return self._call(self.client.create_client(SetBool, "rednet_tracker/enable"), SetBool.Request(data=wanted))

    def collect(self, message_type, topic):
        """The messages that come on a topic of the node from now on, in a list that grows."""
        messages = []
        subscription = self.client.create_subscription(message_type, topic, messages.append, 50)
        assert wait_until(lambda: subscription.get_publisher_count() > 0)
        assert wait_until(lambda: self.node.count_subscribers(topic) > 0)
        return messages

    def status(self, part):
        """The latest of a part of the node on /diagnostics: (level, message, figures), None before there is one."""
        from rednet_ros.nodes.tracker import diagnostics

        for message in reversed(self.diagnostics):
            status = diagnostics.find(message, f"rednet_tracker: {part}")
            if status is not None:
                return status.level, status.message, diagnostics.values(status)
        return None


@pytest.fixture
def tracker():
    return StandInTracker()


@pytest.fixture
def make_bench():
    """Makes a `Bench`; `make_bench(factory)` with a factory of trackers, and the node's parameters.

    `cli_args`: arguments of the node's command line, such as ["--ros-args", "-r", "image:=/camera/image_raw"].
    """
    benches = []

    def make(create_tracker, **parameters):
        from rclpy.parameter import Parameter

        from rednet_ros.nodes.tracker.tracker_node import TrackerNode

        # A subscription that follows its publishers is made anew once, and an image published just then is lost.
        parameters = {"image_reliability": "best_effort", **parameters}
        arguments = parameters.pop("cli_args", None)
        overrides = [Parameter(name, value=value) for name, value in parameters.items()]
        benches.append(
            Bench(
                lambda context: TrackerNode(
                    create_tracker, context=context, parameter_overrides=overrides, cli_args=arguments
                )
            )
        )
        return benches[-1]

    yield make
    for bench in benches:
        bench.close()


@pytest.fixture
def bench(make_bench, tracker):
    """An active node around `tracker`."""
    return make_bench(lambda parameters: tracker, autostart=True)


@pytest.fixture
def make_image():
    """Makes a sensor_msgs/Image of one brightness: `make_image(200, stamp_s=3.5, width=64)`."""
    from builtin_interfaces.msg import Time
    from std_msgs.msg import Header

    from rednet_ros.nodes.outputs.messages import bgr_image

    def make(level=200, stamp_s=1.0, width=64, height=48, frame_id="camera"):
        stamp = Time(sec=int(stamp_s), nanosec=round(stamp_s % 1 * 1e9))
        return bgr_image(Header(stamp=stamp, frame_id=frame_id), np.full((height, width, 3), level, np.uint8))

    return make


@pytest.fixture
def start():
    """`start(arguments, limit_bytes=None)`: `python ARGUMENTS`, its output one pipe; killed after the test."""
    processes = []

    def start_process(*arguments, limit_bytes=None):
        def limit():
            signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whatever this test run was started with, such as nohup
            if limit_bytes is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))

        process = subprocess.Popen(
            [sys.executable, *arguments],
            env=dict(os.environ, PYTHONUNBUFFERED="1", OMP_NUM_THREADS="1"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=limit,
        )
        processes.append(process)
        return process

    yield start_process
    for process in processes:
        process.kill()
        process.communicate()
