"""lifecycle_walk.py, run by launch_testing's own runner."""

import subprocess
import sys

import pytest

pytestmark = [pytest.mark.ros_launch, pytest.mark.slow]


def test_the_lifecycle_is_walked_on_a_played_clip(repository):
    command = [sys.executable, "-m", "launch_testing.launch_test", str(repository / "test/launch/lifecycle_walk.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-6000:]
    assert "Ran 7 tests" in done.stdout + done.stderr
