"""What a benchmark ran on: names, memory, and the best rate of a matrix product; and what a network has to compute."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import cv2
import numpy as np


def this_machine() -> dict[str, object]:
    """Names and sizes, for people. `load before`: the load average of the minute before this call."""
    return {
        "processor": _cpu_name(),
        "cores": len(os.sched_getaffinity(0)),
        "memory, GB": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "opencv": cv2.__version__,
        "openvino": _release("openvino"),
        "torch": _release("torch"),
        "load before": round(os.getloadavg()[0], 2),
        "day": time.strftime("%Y-%m-%d"),
    }


def resident_mb() -> float:
    """Resident memory of this process, in 10^6 bytes."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


_RATE = """
import json, sys, time
side, device, dtype = 1024, sys.argv[1], sys.argv[2]
def rate(multiply):
    best_s = float("inf")
    for _ in range(8):
        start_s = time.perf_counter()
        multiply()
        best_s = min(best_s, time.perf_counter() - start_s)
    return 2e-9 * side**3 / best_s
rates = []
if device == "cpu":
    import numpy
    a, b = numpy.random.default_rng(0).random((2, side, side), numpy.float32)
    rates.append(rate(lambda: a @ b))
try:
    import torch
except ImportError:
    pass
else:
    side = 1024 if device == "cpu" else 8192
    a, b = torch.rand(2, side, side).to(device, getattr(torch, dtype))
    rates.append(rate(lambda: (a @ b)[0, 0].item()))
print(json.dumps(max(rates)))
"""


def matrix_rate_gflops(threads: int, device: str = "cpu", dtype: str = "float32") -> float:
    """The best rate of a product of square matrices with so many threads, in 10^9 floating-point operations a second.

    NumPy's or PyTorch's, whichever is faster; each process sets its number of threads once, hence one of its own.
    """
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    environment = os.environ | dict.fromkeys(names, str(threads))
    command = [sys.executable, "-c", _RATE, device, dtype]
    return float(json.loads(subprocess.run(command, env=environment, capture_output=True, check=True).stdout))


def gflop_per_face(weights: str) -> float | None:
    """10^9 operations of all steps of the network on one face (a multiplication and an addition are two), counted by
    PyTorch; None where that is not installed. Raises WeightsError where the weights cannot be used."""
    try:
        import torch
        from torch.utils.flop_counter import FlopCounterMode
    except ImportError:
        return None
    from rednet_ros.network.weights import load

    network = load(weights)[0].eval()
    crop = torch.zeros(1, 3, network.config.crop_px, network.config.crop_px)
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        network(crop, network.draw_z0(torch.full((1, 7, 2), torch.nan)), network.initial_state(1))
    return 1e-9 * float(counter.get_total_flops())


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Model"))]
    return names[0] if names else platform.processor() or platform.machine()


def _release(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"
