"""Nodes as processes of their own: signals, wrong starts, and a recorded session."""

import json
import signal
import subprocess
import time

import cv2
import numpy as np
import pytest

from rednet_ros.media.video import VideoWriter, open_source
from rednet_ros.nodes.demo.processes import ROOM

pytestmark = pytest.mark.ros

BUSY_TRACKER = """
import gc, sys, time
from rednet_ros.nodes.run_node import run_node
from rednet_ros.nodes.tracker.tracker_node import TrackerNode
from rednet_ros.tracking.settings import TrackerSettings

class Busy:
    settings, weights_name = TrackerSettings(), "busy"
    def update_many(self, frames, detections):
        time.sleep(0.05)
        return {camera: [] for camera in frames}
    def places(self, camera):
        return []
    def calibrate(self, calibration, camera=""):
        pass
    def reset(self):
        pass
    def close(self):
        pass

code = run_node(lambda: TrackerNode(lambda parameters: Busy()))
print("objects left to the end:", gc.get_freeze_count() or "collected", flush=True)
sys.exit(code)
"""


def read_until(process, text):
    """Lines of the process up to the one that holds `text`."""
    lines = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            return lines
    raise AssertionError(f"'{text}' not in {lines}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_an_idle_node_cleanly(start, number):
    node = start("-m", "rednet_ros.nodes.tracker.tracker_node")
    read_until(node, "unconfigured")
    for _ in range(3):  # launch sends SIGTERM, too, to what does not end at once
        node.send_signal(number)
        time.sleep(0.02)
    output, _ = node.communicate(timeout=60)
    assert node.returncode == 0
    assert output == ""


def test_a_node_under_nohup_outlives_its_terminal(start):
    """`nohup` lets a process ignore SIGHUP."""
    script = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN); import sys; " + (
        "from rednet_ros.nodes.tracker import tracker_node; sys.exit(tracker_node.main())"
    )
    node = start("-c", script)
    read_until(node, "unconfigured")
    node.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        node.wait(0.5)


def test_a_signal_ends_a_busy_node_cleanly(start, clip):
    tracker = start("-c", BUSY_TRACKER, "--ros-args", "-p", "autostart:=true")
    read_until(tracker, "waiting for images")
    player = start("-m", "rednet_ros.nodes.demo.player_node", "--ros-args", "-p", f"source:={clip}", "-p", "loop:=true")
    read_until(player, "playing")
    time.sleep(0.5)
    for process in (tracker, player):
        process.send_signal(signal.SIGINT)
    outputs = [process.communicate(timeout=60)[0] for process in (tracker, player)]
    assert [tracker.returncode, player.returncode] == [0, 0]
    assert not any("Traceback" in output or "rror" in output for output in outputs)
    assert "collected" not in outputs[0]  # that would take seconds, and launch gives a node five


@pytest.mark.parametrize(
    ("module", "parameter", "reason"),
    [
        ("tracker_node", "max_faces:=1000", "'max_faces' must be 1 to 64, not 1000"),
        ("player_node", "source:=/absent/clip.mp4", "/absent/clip.mp4: No such file"),
        ("recorder_node", "output_dir:=/dev/null/out", "/dev/null/out: cannot be written to"),
    ],
)
def test_a_wrong_start_costs_one_line(start, module, parameter, reason):
    node = start("-m", f"rednet_ros.nodes.{ROOM[module]}.{module}", "--ros-args", "-p", parameter)
    output, _ = node.communicate(timeout=60)
    assert node.returncode == 1
    assert reason in output
    assert len(output.splitlines()) == 1


@pytest.mark.parametrize("module", ["tracker_node", "player_node", "recorder_node", "view_node"])
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("rednet_tracker:\n  ros__parameters:\n    max_faces: [1, 'a']\n", "Sequence should be of same type"),
        ("rednet_tracker:\n  max_faces: 2\n", "Cannot have a value before ros__parameters at line 2"),
        ("rednet_tracker: {\n", "params.yaml"),
    ],
)
def test_a_broken_parameters_file_is_named_without_a_traceback(start, tmp_path, module, text, reason):
    path = tmp_path / "params.yaml"
    path.write_text(text)
    node = start("-m", f"rednet_ros.nodes.{ROOM[module]}.{module}", "--ros-args", "--params-file", str(path))
    output, _ = node.communicate(timeout=60)
    assert node.returncode == 1
    line = output.splitlines()[-1]
    assert "[FATAL]" in line
    assert reason in line
    assert str(path) in line
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("argument", "reason"),
    [
        (("-r", "image"), "Couldn't parse remap rule: '-r image'"),
        (("--log-level", "loud"), "Couldn't parse log level: '--log-level loud'"),
        (("--paramsfile", "x.yaml"), "--paramsfile"),
    ],
)
def test_other_arguments_that_ros_does_not_understand_are_named_too(start, argument, reason):
    node = start("-m", "rednet_ros.nodes.tracker.tracker_node", "--ros-args", *argument)
    output, _ = node.communicate(timeout=60)
    assert node.returncode == 1
    assert reason in output.splitlines()[-1]
    assert "Traceback" not in output


LOGGING_TRACKER = """
import logging, sys
from rednet_ros.nodes.run_node import run_node
from rednet_ros.nodes.tracker.tracker_node import TrackerNode

class Tracker:
    weights_name = "none"
    def reset(self):
        pass
    def close(self):
        pass

def create(parameters):
    logging.getLogger("rednet_ros.tracking").warning("told while loading")
    logging.getLogger("rednet_ros.inference").debug("told in detail")
    return Tracker()

sys.exit(run_node(lambda: TrackerNode(create)))
"""


def test_what_the_library_logs_reaches_rosout_at_the_level_of_the_node(start, bench, wait_until):
    from rcl_interfaces.msg import Log
    from rclpy.qos import DurabilityPolicy, QoSProfile

    lines = []
    quality = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    bench.client.create_subscription(Log, "/rosout", lines.append, quality)
    node = start("-c", LOGGING_TRACKER, "--ros-args", "-p", "autostart:=true", "-r", "__ns:=/front",
                 "--log-level", "front.rednet_tracker:=debug")  # fmt: skip
    read_until(node, "waiting for images")
    assert wait_until(lambda: {"told while loading", "told in detail"} <= {line.msg for line in lines})
    assert {line.name for line in lines if line.msg.startswith("told")} == {"front.rednet_tracker.rednet_ros"}
    node.send_signal(signal.SIGINT)
    output, _ = node.communicate(timeout=60)
    assert "[DEBUG] [rmw" not in output
    assert "[DEBUG] [rcl" not in output


def test_a_player_without_subscribers_gives_up(start, clip):
    player = start(
        "-m",
        "rednet_ros.nodes.demo.player_node",
        "--ros-args",
        "-p",
        f"source:={clip}",
        "-p",
        "subscriber_timeout_s:=0.2",
    )
    output, _ = player.communicate(timeout=60)
    assert player.returncode == 1
    assert "nobody subscribed to /image within" in output


@pytest.fixture
def clip(tmp_path):
    """Twenty frames of 96 x 64, ever brighter."""
    path = tmp_path / "clip.mp4"
    with VideoWriter(path, fps=20) as writer:
        for level in range(20, 220, 10):
            writer.write(np.full((64, 96, 3), level, np.uint8))
    return path


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_session_is_recorded(start, clip, tmp_path, number):
    folder = tmp_path / "output"
    folder.mkdir()
    (folder / "contact_sheet.png").write_bytes(b"of an earlier session")
    recorder = start("-m", "rednet_ros.nodes.demo.recorder_node", "--ros-args", "-p", f"output_dir:={folder}",
                     "-p", "rate_hz:=20.0")  # fmt: skip
    player = start("-m", "rednet_ros.nodes.demo.player_node", "--ros-args", "-p", f"source:={clip}",
                   "-p", "reliability:=reliable", "-r", "image:=overlay")  # fmt: skip
    assert player.wait(timeout=60) == 0
    time.sleep(0.5)
    recorder.send_signal(number)
    output, _ = recorder.communicate(timeout=60)
    assert recorder.returncode == 0
    assert "session recorded" in output

    with open_source(folder / "overlay.mp4") as video:
        levels = [frame.image_bgr.mean() for frame in video]
    assert 15 <= len(levels) <= 40
    assert levels == sorted(levels)
    assert cv2.imread(str(folder / "contact_sheet.png")).shape == (3 * 320, 4 * 480, 3)
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["frames_sent"] == 20
    assert summary["files"] == [str(folder / "overlay.mp4"), str(folder / "contact_sheet.png")]
