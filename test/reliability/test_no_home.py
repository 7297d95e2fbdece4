"""A user without HOME and without an entry in passwd, as containers with an arbitrary user id have."""

import os
import subprocess
import sys

import pytest

from rednet_ros.inference import tensorrt

SCRIPT = """
import pwd

def unknown(*_):
    raise KeyError("uid not found")

pwd.getpwuid = pwd.getpwnam = unknown
from rednet_ros.errors import InputError
from rednet_ros.inference.engine import LandmarkEngine
from rednet_ros.inference.tensorrt import engine_file
from rednet_ros.resources import resolve_weights
from rednet_ros.tracking.detector.models import load_detector

engine = LandmarkEngine.load("rednet-lite", "cpu")
assert not engine.notices, engine.notices
print(engine_file(resolve_weights("rednet-lite")))
load_detector()
for place in ("~/detector.onnx", "~nobody-here/detector.onnx"):
    try:
        load_detector(place)
    except InputError as error:
        print(error)
"""


@pytest.fixture
def environment():
    without = ("HOME", "USER", "LOGNAME", "XDG_CACHE_HOME", tensorrt.CACHE_VARIABLE, "ROS_HOME", "ROS_LOG_DIR")
    return {name: value for name, value in os.environ.items() if name not in without}


@pytest.mark.slow
def test_the_tracker_loads_without_a_home(environment):
    """On a processor with the backend that is usual there, and on a GPU as far as the choice of one."""
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stderr[-2000:]
    lines = result.stdout.splitlines()
    assert lines[0] == "None"
    assert [line.split(" does not")[0] for line in lines[1:]] == [
        "Detector model ~/detector.onnx",
        "Detector model ~nobody-here/detector.onnx",
    ]


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({"HOME": "/home/ann"}, "/home/ann/.cache/rednet_ros"),
        ({"XDG_CACHE_HOME": "/var/cache"}, "/var/cache/rednet_ros"),
        ({"XDG_CACHE_HOME": "not/absolute"}, None),
        ({tensorrt.CACHE_VARIABLE: "/srv/engines"}, "/srv/engines"),
        ({}, None),
    ],
)
def test_the_folder_of_engines(monkeypatch, variables, folder):
    for name in ("HOME", "XDG_CACHE_HOME", tensorrt.CACHE_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("pwd.getpwuid", lambda _: (_ for _ in ()).throw(KeyError("uid not found")))
    found = tensorrt.cache_dir()
    assert (found and str(found)) == folder


@pytest.mark.ros
@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"HOME": ""},
        {"HOME": "/dev/null"},
        {"HOME": "/", "ROS_HOME": "/dev/null"},
        {"HOME": "/", "ROS_LOG_DIR": "/proc/log"},
    ],
)
def test_a_node_starts_without_a_home_that_it_can_write_to(environment, variables):
    """Docker gives HOME=/ to a user id without a passwd entry, Debian /nonexistent to `nobody`. A file in the place of
    a folder cannot be written to by root either."""
    pytest.importorskip("rclpy")
    result = subprocess.run(
        [sys.executable, "-m", "rednet_ros.nodes.demo.player_node", "--ros-args", "-p", "source:=/gone.mp4"],
        env={**environment, **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )
    output = result.stdout + result.stderr
    assert "/gone.mp4: No such file" in output
    assert "the log is kept in no file" in output
    assert "set ROS_LOG_DIR" in output
