"""Several processes of a command on this machine, which work together as torchrun's do."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence

INTERRUPTED = 130
_POLL_S = 0.2
_PATIENCE_S = 20.0


def launch(module: str, arguments: Sequence[str], count: int) -> int:
    """Run `python -m module arguments` `count` times and wait. Returns the first exit code that is not 0.

    When one ends with an error, or the user interrupts, the others are asked to end too.
    """
    port = _free_port()
    workers = [
        subprocess.Popen([sys.executable, "-m", module, *arguments], env=_environment(rank, count, port))
        for rank in range(count)
    ]
    code = 0
    try:
        while None in (codes := [worker.poll() for worker in workers]) and not any(codes):
            time.sleep(_POLL_S)
        code = next((ended for ended in codes if ended), 0)
    except KeyboardInterrupt:
        code = INTERRUPTED
    finally:
        _end(workers)
    return code


def _environment(rank: int, count: int, port: int) -> dict[str, str]:
    return {
        **os.environ,
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(count),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _end(workers: Sequence[subprocess.Popen[bytes]]) -> None:
    """Asks those that still run to end, and ends those that don't listen."""
    for worker in workers:
        if worker.poll() is None:
            worker.terminate()
    deadline = time.monotonic() + _PATIENCE_S
    for worker in workers:
        try:
            worker.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()
