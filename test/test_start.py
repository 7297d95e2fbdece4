"""The commands' first second: what they import is slow, and may be interrupted."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SLOW_MODULE = "import sys, time; print('importing', flush=True); time.sleep(60)"
START = """
import signal, sys
signal.signal(signal.SIGINT, {handler})  # whatever this test run was started with
signal.signal(signal.SIGHUP, signal.SIG_DFL)
import rednet_ros.start as start
sys.exit(start.{name}())
"""


def start(name: str, slow: str, folder: Path, handler: str = "signal.default_int_handler") -> subprocess.Popen[str]:
    """A command that is in the midst of importing `slow`."""
    (folder / f"{slow}.py").write_text(SLOW_MODULE)
    path = f"{folder}:{Path(__file__).parents[1]}"
    script = START.format(name=name, handler=handler)
    command = [sys.executable, "-c", script]
    process = subprocess.Popen(
        command, env={"PYTHONPATH": path}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "importing\n"
    return process


def end(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str]:
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors


@pytest.mark.parametrize("name", ["rednet_track", "rednet_view", "rednet_evaluate", "rednet_train"])
def test_an_interrupted_command_says_so_in_one_line(tmp_path: Path, name: str) -> None:
    assert end(start(name, "cv2", tmp_path), signal.SIGINT) == (130, "-c: interrupted\n")


@pytest.mark.parametrize("name", ["tracker_node", "player_node", "recorder_node", "view_node"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_node_that_is_told_to_end_ends_well(tmp_path: Path, name: str, number: signal.Signals) -> None:
    assert end(start(name, "rclpy", tmp_path), number) == (0, "")


@pytest.mark.parametrize(("name", "module"), [("rednet_train", "torch"), ("tracker_node", "rclpy")])
def test_a_missing_package_is_named_with_its_source(tmp_path: Path, name: str, module: str) -> None:
    """As after `pip install rednet_ros`, without an extra or ROS."""
    (tmp_path / f"{module}.py").write_text(f"raise ModuleNotFoundError('none', name={module!r})")
    environment = {"PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[1]}"}
    script = f"import sys, rednet_ros.start as start; sys.exit(start.{name}())"
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert re.fullmatch(f"-c: {module} is not installed: [^\\n]+\\n", done.stderr)


def test_a_command_that_was_started_to_ignore_interrupts_ignores_them(tmp_path: Path) -> None:
    process = start("rednet_track", "cv2", tmp_path, handler="signal.SIG_IGN")
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    process.kill()
    process.communicate()
