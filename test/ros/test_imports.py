"""A node starts without PyTorch: it is imported, if at all, where the network runs."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.ros


@pytest.mark.parametrize(
    "module",
    ["tracker.tracker_node", "demo.player_node", "demo.recorder_node", "demo.demo", "view.view_node", "benchmark"],
)
def test_a_nodes_modules_do_not_import_torch(module):
    script = f"import sys, rednet_ros.nodes.{module}; print(sorted({{'torch', 'safetensors'}} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    assert run.stdout == "[]\n"
