"""Two nodes on one machine, a camera driver that is killed, a disk that is full."""

import json
import signal
import time

import numpy as np
import pytest

from rednet_ros.media.video import VideoWriter

pytestmark = [pytest.mark.ros, pytest.mark.slow]

BRIGHT_TRACKER = """
import sys
from rednet_ros.nodes.run_node import run_node
from rednet_ros.nodes.tracker.tracker_node import TrackerNode
from rednet_ros.tracking import FaceTracker
from rednet_ros.evaluation.tracking_bench.synthetic_scene import BrightDetector, BrightEngine

def create(parameters):
    return FaceTracker(engine=BrightEngine(), detector=BrightDetector(), settings=parameters.settings())

sys.exit(run_node(lambda: TrackerNode(create)))
"""
LIMIT_BYTES = 60_000
"""Largest file that a process on a "full disk" can write: a write beyond it fails, as on a full disk."""


@pytest.fixture
def noisy_clip(tmp_path):
    """Sixty frames that do not compress."""
    path = tmp_path / "noise.mp4"
    rng = np.random.default_rng(0)
    with VideoWriter(path, fps=30) as writer:
        for _ in range(60):
            writer.write(rng.integers(0, 256, (96, 128, 3), np.uint8))
    return path


def ros(*parameters, remaps=()):
    """Arguments for parameters and remaps."""
    return ["--ros-args", *(word for text in parameters for word in ("-p", text)), *(
        word for text in remaps for word in ("-r", text)
    )]  # fmt: skip


def read_until(process, text):
    lines = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            return
    raise AssertionError(f"'{text}' not in {lines}")


def ended(process, number=signal.SIGINT):
    """Told to end; exit code and output."""
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    return process.returncode, output


def test_two_nodes_beside_each_other_answer_their_own_cameras_only(start, noisy_clip, bench, wait_until):
    from rednet_ros.msg import FaceLandmarks

    answers = {"left": [], "right": []}
    trackers = []
    for name, stored in answers.items():
        tracker = start("-c", BRIGHT_TRACKER, *ros("autostart:=true", remaps=[f"__ns:=/{name}"]))
        read_until(tracker, f"waiting for images on /{name}/image")
        trackers.append(tracker)
        bench.client.create_subscription(FaceLandmarks, f"/{name}/faces", stored.append, 50)
    players = [
        start(
            "-m",
            "rednet_ros.nodes.demo.player_node",
            *ros(f"source:={noisy_clip}", "loop:=true", f"frame_id:={name}_eye", remaps=[f"__ns:=/{name}"]),
        )
        for name in answers
    ]
    assert wait_until(lambda: all(len(stored) > 20 for stored in answers.values()), 60.0)
    for name, stored in answers.items():
        assert {message.header.frame_id for message in stored} == {f"{name}_eye"}
    for process in (*players, *trackers):
        code, output = ended(process)
        assert code == 0
        assert "Traceback" not in output


def test_a_camera_driver_that_is_killed_and_started_again(start, noisy_clip, bench, wait_until):
    player = ["-m", "rednet_ros.nodes.demo.player_node", *ros(f"source:={noisy_clip}", "loop:=true")]
    first = start(*player)
    assert wait_until(lambda: len(bench.faces) > 5, 60.0)
    first.kill()
    first.wait(10)
    time.sleep(0.3)
    before = len(bench.faces)
    start(*player)
    assert wait_until(lambda: len(bench.faces) > before + 5, 60.0)
    assert bench.node.statistics().failed == 0


@pytest.mark.parametrize("option", ["--jsonl", "--video"])
def test_a_disk_that_fills_while_a_video_is_tracked(start, tmp_path, option):
    clip, output = tmp_path / "clip.mp4", tmp_path / ("out.jsonl" if option == "--jsonl" else "out.mp4")
    rng = np.random.default_rng(0)
    with VideoWriter(clip, fps=30) as writer:
        for _ in range(80):
            writer.write(rng.integers(0, 256, (240, 320, 3), np.uint8))
    code = "import rednet_ros.start as start; raise SystemExit(start.rednet_track())"
    limit = 1500 if option == "--jsonl" else LIMIT_BYTES
    process = start("-c", code, str(clip), option, str(output), limit_bytes=limit)
    text, _ = process.communicate(timeout=300)
    assert process.returncode == 2
    assert f"{output}: " in text
    assert "Traceback" not in text
    if option == "--jsonl":
        *whole, _ = output.read_text().split("\n")
        assert len(whole) > 10
        assert [json.loads(line)["frame"] for line in whole] == list(range(len(whole)))


def test_a_disk_that_fills_while_a_session_is_recorded(start, tmp_path, noisy_clip):
    folder = tmp_path / "session"
    recorder = start("-m", "rednet_ros.nodes.demo.recorder_node", *ros(f"output_dir:={folder}", "rate_hz:=30.0"),
                     limit_bytes=LIMIT_BYTES)  # fmt: skip
    player = start("-m", "rednet_ros.nodes.demo.player_node",
                   *ros(f"source:={noisy_clip}", "reliability:=reliable", remaps=["image:=overlay"]))  # fmt: skip
    player.communicate(timeout=120)
    assert player.returncode == 0
    time.sleep(0.5)
    code, output = ended(recorder)
    assert code == 0
    assert "Traceback" not in output
    assert "could be written" in output  # says that the video is not whole
    assert json.loads((folder / "summary.json").read_text())["frames_sent"] == 60
