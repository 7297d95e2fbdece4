"""tracker.launch.py run as `ros2 launch` runs it: its arguments reach the node, and an interrupt ends everything."""

import signal
import time

import pytest

pytestmark = [pytest.mark.ros_launch, pytest.mark.slow]

WAIT_S = 90.0


def wait_for_text(process, text):
    """The output once it holds `text`."""
    end_s = time.monotonic() + WAIT_S
    while text not in process.log.read_text():
        assert process.poll() is None, process.log.read_text()
        assert time.monotonic() < end_s, process.log.read_text()
        time.sleep(0.1)
    return process.log.read_text()


def state_of(observer, node_name):
    """Label of a lifecycle node's state."""
    from lifecycle_msgs.srv import GetState
    from rclpy.executors import SingleThreadedExecutor

    client = observer.create_client(GetState, f"{node_name}/get_state")
    assert client.wait_for_service(WAIT_S)
    executor = SingleThreadedExecutor(context=observer.context)
    future = client.call_async(GetState.Request())
    executor.add_node(observer)
    executor.spin_until_future_complete(future, WAIT_S)
    executor.remove_node(observer)
    return future.result().current_state.label


def published_type(observer, topic):
    """Type of what is published on `topic`."""
    end_s = time.monotonic() + WAIT_S
    while not observer.get_publishers_info_by_topic(topic):
        assert time.monotonic() < end_s, f"nobody publishes {topic}"
        time.sleep(0.05)
    return observer.get_publishers_info_by_topic(topic)[0].topic_type


def test_the_node_becomes_active_where_the_arguments_say(launched, observer, weights):
    process = launched(f"weights:={weights}", "device:=cpu", "image:=/head/image_raw", "namespace:=robot")
    wait_for_text(process, "waiting for images on /head/image_raw")
    assert state_of(observer, "/robot/rednet_tracker") == "active"
    assert published_type(observer, "/robot/faces") == "rednet_ros/msg/FaceLandmarks"

    process.send_signal(signal.SIGINT)
    assert process.wait(WAIT_S) == 0, process.log.read_text()
    assert "process has finished cleanly" in process.log.read_text()


def test_debug_shows_the_lines_of_the_node_and_not_those_of_the_middleware(launched, weights, repository):
    process = launched(
        f"weights:={weights}", "namespace:=robot", "log_level:=debug", f"params_file:={repository}/config/tracker.yaml"
    )
    log = wait_for_text(process, "waiting for images")
    assert "[robot.rednet_tracker.rednet_ros]: subscribing" in log
    assert "[DEBUG]" in log
    assert "[rcl" not in log
    assert "[rmw" not in log


def test_without_autostart_the_node_waits_for_a_lifecycle_manager(launched, observer, weights):
    process = launched(f"weights:={weights}", "autostart:=false")
    wait_for_text(process, "unconfigured")
    assert state_of(observer, "/rednet_tracker") == "unconfigured"


def test_weights_that_do_not_exist_are_named(launched, observer):
    process = launched("weights:=/nowhere/other.safetensors")
    wait_for_text(process, "no weights file at /nowhere/other.safetensors")
    assert state_of(observer, "/rednet_tracker") == "unconfigured"


def test_without_its_params_file_no_node_starts(launched):
    process = launched("params_file:=/nowhere/tracker.yaml")
    assert process.wait(WAIT_S) != 0
    assert "params_file:=/nowhere/tracker.yaml: there is no such file" in process.log.read_text()
    assert "process started" not in process.log.read_text()
