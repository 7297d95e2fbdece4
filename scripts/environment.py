"""Which Python and which ROS 2 are used, where everything lies, and the variables that commands run with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SYSTEM_PYTHON = "/usr/bin/python3"
IS_SUPPORTED = "import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 14))"
SUPPORTED_NAMES = tuple(f"python3.{minor}" for minor in (12, 11, 10, 13, 14))

OF_ANOTHER_ROS = (
    "_ROS_WHEELS_BOOTSTRAP_COMPLETE",  # with it the wheels would not look for their libraries again
    "AMENT_PREFIX_PATH",
    "COLCON_PREFIX_PATH",
    "PYTHONHOME",
    "PYTHONPATH",
)


class SetupError(Exception):
    """The environment cannot be made. The message says why and what to do."""


class Layout:
    """The folders of one environment.

    `root`: the source checkout. `distribution`: name of the sourced ROS 2 installation that is used (such as "jazzy"),
    or None where ROS 2 comes from PyPI's wheels. The two kinds never share a folder. `base_python`: what a new virtual
    environment, `venv`, is made from. `build_root` holds the staged sources, build, install, log and the stamps;
    `prefix` is what colcon installs this package into.
    """

    def __init__(self, root: Path, distribution: str | None, base_python: str) -> None:
        suffix = f"-{distribution}" if distribution else ""
        self.root, self.distribution, self.base_python = root, distribution, base_python
        self.venv, self.build_root = root / f".venv{suffix}", root / f".ros_build{suffix}"
        self.python, self.log = self.venv / "bin" / "python", self.build_root / "setup.log"
        self.prefix = self.build_root / "install" / "rednet_ros"


def choose_layout(root: Path = ROOT) -> Layout:
    """The sourced ROS 2 where this shell has one, PyPI's wheels otherwise.

    Raises SetupError where a ROS 2 is sourced that no Python at hand can import.
    """
    prefixes = os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)
    foreign = [prefix for prefix in prefixes if prefix and not Path(prefix).is_relative_to(root)]
    if not foreign:
        return Layout(root, None, sys.executable)
    complaints = []
    for python in (sys.executable, SYSTEM_PYTHON):
        attempt = subprocess.run([python, "-c", "import rclpy"], capture_output=True, text=True, check=False)
        if attempt.returncode == 0:
            return Layout(root, os.environ.get("ROS_DISTRO", "ros"), python)
        complaints += [*attempt.stderr.strip().splitlines()[-1:], "no message"]
    raise SetupError(
        f"a ROS 2 is sourced ({foreign[-1]}), but {sys.executable} cannot import its rclpy: {complaints[0]}\n"
        "Name the Python that belongs to it: make PYTHON=/usr/bin/python3 ...\n"
        "Or use ROS 2 from PyPI instead, from a shell that has not sourced another one."
    )


def choose_python(layout: Layout) -> str:
    """The Python of the virtual environment; before there is one, `base_python` or a supported one on PATH."""
    if runs(layout.python):
        if not runs(layout.python, IS_SUPPORTED):
            raise SetupError(f"{layout.venv} holds a Python that is not supported: remove it and try again")
        return str(layout.python)
    for python in [layout.base_python, *filter(None, map(shutil.which, SUPPORTED_NAMES))]:
        if runs(python, IS_SUPPORTED):
            return python
    raise SetupError(
        f"Python 3.10 to 3.14 is needed; {layout.base_python} is another, and none of {', '.join(SUPPORTED_NAMES)} was "
        "found. Name one: make PYTHON=/path/to/python3.12 ..."
    )


def runs(python: str | Path, code: str = "pass") -> bool:
    """Whether `python` is there and `code` ends well in it."""
    try:
        return subprocess.run([str(python), "-c", code], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def build_variables(layout: Layout, environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` for colcon: the ROS 2 to build with, without this package's own build."""
    removed = ("VIRTUAL_ENV", *(() if layout.distribution else OF_ANOTHER_ROS))
    result = {name: value for name, value in environment.items() if name not in removed}
    if not layout.distribution:
        result |= dict.fromkeys(("AMENT_PREFIX_PATH", "CMAKE_PREFIX_PATH"), str(layout.venv))
        result |= {"ROS_DISTRO": "jazzy", "ROS_VERSION": "2", "ROS_PYTHON_VERSION": "3"}
    _put_first(result, "PATH", layout.venv / "bin")
    return result


def run_variables(layout: Layout, environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` for nodes, commands and tests: the checkout's modules first, then the built messages and ROS 2.

    ROS 2 stays on this machine unless the shell says otherwise, and shared memory is large enough for images.
    """
    result = build_variables(layout, environment)
    result.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    result.setdefault("FASTRTPS_DEFAULT_PROFILES_FILE", str(layout.root / "config" / "fastdds_large_images.xml"))
    if not layout.distribution:
        result.setdefault("RMW_IMPLEMENTATION", "rmw_fastrtps_cpp")
    # Debian's Python installs into dist-packages below local/, others into site-packages.
    built = next(iter(layout.prefix.glob("**/python3*/*-packages/rednet_ros")), layout.prefix).parent
    _put_first(result, "PATH", layout.prefix / "lib" / "rednet_ros", layout.venv / "bin")
    _put_first(result, "AMENT_PREFIX_PATH", layout.prefix)
    _put_first(result, "PYTHONPATH", layout.root, built)
    _put_first(result, "LD_LIBRARY_PATH", layout.prefix / "lib")
    return result


def _put_first(environment: dict[str, str], name: str, *folders: Path) -> None:
    """Put `folders` in front of a list of folders, each once."""
    first = [str(folder) for folder in folders]
    rest = [entry for entry in environment.get(name, "").split(os.pathsep) if entry and entry not in first]
    environment[name] = os.pathsep.join([*first, *rest])
