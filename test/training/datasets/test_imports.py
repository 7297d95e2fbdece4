"""Labels are read where PyTorch is not installed: the tracker's evaluation needs them, too."""

import subprocess
import sys


def test_labels_data_sets_and_the_renderer_need_no_torch() -> None:
    modules = ("datasets.labels", "datasets", "datasets.conversion", "datasets.pool", "rendering.still")
    lines = [f"import rednet_ros.training.{name}" for name in modules]
    code = "\n".join(["import sys", "sys.modules['torch'] = None", *lines])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
