"""The commands' first second: what they import is slow, and may be interrupted."""

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


@pytest.mark.parametrize("name", ["rednet_track", "rednet_evaluate", "rednet_train"])
def test_an_interrupted_command_says_so_in_one_line(tmp_path: Path, name: str) -> None:
    assert end(start(name, "cv2", tmp_path), signal.SIGINT) == (130, "-c: interrupted\n")


@pytest.mark.parametrize("name", ["tracker_node", "player_node", "recorder_node"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_node_that_is_told_to_end_ends_well(tmp_path: Path, name: str, number: signal.Signals) -> None:
    assert end(start(name, "rclpy", tmp_path), number) == (0, "")


def test_a_command_that_was_started_to_ignore_interrupts_ignores_them(tmp_path: Path) -> None:
    process = start("rednet_track", "cv2", tmp_path, handler="signal.SIG_IGN")
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    process.kill()
    process.communicate()
