"""How much memory this process holds, and giving back what a tracker that is gone has used."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import Any

_STATM = Path("/proc/self/statm")


def resident_mb() -> float:
    """Of the machine's memory, in MB; nan where the system does not tell."""
    try:
        return int(_STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except (OSError, ValueError, IndexError):
        return float("nan")


def gpu_mb() -> float | None:
    """Of the GPU's, in MB, held by PyTorch; None where it uses none."""
    cuda = _cuda_in_use()
    return None if cuda is None else float(cuda.memory_reserved()) / 1e6


def release_gpu() -> None:
    """Give the GPU's memory that PyTorch keeps for later use back."""
    cuda = _cuda_in_use()
    if cuda is not None:
        gc.collect()  # PyTorch keeps every block that a tensor lies in, though nobody may refer to it
        cuda.empty_cache()


def _cuda_in_use() -> Any:
    torch = sys.modules.get("torch")  # not imported for this: it takes seconds
    return None if torch is None or not torch.cuda.is_initialized() else torch.cuda
