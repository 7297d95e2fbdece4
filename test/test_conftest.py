"""The test suite itself, beside the pytest plugins that users have installed."""

import os
import subprocess
import sys

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
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "silent_loggers", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
