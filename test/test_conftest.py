"""The test suite itself, beside the pytest plugins that users have installed."""

import os
import subprocess
import sys

import pytest

LOGGER_PLUGIN = """
import logging

class SilentLogger(logging.getLoggerClass()):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.propagate = False

logging.setLoggerClass(SilentLogger)
"""
"""Does to loggers what importing `launch` does, which the plugin launch_pytest of every ROS installation imports."""

TESTS = """
import logging
import pytest

early = logging.getLogger("rednet_ros.early")

@pytest.mark.parametrize("name", ["rednet_ros.early", "rednet_ros.late"])
def test_log(name, caplog):
    logging.getLogger(name).warning("a line")
    assert caplog.messages == ["a line"]
"""


def test_the_log_is_captured_although_a_plugin_stops_loggers_from_propagating(repository, tmp_path):
    (tmp_path / "silent_loggers.py").write_text(LOGGER_PLUGIN)
    (tmp_path / "test_log.py").write_text(TESTS)
    (tmp_path / "conftest.py").write_text((repository / "test" / "conftest.py").read_text())
    assert "2 passed" in run_pytest(tmp_path, "-p", "silent_loggers")


GROUPED = """
import pytest

@pytest.mark.parametrize("number", range(4))
def test_plain(number):
    pass

@pytest.mark.ros
@pytest.mark.parametrize("number", range(4))
def test_of_a_node(number):
    pass
"""


FILES = ("test_one.py", "test_two.py")


def test_beside_each_other_run_files_but_never_nodes(repository, tmp_path):
    pytest.importorskip("xdist")
    for name in FILES:
        (tmp_path / name).write_text(GROUPED)
    (tmp_path / "conftest.py").write_text((repository / "test" / "conftest.py").read_text())
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n  ros\n  ros_launch\n  gpu\n")
    output = run_pytest(tmp_path, "--numprocesses=2", "--dist=loadgroup", "-vv")
    lines = [line.split() for line in output.splitlines() if line.startswith("[gw")]
    nodes = {words[0] for words in lines if words[-1].endswith("@ros")}
    files = {file: {words[0] for words in lines if words[-1].endswith(f"@{tmp_path}/{file}")} for file in FILES}
    assert len(nodes) == 1
    assert [len(workers) for workers in files.values()] == [1, 1]


def run_pytest(folder, *options):
    """Its output for the tests of `folder`, which must pass or be skipped."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, str(folder)]
    environment = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
