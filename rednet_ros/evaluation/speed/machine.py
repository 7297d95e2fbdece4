"""What a benchmark ran on."""

from __future__ import annotations

import os
import platform
import re
import time
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np

FEATURES = {
    "avx2": "AVX2",
    "avx512f": "AVX-512",
    "avx512_vnni": "VNNI",
    "avx_vnni": "VNNI",
    "avx512_bf16": "bf16",
    "amx_tile": "AMX",
    "asimd": "NEON",
    "asimddp": "dot product",
    "bf16": "bf16",
    "sve": "SVE",
}
"""Flag in /proc/cpuinfo -> what it means for the speed of a network."""


def this_machine(cpuinfo: Path = Path("/proc/cpuinfo")) -> dict[str, object]:
    """Names and versions. `processor`, `features` and `cores` tell machines apart; `load`: the mean of the minute
    before this call."""
    text = cpuinfo.read_text(encoding="utf-8") if cpuinfo.exists() else ""
    facts = {name.lower(): value for name, value in re.findall(r"^([\w ]+?)\s*: (.+)$", text, re.MULTILINE)}
    name = facts.get("model name") or facts.get("model") or platform.processor() or platform.machine()
    if "cpu family" in facts:  # names as general as "AMD EPYC" are of several generations
        name += f" (family {facts['cpu family']}, model {facts['model']})"
    flags = (facts.get("flags") or facts.get("features") or "").split()
    return {
        "processor": name,
        "features": list(dict.fromkeys(FEATURES[flag] for flag in FEATURES if flag in flags)),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "opencv": cv2.__version__,
        "openvino": version("openvino") if find_spec("openvino") else None,
        "load": round(os.getloadavg()[0], 2),
        "day": time.strftime("%Y-%m-%d"),
    }
