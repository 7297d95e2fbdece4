"""Where everything lies, and which ROS 2 is used."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SYSTEM_PYTHON = "/usr/bin/python3"


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
    def suffix(self) -> str:
        return f"-{self.distribution}" if self.distribution else ""

    @property
    def venv(self) -> Path:
        return self.root / f".venv{self.suffix}"

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def build_root(self) -> Path:
        """Holds the staged sources, build, install, log and the stamps."""
        return self.root / f".ros_build{self.suffix}"

    @property
    def prefix(self) -> Path:
        """What colcon installs this package into."""
        return self.build_root / "install" / "rednet_ros"

    @property
    def log(self) -> Path:
        return self.build_root / "setup.log"

    @property
    def shell_script(self) -> Path:
        return self.build_root / "env.sh"


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
        command = [python, "-c", "import rclpy"]
        attempt = subprocess.run(command, capture_output=True, text=True, check=False)
        if attempt.returncode == 0:
            return Layout(root, os.environ.get("ROS_DISTRO", "ros"), python)
        complaint = complaint or (attempt.stderr.strip().splitlines() or ["no message"])[-1]
    raise SetupError(
        f"a ROS 2 is sourced ({foreign[-1]}), but {sys.executable} cannot import its rclpy: {complaint}\n"
        "Name the Python that belongs to it: make PYTHON=/usr/bin/python3 ...\n"
        "Or use ROS 2 from PyPI instead, from a shell that has not sourced another one."
    )
