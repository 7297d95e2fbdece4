"""tracker.launch.py run as `ros2 launch` runs it: its arguments reach the node, and an interrupt ends everything."""

import os
import signal
import subprocess
import sys
import time

import pytest

pytestmark = [pytest.mark.ros_launch, pytest.mark.slow]

WAIT_S = 90.0
RUN_LAUNCH_FILE = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource

source = PythonLaunchDescriptionSource(sys.argv[1])
arguments = [argument.split(":=", 1) for argument in sys.argv[2:]]
service = LaunchService(noninteractive=True)  # no terminal hands the interrupt to the node as well
service.include_launch_description(LaunchDescription([IncludeLaunchDescription(source, launch_arguments=arguments)]))
sys.exit(service.run())
"""


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """The file of a small network that knows nothing."""
    from rednet_ros.network.config import REDNetConfig
    from rednet_ros.network.rednet import REDNet
    from rednet_ros.network.weights import WeightsInfo, save

    path = tmp_path_factory.mktemp("weights") / "untrained.safetensors"
    network = REDNet(REDNetConfig(width=0.05, crop_px=64, temporal="none", identity=False))
    save(path, network, WeightsInfo("untrained", "none", "none"))
    return path


@pytest.fixture
def launched(repository, tmp_path):
    """Starts tracker.launch.py with arguments, its output going to `.log`; ended at the end."""
    processes = []

    def start(*arguments):
        log = tmp_path / "output.txt"
        command = [sys.executable, "-c", RUN_LAUNCH_FILE, str(repository / "launch" / "tracker.launch.py")]
        command += [f"sigterm_timeout:={WAIT_S}", *arguments]  # a busy machine may need more than launch's 5 s
        with log.open("w") as output:
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        process.log = log
        processes.append(process)
        return process

    yield start
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(WAIT_S)
        except subprocess.TimeoutExpired:  # leave nothing behind, the node included
            os.killpg(process.pid, signal.SIGKILL)
            raise


@pytest.fixture
def observer():
    """A node that looks at the others."""
    import rclpy

    context = rclpy.Context()
    context.init()
    node = rclpy.create_node("observer", context=context)
    yield node
    node.destroy_node()
    context.shutdown()


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
