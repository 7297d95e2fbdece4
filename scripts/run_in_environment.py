"""Runs a command in the environment that `make setup` has made; without a command, an interactive bash.

python3 scripts/run_in_environment.py rednet-track clip.mp4
"""

from __future__ import annotations

import os
import shutil
import sys

from environment.interpreter import inspect
from environment.layout import SetupError, choose_layout
from environment.variables import run_variables


def main() -> int:
    layout = choose_layout()
    python = inspect(layout.python)
    if python is None or not layout.shell_script.is_file():
        raise SetupError("there is no environment yet: run `make setup` first")
    environment = run_variables(layout, python.minor).applied_to(os.environ)
    command = sys.argv[1:] or ["bash", "--rcfile", str(layout.shell_script), "-i"]
    program = shutil.which(command[0], path=environment["PATH"])
    if program is None:
        raise SetupError(f"{command[0]}: no such command in the environment")
    os.execve(program, command, environment)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except SetupError as error:
        sys.exit(f"error: {error}")
