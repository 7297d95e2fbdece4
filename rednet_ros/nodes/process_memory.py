"""How much memory this process holds."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_STATM = Path("/proc/self/statm")


def resident_mb() -> float:
    """Of the machine's memory, in MB; nan where the system does not tell."""
    try:
        return int(_STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except (OSError, ValueError, IndexError):
        return float("nan")


def gpu_mb() -> float | None:
    """Of the GPU's, in MB, held by PyTorch; None where it uses none."""
    torch = sys.modules.get("torch")  # not imported for this: it takes seconds
    if torch is None or not torch.cuda.is_initialized():
        return None
    return float(torch.cuda.memory_reserved()) / 1e6
