"""Words for people."""

from __future__ import annotations

import sys


def counted(count: int, noun: str) -> str:
    """`1 image`, `2 images`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def progress_interval_s() -> float:
    """Time between two updates of a progress bar: lively on a terminal, rare in a log."""
    return 0.1 if sys.stderr.isatty() else 10.0
