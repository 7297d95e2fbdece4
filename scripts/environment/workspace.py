"""Builds this package with colcon, beside the sources, and keeps the result until an input changes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from environment.interpreter import Interpreter
from environment.layout import Layout
from environment.progress import run_logged
from environment.stamps import Stamp, fingerprint
from environment.variables import build_variables, run_variables

STAGED = ("package.xml", "CMakeLists.txt", "cmake", "msg", "rednet_ros", "launch", "config", "models")
INSTALLED_FOLDERS = ("rednet_ros", "launch", "config", "models")


def build(layout: Layout, python: Interpreter) -> None:
    """Builds what has changed, and writes the script that enters the environment.

    Installed files are links to the sources, so that an edit needs no build. New and removed files are installed
    anew, and a change of a message or of the build's description builds from nothing.
    """
    _build_messages(layout, python)
    _install_files(layout)
    layout.shell_script.write_text(run_variables(layout, python.minor).as_shell_script(), encoding="utf-8")


def _build_messages(layout: Layout, python: Interpreter) -> None:
    root = layout.root
    files = [root / "package.xml", root / "CMakeLists.txt", *root.glob("cmake/*"), *root.glob("msg/*.msg")]
    if layout.distribution is None:
        files.append(root / "requirements" / "ros_wheels.txt")
    expected = fingerprint([str(root), str(layout.distribution), str(python.version)], files)
    stamp = Stamp(layout.build_root / "stamps" / "messages")
    if stamp.agrees(expected) and layout.prefix.is_dir():
        return
    stamp.remove()
    for folder in ("build", "install"):
        shutil.rmtree(layout.build_root / folder, ignore_errors=True)
    _colcon_build(layout, "Building the messages")
    stamp.write(expected)
    Stamp(layout.build_root / "stamps" / "files").write(_file_names(root))


def _install_files(layout: Layout) -> None:
    stamp = Stamp(layout.build_root / "stamps" / "files")
    expected = _file_names(layout.root)
    if stamp.agrees(expected):
        return
    stamp.remove()
    shutil.rmtree(layout.build_root / "install", ignore_errors=True)
    _colcon_build(layout, "Installing new files into the workspace")
    stamp.write(expected)


def _file_names(root: Path) -> str:
    names = []
    for folder in INSTALLED_FOLDERS:
        names += [str(path.relative_to(root)) for path in sorted((root / folder).glob("**/*")) if path.is_file()]
    return fingerprint(name for name in names if "__pycache__" not in name)


def _colcon_build(layout: Layout, title: str) -> None:
    sources = _stage(layout)
    environment = build_variables(layout).applied_to(os.environ)
    command = ["colcon", "build", "--symlink-install", "--paths", str(sources), "--event-handlers", "console_direct+"]
    command += ["--cmake-args", f"-DPython3_EXECUTABLE={layout.python}", "-DBUILD_TESTING=OFF"]
    colcon = shutil.which("colcon", path=environment["PATH"])
    run_logged(title, [colcon or "colcon", *command[1:]], layout.log, environment, layout.build_root)


def _stage(layout: Layout) -> Path:
    """A folder of links to the sources, because CMake refuses headers inside the source folder, as .venv's would be."""
    folder = layout.build_root / "src" / "rednet_ros"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in STAGED:
        if (layout.root / name).exists():
            (folder / name).symlink_to(layout.root / name)
    return folder
