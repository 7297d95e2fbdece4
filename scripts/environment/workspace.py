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

COLCON = "import sys; from colcon_core.command import main; sys.exit(main())"
"""colcon of the environment's Python, wherever its command lies."""


def build(layout: Layout, python: Interpreter) -> None:
    """Builds what has changed, and writes the script that enters the environment.

    Installed files are links to the sources, so that an edit of a module needs no build; a changed message, and a file
    that came or went, do. For another Python or another ROS 2 everything is built from nothing.
    """
    stamps = layout.build_root / "stamps"
    foundation, sources = Stamp(stamps / "foundation"), Stamp(stamps / "sources")
    wanted_foundation = _fingerprint_of_foundation(layout, python)
    wanted_sources = _fingerprint_of_sources(layout.root)
    if not foundation.agrees(wanted_foundation):
        sources.remove()
        for folder in ("build", "install"):
            shutil.rmtree(layout.build_root / folder, ignore_errors=True)
    if not sources.agrees(wanted_sources) or not layout.prefix.is_dir():
        foundation.write(wanted_foundation)
        sources.remove()
        _colcon_build(layout)
        sources.write(wanted_sources)
    layout.shell_script.write_text(run_variables(layout, python.minor).as_shell_script(), encoding="utf-8")


def _fingerprint_of_foundation(layout: Layout, python: Interpreter) -> str:
    wheels = [layout.root / "requirements" / "ros_wheels.txt"] if layout.distribution is None else []
    return fingerprint([str(layout.root), str(layout.distribution), str(python.version)], wheels)


def _fingerprint_of_sources(root: Path) -> str:
    described = [root / "package.xml", root / "CMakeLists.txt", *root.glob("cmake/*"), *root.glob("msg/*.msg")]
    found = [path for folder in INSTALLED_FOLDERS for path in (root / folder).glob("**/*")]
    installed = [path for path in sorted(found) if path.is_file() and path.parent.name != "__pycache__"]
    return fingerprint([str(path.relative_to(root)) for path in installed], described)


def _remove_dangling_links(folder: Path) -> None:
    """Links to sources that are gone; compiling the installed modules would fail on them."""
    for path in folder.glob("**/*"):
        if path.is_symlink() and not path.exists():
            path.unlink()


def _colcon_build(layout: Layout) -> None:
    sources = _stage(layout)
    _remove_dangling_links(layout.prefix)
    environment = build_variables(layout).applied_to(os.environ)
    command = [str(layout.python), "-c", COLCON, "build", "--symlink-install", "--paths", str(sources)]
    command += ["--event-handlers", "console_direct+"]
    command += ["--cmake-args", f"-DPython3_EXECUTABLE={layout.python}", "-DBUILD_TESTING=OFF"]
    run_logged("Building the workspace", command, layout.log, environment, layout.build_root)


def _stage(layout: Layout) -> Path:
    """A folder of links to the sources, because CMake refuses headers inside the source folder, as .venv's would be."""
    folder = layout.build_root / "src" / "rednet_ros"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in STAGED:
        if (layout.root / name).exists():
            (folder / name).symlink_to(layout.root / name)
    return folder
