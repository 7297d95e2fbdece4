"""Builds this package with colcon, beside the sources, and makes the variables that commands run with."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from environment.layout import Layout
from environment.steps import fingerprint, is_done, once, run_logged

INSTALLED_FOLDERS = ("rednet_ros", "launch", "config", "models")
STAGED = ("package.xml", "CMakeLists.txt", "cmake", "msg", *INSTALLED_FOLDERS)

COLCON = "import sys; from colcon_core.command import main; sys.exit(main())"
"""colcon of the environment's Python, wherever its command lies."""

OF_ANOTHER_ROS = (
    "_ROS_WHEELS_BOOTSTRAP_COMPLETE",  # with it the wheels would not look for their libraries again
    "AMENT_PREFIX_PATH",
    "COLCON_PREFIX_PATH",
    "PYTHONHOME",
    "PYTHONPATH",
)


def build(layout: Layout) -> None:
    """Builds what has changed.

    Installed files are links to the sources, so that an edit of a module needs no build; a changed message, and a file
    that came or went, do. For another Python or another ROS 2 everything is built from nothing.
    """
    stamps = layout.build_root / "stamps"
    wheels = [] if layout.distribution else [layout.root / "requirements" / "ros_wheels.txt"]
    foundation = fingerprint([str(layout.root), str(layout.distribution), sys.version], wheels)
    if not is_done(stamps / "foundation", foundation) or not layout.prefix.is_dir():
        (stamps / "sources").unlink(missing_ok=True)
        once(stamps / "foundation", foundation, lambda: _remove_build(layout))
    once(stamps / "sources", _fingerprint_of_sources(layout.root), lambda: _colcon_build(layout))


def _remove_build(layout: Layout) -> None:
    for folder in ("build", "install"):
        shutil.rmtree(layout.build_root / folder, ignore_errors=True)


def _fingerprint_of_sources(root: Path) -> str:
    described = [root / "package.xml", root / "CMakeLists.txt", *root.glob("cmake/*"), *root.glob("msg/*.msg")]
    found = [path for folder in INSTALLED_FOLDERS for path in (root / folder).glob("**/*")]
    installed = [path for path in sorted(found) if path.is_file() and path.parent.name != "__pycache__"]
    return fingerprint([str(path.relative_to(root)) for path in installed], described)


def _colcon_build(layout: Layout) -> None:
    sources = _stage(layout)
    for path in layout.prefix.glob("**/*"):  # compiling the installed modules fails on links to sources that are gone
        if path.is_symlink() and not path.exists():
            path.unlink()
    command = [str(layout.python), "-c", COLCON, "build", "--symlink-install", "--paths", str(sources)]
    command += ["--event-handlers", "console_direct+"]
    command += ["--cmake-args", f"-DPython3_EXECUTABLE={layout.python}", "-DBUILD_TESTING=OFF"]
    run_logged("Building the workspace", command, layout.log, build_variables(layout, os.environ), layout.build_root)


def _stage(layout: Layout) -> Path:
    """A folder of links to the sources, because CMake refuses headers inside the source folder, as .venv's would be."""
    folder = layout.build_root / "src" / "rednet_ros"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in STAGED:
        if (layout.root / name).exists():
            (folder / name).symlink_to(layout.root / name)
    return folder


def build_variables(layout: Layout, environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` for colcon: the ROS 2 to build with, without this package's own build."""
    removed = ("VIRTUAL_ENV", *(() if layout.distribution else OF_ANOTHER_ROS))
    result = {name: value for name, value in environment.items() if name not in removed}
    if not layout.distribution:
        prefixes = dict.fromkeys(("AMENT_PREFIX_PATH", "CMAKE_PREFIX_PATH"), str(layout.venv))
        result |= {**prefixes, "ROS_DISTRO": "jazzy", "ROS_VERSION": "2", "ROS_PYTHON_VERSION": "3"}
    return _with_folders(result, "PATH", layout.venv / "bin")


def run_variables(layout: Layout, environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` for nodes, commands and tests: the checkout's modules first, then the built messages and ROS 2.

    ROS 2 stays on this machine unless the shell says otherwise, and shared memory is large enough for images.
    """
    result = build_variables(layout, environment)
    result.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    result.setdefault("FASTRTPS_DEFAULT_PROFILES_FILE", str(layout.root / "config" / "fastdds_large_images.xml"))
    if not layout.distribution:
        result.setdefault("RMW_IMPLEMENTATION", "rmw_fastrtps_cpp")
    result = _with_folders(result, "PATH", layout.prefix / "lib" / "rednet_ros", layout.venv / "bin")
    result = _with_folders(result, "AMENT_PREFIX_PATH", layout.prefix)
    result = _with_folders(result, "PYTHONPATH", layout.root, _site_packages(layout.prefix))
    return _with_folders(result, "LD_LIBRARY_PATH", layout.prefix / "lib")


def _with_folders(environment: Mapping[str, str], name: str, *folders: Path) -> dict[str, str]:
    """`environment` with `folders` in front of a list of folders, each once."""
    first = [str(folder) for folder in folders]
    rest = [entry for entry in environment.get(name, "").split(os.pathsep) if entry and entry not in first]
    return {**environment, name: os.pathsep.join([*first, *rest])}


def _site_packages(prefix: Path) -> Path:
    """Debian's Python installs into dist-packages below local/, others into site-packages."""
    return next(iter(prefix.glob("**/python3*/*-packages/rednet_ros")), prefix).parent
