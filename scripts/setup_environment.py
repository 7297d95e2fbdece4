"""Makes the environment of the project and builds its messages; what is done already is kept.

Uses the ROS 2 that is sourced in this shell, otherwise ROS 2 from PyPI in .venv. `make setup` runs it.
"""

from __future__ import annotations

import argparse
import fcntl
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from environment import python_packages, system_packages, workspace
from environment.interpreter import Interpreter, choose_base, inspect
from environment.layout import Layout, SetupError, choose_layout


def set_up(layout: Layout, with_torch: bool = True) -> None:
    """All steps in their order. Raises SetupError."""
    python = _python_of(layout)
    system_packages.provide(python, layout.log)
    python_packages.provide(layout, python, with_torch)
    workspace.build(layout, python)


def _python_of(layout: Layout) -> Interpreter:
    python = inspect(layout.python)
    if python is None:
        return choose_base(layout.base_python)
    if not python.is_supported:
        raise SetupError(f"{layout.venv} holds Python {python.minor}, which is not supported: remove it and try again")
    return python


@contextmanager
def _alone(layout: Layout) -> Iterator[None]:
    """Waits until no other process sets up the same environment."""
    layout.build_root.mkdir(exist_ok=True)
    with (layout.build_root / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another set-up of this checkout to end ...", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--without-torch", action="store_true", help="leave torch out, to check the rest quickly")
    arguments = parser.parse_args()
    start = time.monotonic()
    try:
        layout = choose_layout()
        with _alone(layout):
            set_up(layout, with_torch=not arguments.without_torch)
    except SetupError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; the next run goes on where this one stopped", file=sys.stderr)
        return 130
    ros = f"the sourced ROS 2 {layout.distribution}" if layout.distribution else "ROS 2 Jazzy from PyPI"
    print(f"Environment ready: {ros}, {layout.venv.name} ({time.monotonic() - start:.0f} s)", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
