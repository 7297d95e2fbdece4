"""Chooses the Python that the virtual environment is made from, and asks interpreters about themselves."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from environment.layout import SetupError

OLDEST, NEWEST = (3, 10), (3, 13)

_QUESTION = """
import importlib.util, json, os, sys, sysconfig
include = sysconfig.get_path("include")
print(json.dumps({
    "executable": sys.executable,
    "version": sys.version_info[:3],
    "include": include,
    "headers": os.path.isfile(os.path.join(include, "Python.h")),
    "venv": all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")),
}))
"""


@dataclass(frozen=True)
class Interpreter:
    """A Python: its file, version, include folder, and whether it has its C headers and can make environments."""

    executable: Path
    version: tuple[int, int, int]
    include: Path
    has_headers: bool
    can_make_venv: bool

    @property
    def minor(self) -> str:
        """Such as "3.11"."""
        return f"{self.version[0]}.{self.version[1]}"

    @property
    def is_supported(self) -> bool:
        return OLDEST <= self.version[:2] <= NEWEST


def inspect(executable: str | Path) -> Interpreter | None:
    """What `executable` says of itself; None where it does not run."""
    command = [str(executable), "-S", "-c", _QUESTION]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except OSError:
        return None
    if answer.returncode != 0:
        return None
    facts = json.loads(answer.stdout)
    major, minor, micro = facts["version"]
    return Interpreter(
        Path(facts["executable"]), (major, minor, micro), Path(facts["include"]), facts["headers"], facts["venv"]
    )


def choose_base(preferred: str) -> Interpreter:
    """`preferred`, or where that is too old or too new, another one on PATH."""
    names = [f"python3.{minor}" for minor in (12, 11, 10, 13)]
    for executable in [preferred, *filter(None, map(shutil.which, names))]:
        interpreter = inspect(executable)
        if interpreter and interpreter.is_supported:
            return interpreter
    raise SetupError(
        f"Python {OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]} is needed; {preferred} is another, and none of "
        f"{', '.join(names)} was found. Name one: make PYTHON=/path/to/python3.12 ..."
    )
