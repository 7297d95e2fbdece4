"""What OpenVINO does to the process around it. In a process of its own: what is looked for kills it."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

NETWORKS_COME_AND_GO = """
import gc, signal, threading
from rednet_ros.inference.engine import LandmarkEngine

signal.signal(signal.SIGUSR1, lambda *_: print("heard"))
engines = [LandmarkEngine.load("rednet-lite", "cpu", backend="openvino") for _ in range({count})]
assert all(engine.backend.startswith("openvino") for engine in engines), engines[0].notices

def release():
    while engines:
        engines.pop(0)
        gc.collect()

{release}
signal.raise_signal(signal.SIGUSR1)
"""


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("openvino") is None, reason="OpenVINO is not installed: pip install 'rednet_ros[fast]'"
)
@pytest.mark.parametrize(
    ("count", "release"),
    [(2, "release()"), (1, "other = threading.Thread(target=release); other.start(); other.join()")],
    ids=["two networks", "another thread"],
)
def test_signals_are_heard_when_networks_are_gone(count: int, release: str, repository: Path) -> None:
    script = NETWORKS_COME_AND_GO.format(count=count, release=release)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=repository, capture_output=True, text=True, timeout=600, check=False
    )
    assert (done.returncode, done.stdout) == (0, "heard\n"), done.stderr
