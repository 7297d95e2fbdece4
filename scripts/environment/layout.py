"""Which Python and which ROS 2 are used, and where everything lies."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SYSTEM_PYTHON = "/usr/bin/python3"
IS_SUPPORTED = "import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))"


class SetupError(Exception):
    """The environment cannot be made. The message says why and what to do."""


@dataclass(frozen=True)
class Layout:
    """The folders of one environment.

    `root`: the source checkout. `distribution`: name of the sourced ROS 2 installation that is used (such as "jazzy"),
    or None where ROS 2 comes from PyPI's wheels. The two kinds never share a folder. `base_python`: what a new virtual
    environment is made from.
    """

    root: Path
    distribution: str | None
    base_python: str

    @property
    def venv(self) -> Path:
        return self.root / (f".venv-{self.distribution}" if self.distribution else ".venv")

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def build_root(self) -> Path:
        """Holds the staged sources, build, install, log and the stamps."""
        return self.root / (f".ros_build-{self.distribution}" if self.distribution else ".ros_build")

    @property
    def prefix(self) -> Path:
        """What colcon installs this package into."""
        return self.build_root / "install" / "rednet_ros"

    @property
    def log(self) -> Path:
        return self.build_root / "setup.log"


def choose_layout(root: Path = ROOT) -> Layout:
    """The sourced ROS 2 where this shell has one, PyPI's wheels otherwise.

    Raises SetupError where a ROS 2 is sourced that no Python at hand can import.
    """
    prefixes = [prefix for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if prefix]
    foreign = [prefix for prefix in prefixes if not Path(prefix).is_relative_to(root)]
    if not foreign:
        return Layout(root, None, sys.executable)
    complaint = ""
    for python in (sys.executable, SYSTEM_PYTHON):
        attempt = subprocess.run([python, "-c", "import rclpy"], capture_output=True, text=True, check=False)
        if attempt.returncode == 0:
            return Layout(root, os.environ.get("ROS_DISTRO", "ros"), python)
        complaint = complaint or (attempt.stderr.strip().splitlines() or ["no message"])[-1]
    raise SetupError(
        f"a ROS 2 is sourced ({foreign[-1]}), but {sys.executable} cannot import its rclpy: {complaint}\n"
        "Name the Python that belongs to it: make PYTHON=/usr/bin/python3 ...\n"
        "Or use ROS 2 from PyPI instead, from a shell that has not sourced another one."
    )


def choose_python(layout: Layout) -> str:
    """The Python of the virtual environment; before there is one, `base_python` or a supported one on PATH."""
    if runs(layout.python):
        if not runs(layout.python, IS_SUPPORTED):
            raise SetupError(f"{layout.venv} holds a Python that is not supported: remove it and try again")
        return str(layout.python)
    names = [f"python3.{minor}" for minor in (12, 11, 10, 13)]
    for python in [layout.base_python, *filter(None, map(shutil.which, names))]:
        if runs(python, IS_SUPPORTED):
            return python
    raise SetupError(
        f"Python 3.10 to 3.13 is needed; {layout.base_python} is another, and none of {', '.join(names)} was found. "
        "Name one: make PYTHON=/path/to/python3.12 ..."
    )


def runs(python: str | Path, code: str = "pass") -> bool:
    """Whether `python` is there and `code` ends well in it."""
    try:
        return subprocess.run([str(python), "-c", code], capture_output=True, check=False).returncode == 0
    except OSError:
        return False
