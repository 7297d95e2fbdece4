"""Walks the tracker through its whole lifecycle while a clip is played. Run by test_lifecycle_walk.py, or by hand:

launch_test test/launch/lifecycle_walk.py
"""

import time
import unittest
from pathlib import Path

import launch_testing
import launch_testing.actions
import launch_testing.asserts
import rclpy
from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_ros.actions import Node
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.executors import SingleThreadedExecutor

from rednet_ros.msg import Face, FaceLandmarks

TRACKER_LAUNCH = Path(__file__).resolve().parents[2] / "launch" / "tracker.launch.py"
IMAGE = "/walk/image_raw"
NODE = "/walk/rednet_tracker"
WAIT_S = 240.0
"""A busy machine loads the weights that slowly."""


def generate_test_description():
    """The tracker as users launch it, and a player that sends the demo's clip again and again."""
    arguments = {
        "image": IMAGE,
        "namespace": "walk",
        "device": "cpu",
        "autostart": "false",
        "sigterm_timeout": str(WAIT_S),
    }
    source = PythonLaunchDescriptionSource(str(TRACKER_LAUNCH))
    player = Node(
        package="rednet_ros",
        executable="player_node",
        parameters=[{"source": "default", "loop": True, "rate_hz": 10.0, "subscriber_timeout_s": 0.0}],
        remappings=[("image", IMAGE)],
    )
    tracker = IncludeLaunchDescription(source, launch_arguments=arguments.items())
    return LaunchDescription([tracker, player, launch_testing.actions.ReadyToTest()])


class TestLifecycle(unittest.TestCase):
    """The tests follow one another: each begins in the state that the one before has left."""

    @classmethod
    def setUpClass(cls):
        cls.context = rclpy.Context()
        rclpy.init(context=cls.context)
        cls.node = rclpy.create_node("walker", context=cls.context)
        cls.executor = SingleThreadedExecutor(context=cls.context)
        cls.executor.add_node(cls.node)
        cls.messages = []
        cls.node.create_subscription(FaceLandmarks, "/walk/faces", cls.messages.append, 10)

    @classmethod
    def tearDownClass(cls):
        cls.executor.shutdown()
        cls.node.destroy_node()
        cls.context.shutdown()

    def call(self, kind, service, request):
        client = self.node.create_client(kind, f"{NODE}/{service}")
        assert client.wait_for_service(WAIT_S), f"no service {NODE}/{service}"
        future = client.call_async(request)
        self.executor.spin_until_future_complete(future, WAIT_S)
        assert future.done(), f"{NODE}/{service} does not answer"
        return future.result()

    def state(self):
        return self.call(GetState, "get_state", GetState.Request()).current_state.label

    def change(self, transition):
        request = ChangeState.Request(transition=Transition(id=transition))
        return self.call(ChangeState, "change_state", request).success

    def spin_until(self, condition, what):
        end_s = time.monotonic() + WAIT_S
        while not condition():
            assert time.monotonic() < end_s, what
            self.executor.spin_once(timeout_sec=0.1)

    def spin_for(self, duration_s):
        end_s = time.monotonic() + duration_s
        while time.monotonic() < end_s:
            self.executor.spin_once(timeout_sec=0.1)

    def test_1_waits_unconfigured(self):
        assert self.state() == "unconfigured"

    def test_2_refuses_to_skip_a_step(self):
        assert not self.change(Transition.TRANSITION_ACTIVATE)
        assert self.state() == "unconfigured"

    def test_3_configures_without_publishing(self):
        assert self.change(Transition.TRANSITION_CONFIGURE)
        assert self.state() == "inactive"
        self.spin_for(1.0)
        assert self.messages == []

    def test_4_publishes_landmarks_when_active(self):
        assert self.change(Transition.TRANSITION_ACTIVATE)
        assert self.state() == "active"
        self.spin_until(lambda: any(message.faces for message in self.messages), "no face was published")
        message = next(message for message in self.messages if message.faces)
        assert message.header.frame_id == "camera"
        assert message.weights == "rednet-lite-clean"
        face = message.faces[0]
        assert face.id[0].isalpha()
        assert face.state == Face.STATE_TRACKED
        self.check_landmarks(message, face)

    def check_landmarks(self, message, face):
        """They are a face: all 68, mostly within the image, in their box, the eyes above the mouth."""
        points = [(point.x, point.y) for point in face.landmarks]
        assert len(points) == Face.LANDMARK_COUNT
        inside = sum(0 <= x < message.image_width and 0 <= y < message.image_height for x, y in points)
        assert inside > 60
        assert abs(min(x for x, _ in points) - face.box_x) < 0.01
        assert abs(max(y for _, y in points) - (face.box_y + face.box_height)) < 0.01
        eyes_y = sum(y for _, y in points[Face.RIGHT_EYE_FIRST : Face.LEFT_EYE_LAST + 1]) / 12
        mouth_y = sum(y for _, y in points[Face.OUTER_MOUTH_FIRST : Face.INNER_MOUTH_LAST + 1]) / 20
        assert eyes_y < mouth_y

    def test_5_is_silent_when_deactivated(self):
        assert self.change(Transition.TRANSITION_DEACTIVATE)
        assert self.state() == "inactive"
        self.spin_for(1.0)  # what was under way
        self.messages.clear()
        self.spin_for(1.0)
        assert self.messages == []

    def test_6_goes_on_when_activated_again(self):
        assert self.change(Transition.TRANSITION_ACTIVATE)
        self.spin_until(lambda: any(message.faces for message in self.messages), "no face after activating again")

    def test_7_cleans_up_and_ends(self):
        assert self.change(Transition.TRANSITION_DEACTIVATE)
        assert self.change(Transition.TRANSITION_CLEANUP)
        assert self.state() == "unconfigured"
        assert self.change(Transition.TRANSITION_UNCONFIGURED_SHUTDOWN)
        assert self.state() == "finalized"


@launch_testing.post_shutdown_test()
class TestEnd(unittest.TestCase):
    """After launch has interrupted everything."""

    def test_every_process_ended_well(self, proc_info):
        launch_testing.asserts.assertExitCodes(proc_info)
