"""Nodes as processes of their own: signals, wrong starts, and a recorded session."""

import json
import signal
import time

import cv2
import numpy as np
import pytest

from rednet_ros.tracking.video import VideoWriter, open_source

pytestmark = pytest.mark.ros

BUSY_TRACKER = """
import gc, sys, time
from rednet_ros.nodes.runner import run
from rednet_ros.nodes.tracker_node import TrackerNode
from rednet_ros.tracking.settings import TrackerSettings

class Busy:
    settings, weights_name = TrackerSettings(), "busy"
    def update_many(self, frames, detections):
        time.sleep(0.05)
        return {camera: [] for camera in frames}
    def calibrate(self, calibration, camera=""):
        pass
    def reset(self):
        pass
    def close(self):
        pass

code = run(lambda: TrackerNode(lambda parameters: Busy()))
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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_an_idle_node_cleanly(start, number):
    node = start("-m", "rednet_ros.nodes.tracker_node")
    read_until(node, "unconfigured")
    for _ in range(3):  # launch sends SIGTERM, too, to what does not end at once
        node.send_signal(number)
        time.sleep(0.02)
    output, _ = node.communicate(timeout=60)
    assert node.returncode == 0
    assert output == ""


def test_a_signal_ends_a_busy_node_cleanly(start, clip):
    tracker = start("-c", BUSY_TRACKER, "--ros-args", "-p", "autostart:=true")
    read_until(tracker, "waiting for images")
    player = start("-m", "rednet_ros.nodes.player_node", "--ros-args", "-p", f"source:={clip}", "-p", "loop:=true")
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
    node = start("-m", f"rednet_ros.nodes.{module}", "--ros-args", "-p", parameter)
    output, _ = node.communicate(timeout=60)
    assert node.returncode == 1
    assert reason in output
    assert len(output.splitlines()) == 1


def test_a_player_that_nobody_hears_gives_up(start, clip):
    player = start(
        "-m", "rednet_ros.nodes.player_node", "--ros-args", "-p", f"source:={clip}", "-p", "subscriber_timeout_s:=0.2"
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


def test_a_session_is_recorded(start, clip, tmp_path):
    folder = tmp_path / "output"
    folder.mkdir()
    (folder / "contact_sheet.png").write_bytes(b"of an earlier session")
    recorder = start("-m", "rednet_ros.nodes.recorder_node", "--ros-args", "-p", f"output_dir:={folder}",
                     "-p", "rate_hz:=20.0")  # fmt: skip
    player = start("-m", "rednet_ros.nodes.player_node", "--ros-args", "-p", f"source:={clip}",
                   "-p", "reliability:=reliable", "-r", "image:=overlay")  # fmt: skip
    assert player.wait(timeout=60) == 0
    time.sleep(0.5)
    recorder.send_signal(signal.SIGINT)
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
