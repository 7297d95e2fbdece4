"""What a benchmark ran on."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import torch

_STATUS_KB = 1024


@dataclass(frozen=True)
class Machine:
    """`load`: the average number of processes that wanted a core in the minute before; above 0.3 or so, others did."""

    cpu: str
    cores: int
    memory_gb: float
    gpu: str
    system: str
    python: str
    torch: str
    opencv: str
    load: float
    day: str


def this_machine(device: str) -> Machine:
    """`device`: "cpu", or "cuda" to name the GPU too."""
    return Machine(
        cpu=_cpu_name(),
        cores=len(os.sched_getaffinity(0)),
        memory_gb=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        gpu=torch.cuda.get_device_name() if device == "cuda" else "",
        system=platform.platform(terse=True),
        python=platform.python_version(),
        torch=torch.__version__,
        opencv=cv2.__version__,
        load=round(os.getloadavg()[0], 2),
        day=time.strftime("%Y-%m-%d"),
    )


def resident_mb(process: int | None = None) -> float:
    """Resident memory of a process, by default this one, in 10^6 bytes. Raises OSError where it has ended."""
    status = Path(f"/proc/{process or 'self'}/status").read_text(encoding="utf-8")
    (line,) = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) * _STATUS_KB / 1e6


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
