"""pytest with the plugins that a ROS installation brings along."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.ros_launch


def test_files_of_one_name_in_two_folders_are_collected(repository):
    files = ["test/ros/test_demo.py", "test/nodes/demo/test_demo.py"]
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *files]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(file in done.stdout for file in files)
