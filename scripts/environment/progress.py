"""Runs long commands: shows that something happens, keeps everything in a log, shows the log when it fails."""

from __future__ import annotations

import shlex
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from environment.layout import SetupError

LINES_SHOWN_ON_FAILURE = 40
SECONDS_BETWEEN_REPORTS = {True: 0.5, False: 10.0}
"""By whether a person watches a terminal: one line rewritten often, or a new line now and then."""


def run_logged(
    title: str,
    command: Sequence[str],
    log: Path,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> None:
    """Runs `command`, its output appended to `log`. Raises SetupError with the end of the output when it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    tail: deque[str] = deque(maxlen=LINES_SHOWN_ON_FAILURE)
    with log.open("a", encoding="utf-8") as file:
        file.write(f"\n$ {shlex.join(command)}\n")
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            env=environment,
            cwd=folder,
        )
        assert process.stdout is not None
        reader = threading.Thread(target=_collect, args=(process.stdout, file, tail), daemon=True)
        reader.start()
        code = _wait(process, title, start, tail)
        reader.join()
    if code != 0:
        shown = "\n".join(tail)
        raise SetupError(f"{title} failed (exit code {code}):\n{shown}\n\nThe whole output is in {log}")
    _report(f"{title}: done in {time.monotonic() - start:.0f} s", last=True)


def _collect(stream: IO[str], file: IO[str], tail: deque[str]) -> None:
    for line in stream:
        file.write(line)
        file.flush()
        if line.strip():
            tail.append(line.rstrip()[:300])


def _wait(process: subprocess.Popen[str], title: str, start: float, tail: deque[str]) -> int:
    while True:
        try:
            return process.wait(SECONDS_BETWEEN_REPORTS[sys.stdout.isatty()])
        except subprocess.TimeoutExpired:
            last_line = tail[-1].strip() if tail else ""
            _report(f"{title}: {time.monotonic() - start:.0f} s  {last_line}")


def _report(text: str, last: bool = False) -> None:
    if sys.stdout.isatty():
        sys.stdout.write(f"\r\033[K{text[:110]}" + ("\n" if last else ""))
        sys.stdout.flush()
    else:
        print(text[:160], flush=True)
