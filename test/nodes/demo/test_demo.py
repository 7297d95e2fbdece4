"""The demo where it cannot run, and what it hands to its nodes."""

import os
from pathlib import Path

import pytest

from rednet_ros.nodes import fastdds
from rednet_ros.nodes.demo import demo


def test_without_ros_the_user_is_advised_what_to_do(monkeypatch, caplog):
    monkeypatch.setattr(demo, "find_spec", lambda name: None if name == "rclpy" else object())
    assert demo.main([]) == 1
    assert "rclpy not found: source a ROS 2 workspace with this package, or run `make demo`" in caplog.text


def test_images_go_reliably_where_shared_memory_is_small(monkeypatch):
    monkeypatch.setenv(fastdds.PROFILE_VARIABLE, "/somewhere/fastdds_large_images.xml")
    monkeypatch.setattr(fastdds, "free_shared_memory_bytes", lambda: 0)
    environment, reliability = demo._middleware()
    assert reliability == "reliable"
    assert fastdds.PROFILE_VARIABLE not in environment


@pytest.mark.parametrize("name", ["default", "0", "rtsp://camera/x", "10:15.mp4", "Март.mp4"])
def test_usual_inputs_are_passed_on_as_they_are(name):
    with demo._for_ros(name) as passed:
        assert passed == name


def test_a_file_whose_name_is_not_utf_8_reaches_the_nodes(tmp_path):
    path = tmp_path / os.fsdecode(b"M\xe4rz.mp4")
    path.write_text("content")
    with demo._for_ros(str(path)) as passed:
        passed.encode()
        assert Path(passed).read_text() == "content"
