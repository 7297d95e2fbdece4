"""SIGINT, SIGTERM and SIGHUP at any moment of a node's life: exit code 0 and no traceback.

In `make soak` at many moments.
"""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

pytestmark = [pytest.mark.ros, pytest.mark.slow]

MOMENTS = int(os.environ.get("REDNET_SIGNALS", "1"))
"""For each node and signal."""

START = "import rednet_ros.start as start; print('begins', flush=True); raise SystemExit(start.{node}())"
ARGUMENTS = {
    "tracker_node": ["-p", "autostart:=true"],
    "recorder_node": ["-p", "output_dir:={folder}"],
    "view_node": ["-p", "port:=0", "-p", "output_dir:={folder}"],
    "player_node": ["-p", "source:=portrait", "-p", "loop:=true"],
}


def moments(node, number):
    """Seconds after the start: anywhere in the imports, the loading of the weights, the waiting."""
    draw = random.Random(f"{node}-{number}")
    return [draw.uniform(0.0, 8.0) ** 2 / 8.0 for _ in range(MOMENTS)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("node", sorted(ARGUMENTS))
def test_a_node_ends_well_whenever_a_signal_comes(tmp_path, node, number):
    arguments = [text.format(folder=tmp_path / "out") for text in ARGUMENTS[node]]
    for moment_s in moments(node, number):
        command = [sys.executable, "-c", START.format(node=node), "--ros-args", *arguments]
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=dict(os.environ, OMP_NUM_THREADS="1"),
            # Whoever runs the tests in the background ignores interrupts (nohup: SIGHUP), and children inherit that.
            preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
        )
        try:
            assert process.stdout.readline() == "begins\n"
            time.sleep(moment_s)
            process.send_signal(number)
            output, _ = process.communicate(timeout=120)
        finally:
            process.kill()
        assert process.returncode == 0, f"after {moment_s:.2f} s: {output}"
        assert "Traceback" not in output, f"after {moment_s:.2f} s: {output}"
        assert "rror" not in output, f"after {moment_s:.2f} s: {output}"
