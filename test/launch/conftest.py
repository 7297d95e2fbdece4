"""Launch files run as `ros2 launch` runs them, and a node that looks on."""

import os
import signal
import subprocess
import sys
import time

import pytest

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
def launch_file(repository, tmp_path):
    """`launch_file("tracker", "device:=cpu", environment={...})` starts it, its output going to `.log`; ended at the
    end."""
    processes = []

    def start(name, *arguments, environment=None):
        log = tmp_path / "output.txt"
        command = [sys.executable, "-c", RUN_LAUNCH_FILE, str(repository / "launch" / f"{name}.launch.py")]
        command += [f"sigterm_timeout:={WAIT_S}", *arguments]  # a busy machine may need more than launch's 5 s
        with log.open("w") as output:
            process = subprocess.Popen(
                command,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, **(environment or {})},
            )
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
def stand_in(tmp_path):
    """`stand_in(package, executable, script)`: installs a package with one executable, a script of /bin/sh or Python.

    Gives the environment in which it is found, by ament as by the shell.
    """

    def install(package, executable, script):
        prefix = tmp_path / "prefix"
        index = prefix / "share" / "ament_index" / "resource_index" / "packages"
        for folder in (index, prefix / "share" / package, prefix / "lib" / package):
            folder.mkdir(parents=True, exist_ok=True)
        (index / package).write_text("")
        program = prefix / "lib" / package / executable
        program.write_text(script)
        program.chmod(0o755)
        return {
            "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
            "AMENT_PREFIX_PATH": f"{prefix}{os.pathsep}{os.environ['AMENT_PREFIX_PATH']}",
        }

    return install


@pytest.fixture
def launched(launch_file):
    """Starts tracker.launch.py with arguments."""
    return lambda *arguments: launch_file("tracker", *arguments)


@pytest.fixture
def wait_for():
    """`wait_for(process, condition, observer=None)`: until the launched process fulfils it; the observer spins."""

    def wait(process, condition, observer=None):
        end_s = time.monotonic() + WAIT_S
        while not condition():
            assert process.poll() is None, process.log.read_text()
            assert time.monotonic() < end_s, process.log.read_text()
            if observer is None:
                time.sleep(0.1)
            else:
                spin(observer)

    return wait


def spin(node, duration_s=0.1):
    """Let a node work."""
    from rclpy.executors import SingleThreadedExecutor

    executor = SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    executor.spin_once(timeout_sec=duration_s)
    executor.shutdown()


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
