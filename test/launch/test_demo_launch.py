"""demo.launch.py from beginning to end, on a short clip and a network that knows nothing."""

import json

import numpy as np
import pytest

from rednet_ros.media.video import VideoWriter

pytestmark = [pytest.mark.ros_launch, pytest.mark.slow]


@pytest.fixture
def clip(tmp_path):
    """One second, grey."""
    path = tmp_path / "grey.mp4"
    with VideoWriter(path, 10.0) as writer:
        for _ in range(10):
            writer.write(np.full((48, 64, 3), 128, np.uint8))
    return path


@pytest.fixture
def arguments(clip, weights, tmp_path):
    """Of every launch here."""
    return f"input:={clip}", f"weights:={weights}", "device:=cpu", "backend:=torch", f"output:={tmp_path}/out"


def test_it_ends_with_the_input_and_reports_nothing_wrong(launch_file, arguments, tmp_path):
    process = launch_file("demo", *arguments)
    assert process.wait(240) == 0, process.log.read_text()
    log = process.log.read_text()
    assert "finished: 10 images sent" in log
    assert "no image" not in log
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["frames_sent"] == 10


def test_looped_it_goes_on_after_the_input(launch_file, observer, wait_for, arguments):
    from rednet_ros.msg import FaceLandmarks

    messages = []
    observer.create_subscription(FaceLandmarks, "/rednet_demo/faces", messages.append, 10)
    process = launch_file("demo", *arguments, "loop:=true")
    wait_for(process, lambda: len(messages) > 15, observer)  # the clip has 10 images
    assert "finished" not in process.log.read_text()
