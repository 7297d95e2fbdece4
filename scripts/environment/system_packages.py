"""What must come from the system's package manager: a compiler, CMake, and parts of Python that Debian splits off."""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

from environment.interpreter import Interpreter
from environment.layout import SetupError
from environment.progress import run_logged


def missing_packages(python: Interpreter) -> list[str]:
    """Debian's names of what is not there, for building messages with `python`."""
    wanted = []
    if not shutil.which("c++"):
        wanted.append("g++")
    if not shutil.which("cmake"):
        wanted.append("cmake")
    if not shutil.which("make") and not shutil.which("ninja"):
        wanted.append("make")
    if not python.has_headers:
        wanted.append(f"python{python.minor}-dev")
    if not python.can_make_venv:
        wanted.append(f"python{python.minor}-venv")
    return wanted


def provide(python: Interpreter, log: Path) -> None:
    """Installs what is missing as root; otherwise raises SetupError with the command that would."""
    wanted = missing_packages(python)
    if not wanted:
        return
    _refuse_what_apt_cannot_give(python, wanted)
    install = ["apt-get", "install", "-y", "--no-install-recommends", *wanted]
    if os.geteuid() != 0:
        raise SetupError(
            f"missing on this system: {', '.join(wanted)}. Install with\n    sudo {shlex.join(install)}\nand try again."
        )
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run_logged("Reading the list of system packages", ["apt-get", "update"], log, environment)
    run_logged(f"Installing {', '.join(wanted)}", install, log, environment)


def _refuse_what_apt_cannot_give(python: Interpreter, wanted: list[str]) -> None:
    of_python = [name for name in wanted if name.startswith("python")]
    if of_python and not python.executable.resolve().is_relative_to("/usr/bin"):
        raise SetupError(
            f"{python.executable} lacks {'its C headers' if not python.has_headers else 'the venv module'}: "
            "install a complete Python, or name another one: make PYTHON=/usr/bin/python3 ..."
        )
    if not shutil.which("apt-get"):
        raise SetupError(
            f"missing on this system: {', '.join(wanted)} (Debian's names). Install them with your package manager."
        )
