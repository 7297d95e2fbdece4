"""Runs the long commands of the set-up, each once."""

from __future__ import annotations

import hashlib
import shlex
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from environment.layout import SetupError

LINES_SHOWN_ON_FAILURE = 40
REPORT_INTERVAL_S = 10.0


def once(stamp: Path, key: str, step: Callable[[], None]) -> None:
    """Runs `step`, unless the file `stamp` says that it succeeded with this `key`."""
    if is_done(stamp, key):
        return
    stamp.unlink(missing_ok=True)
    step()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(key, encoding="ascii")


def is_done(stamp: Path, key: str) -> bool:
    """Whether the step of this stamp last succeeded with this `key`."""
    return stamp.is_file() and stamp.read_text(encoding="ascii") == key


def fingerprint(texts: Iterable[str], files: Iterable[Path] = ()) -> str:
    """Hash of some texts and of the names and contents of some files."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode() + b"\0")
    for file in sorted(files):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def run_logged(
    title: str,
    command: Sequence[str],
    log: Path,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> None:
    """Runs `command`, appends its output to `log`, and shows now and then that something happens.

    Raises SetupError with the end of the output when it fails.
    """
    start = time.monotonic()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file:
        file.write(f"\n$ {shlex.join(command)}\n")
        file.flush()
        begin = file.tell()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, env=environment, cwd=folder
        )
        while (code := _wait(process)) is None:
            last_line = (_lines(log, begin) or [""])[-1]
            print(f"{title}: {time.monotonic() - start:.0f} s  {last_line}"[:160], flush=True)
    if code != 0:
        shown = "\n".join(_lines(log, begin)[-LINES_SHOWN_ON_FAILURE:])
        raise SetupError(f"{title} failed (exit code {code}):\n{shown}\n\nThe whole output is in {log}")
    print(f"{title}: done in {time.monotonic() - start:.0f} s", flush=True)


def _wait(process: subprocess.Popen[bytes]) -> int | None:
    try:
        return process.wait(REPORT_INTERVAL_S)
    except subprocess.TimeoutExpired:
        return None


def _lines(log: Path, begin: int) -> list[str]:
    """What is written in `log` from byte `begin` on, without empty lines."""
    lines = log.read_bytes()[begin:].decode(errors="replace").splitlines()
    return [line.strip()[:300] for line in lines if line.strip()]
