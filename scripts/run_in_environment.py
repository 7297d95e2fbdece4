"""Runs a command in the environment that `make setup` has made; without a command, an interactive bash.

python3 scripts/run_in_environment.py rednet-track clip.mp4
"""

from __future__ import annotations

import os
import shutil
import sys

from environment import SetupError, choose_layout, run_variables, runs


def main() -> None:
    layout = choose_layout()
    if not runs(layout.python) or not layout.prefix.is_dir():
        raise SetupError("there is no environment yet: run `make setup` first")
    environment = run_variables(layout, os.environ)
    command = sys.argv[1:] or ["bash", "--norc", "-i"]  # a .bashrc would change the variables again
    program = shutil.which(command[0], path=environment["PATH"])
    if program is None:
        raise SetupError(f"{command[0]}: no such command in the environment")
    os.execve(program, command, environment)


if __name__ == "__main__":
    try:
        main()
    except SetupError as error:
        sys.exit(f"error: {error}")
