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
    """Names and sizes, for people."""

    cpu: str
    cores: int
    memory_gb: float
    gpu: str
    system: str
    python: str
    torch: str
    opencv: str
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
        day=time.strftime("%Y-%m-%d"),
    )


class OthersWatch:
    """How much of the cores is used by processes that are neither this one nor ones that it started and waited for."""

    def __init__(self) -> None:
        self._start = self._now()

    def share(self) -> float | None:
        """Of all cores since the start, 0..1; None where the system does not tell."""
        busy_s, all_s, own_s = (now - start for now, start in zip(self._now(), self._start, strict=True))
        return max(0.0, busy_s - own_s) / all_s if all_s > 0 else None

    @staticmethod
    def _now() -> tuple[float, float, float]:
        """Seconds of all cores: busy, altogether, and of this process with its children."""
        try:
            line = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0]
        except OSError:
            return 0.0, 0.0, 0.0
        ticks = [int(field) for field in line.split()[1:9]]
        idle = ticks[3] + ticks[4]  # idle, and waiting for disks
        second = os.sysconf("SC_CLK_TCK")
        own = os.times()
        own_s = own.user + own.system + own.children_user + own.children_system
        return (sum(ticks) - idle) / second, sum(ticks) / second, own_s


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
