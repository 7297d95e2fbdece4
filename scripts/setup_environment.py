"""Makes the environment of the project and builds its messages; what is done already is kept.

Uses the ROS 2 that is sourced in this shell, otherwise ROS 2 from PyPI in .venv. `make setup` runs it.
"""

from __future__ import annotations

import fcntl
import os
import sys
import time
from typing import IO

from environment import packages, workspace
from environment.layout import SetupError, choose_layout, choose_python


def main() -> int:
    start = time.monotonic()
    try:
        layout = choose_layout()
        python = choose_python(layout)
        if python != sys.executable:
            os.execv(python, [python, "-S", *sys.argv])  # -S: the wheels' start-up file would set LD_LIBRARY_PATH
        layout.build_root.mkdir(exist_ok=True)
        with (layout.build_root / "lock").open("w") as lock:
            _wait_for(lock)
            packages.install(layout)
            workspace.build(layout)
    except SetupError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; the next run goes on where this one stopped", file=sys.stderr)
        return 130
    ros = f"the sourced ROS 2 {layout.distribution}" if layout.distribution else "ROS 2 Jazzy from PyPI"
    print(f"Environment ready: {ros}, {layout.venv.name} ({time.monotonic() - start:.0f} s)", flush=True)
    return 0


def _wait_for(lock: IO[str]) -> None:
    """Until no other process sets up the same environment."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("Waiting for another set-up of this checkout to end ...", flush=True)
        fcntl.flock(lock, fcntl.LOCK_EX)


if __name__ == "__main__":
    sys.exit(main())
