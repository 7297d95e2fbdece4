"""Makes the environment of the project and builds its messages; what is done already is kept. Standard library only.

Uses the ROS 2 that is sourced in this shell, otherwise ROS 2 from PyPI in .venv. `make setup` runs it.
"""

from __future__ import annotations

import ctypes.util
import fcntl
import hashlib
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from environment import Layout, SetupError, build_variables, choose_layout, choose_python, runs

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
INSTALLED_FOLDERS = ("rednet_ros", "launch", "config", "models")
STAGED = ("package.xml", "CMakeLists.txt", "cmake", "msg", "srv", *INSTALLED_FOLDERS)
COLCON = "import sys; from colcon_core.command import main; sys.exit(main())"
"""colcon of the environment's Python, wherever its command lies."""

LINES_SHOWN_ON_FAILURE = 40
REPORT_INTERVAL_S = 10.0


def main() -> int:
    start = time.monotonic()
    try:
        layout = choose_layout()
        python = choose_python(layout)
        if python != sys.executable:
            os.execv(python, [python, "-S", *sys.argv])  # -S: the wheels' start-up file would set LD_LIBRARY_PATH
        layout.build_root.mkdir(exist_ok=True)
        with (layout.build_root / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print("Waiting for another set-up of this checkout to end ...", flush=True)
                fcntl.flock(lock, fcntl.LOCK_EX)
            install(layout)
            build(layout)
    except SetupError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; the next run goes on where this one stopped", file=sys.stderr)
        return 130
    ros = f"the sourced ROS 2 {layout.distribution}" if layout.distribution else "ROS 2 Jazzy from PyPI"
    print(f"Environment ready: {ros}, {layout.venv.name} ({time.monotonic() - start:.0f} s)", flush=True)
    return 0


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
    can_install = has_apt and os.geteuid() == 0
    optional = with_optional and (needed or can_install) and not ctypes.util.find_library("EGL")
    wanted = [*needed, *(("libegl1", "libgl1-mesa-dri") if optional else ())]
    command = ["apt-get", "install", "-y", "--no-install-recommends", *wanted]
    if needed and not can_install:
        how = f"\n    sudo {shlex.join(command)}\n" if has_apt else " your package manager "
        raise SetupError(
            f"missing on this system (Debian's names): {', '.join(needed)}. Install with{how}and try again."
        )
    if wanted:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        run_logged("Reading the list of system packages", ["apt-get", "update"], log, env=environment)
        run_logged(f"Installing {', '.join(wanted)}", command, log, env=environment)


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
    pins: list[str] = []
    kept: tuple[str, ...] = ()
    if layout.distribution:
        if runs(layout.python, "import numpy"):  # what its messages and cv_bridge are built for
            pins = [f"numpy=={_ask(layout, 'import numpy; print(numpy.__version__)')}"]
        # Debian's OpenCV and a Jetson's PyTorch stay in use; pip does not see the one, and would replace the other.
        modules = {"opencv": "cv2", "torch": "torch"}
        kept = tuple(name for name, module in modules.items() if runs(layout.python, f"import {module}"))

    def wanted(*names: str) -> list[str]:
        texts = [(layout.root / "requirements" / f"{name}.txt").read_text(encoding="utf-8") for name in names]
        lines = [line.split("#")[0].strip() for text in texts for line in text.splitlines()]
        return [line for line in lines if line and not line.startswith(kept)]

    ros = () if layout.distribution else ("ros_wheels",)
    if torch := wanted("torch"):
        _pip(layout, "Installing torch (hundreds of megabytes)", [*torch, *pins])
    names = ("torch", "runtime", "gpu", "demo", "train", "checks", "docs", "fast", "view", "colcon", *ros)
    _pip(layout, "Installing Python packages", [*wanted(*names), *pins])
    _pip(layout, "Installing the demo's clip and the renderer", ["--no-deps", *wanted("clips", "render")])
    if layout.distribution is None:
        headers = sysconfig.get_path("include"), _ask(layout, "import numpy; print(numpy.get_include())")
        repair_exports(layout.venv, *headers)


def _pip(layout: Layout, title: str, packages: Sequence[str]) -> None:
    options = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    run_logged(title, [str(layout.python), "-m", "pip", "install", *options, *packages], layout.log)


def _ask(layout: Layout, code: str) -> str:
    return subprocess.check_output([str(layout.python), "-c", code], text=True).strip()


def repair_exports(prefix: Path, python_include: str, numpy_include: str) -> None:
    """Points the CMake exports of ROS 2's wheels, below `prefix`/share, at this Python's and this NumPy's headers.

    They name folders of the machine that built them, at which CMake stops.
    """
    for file in prefix.glob("share/*/cmake/*Export.cmake"):
        text = re.sub(r'[^;"\s]+/include/python3\.\d+(?=[;"\s])', python_include, file.read_text(encoding="utf-8"))
        file.write_text(re.sub(r'[^;"\s]+/numpy/_?core/include(?=[;"\s])', numpy_include, text), encoding="utf-8")


def build(layout: Layout) -> None:
    """Builds what has changed.

    Installed files are links to the sources, so that an edit of a module needs no build; a changed message, and a file
    that came or went, do. For another Python or another ROS 2 everything is built from nothing.
    """
    stamps = layout.build_root / "stamps"
    wheels = [] if layout.distribution else [layout.root / "requirements" / "ros_wheels.txt"]
    version = sys.version.split()[0]  # the rest changes with every update of the system's Python
    foundation = fingerprint([str(layout.root), str(layout.distribution), version], wheels)
    if not is_done(stamps / "foundation", foundation) or not layout.prefix.is_dir():
        (stamps / "sources").unlink(missing_ok=True)
        for folder in ("build", "install"):
            shutil.rmtree(layout.build_root / folder, ignore_errors=True)
        once(stamps / "foundation", foundation, lambda: None)
    root = layout.root
    described = [
        root / "package.xml",
        root / "CMakeLists.txt",
        *root.glob("cmake/*"),
        *root.glob("msg/*.msg"),
        *root.glob("srv/*.srv"),
    ]
    found = sorted(path for folder in INSTALLED_FOLDERS for path in (root / folder).glob("**/*"))
    names = [str(path.relative_to(root)) for path in found if path.is_file() and path.parent.name != "__pycache__"]
    once(stamps / "sources", fingerprint(names, described), lambda: _colcon_build(layout))


def _colcon_build(layout: Layout) -> None:
    # CMake refuses headers inside the source folder, as .venv's would be: it gets a folder of links to the sources.
    sources = layout.build_root / "src" / "rednet_ros"
    shutil.rmtree(sources, ignore_errors=True)
    sources.mkdir(parents=True)
    for name in STAGED:
        if (layout.root / name).exists():
            (sources / name).symlink_to(layout.root / name)
    for path in layout.prefix.glob("**/*"):  # compiling the installed modules fails on links to sources that are gone
        if path.is_symlink() and not path.exists():
            path.unlink()
    command = [str(layout.python), "-c", COLCON, "build", "--symlink-install", "--paths", str(sources)]
    command += ["--event-handlers", "console_direct+"]
    command += ["--cmake-args", f"-DPython3_EXECUTABLE={layout.python}", "-DBUILD_TESTING=OFF"]
    environment = build_variables(layout, os.environ)
    run_logged("Building the workspace", command, layout.log, env=environment, cwd=layout.build_root)


def once(stamp: Path, key: str, step: Callable[[], None]) -> None:
    """Runs `step`, unless the file `stamp` says that it succeeded with this `key`."""
    if not is_done(stamp, key):
        stamp.unlink(missing_ok=True)
        step()
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(key, encoding="ascii")


def is_done(stamp: Path, key: str) -> bool:
    """Whether the step of this stamp last succeeded with this `key`."""
    return stamp.is_file() and stamp.read_text(encoding="ascii") == key


def fingerprint(texts: Iterable[str], files: Iterable[Path] = ()) -> str:
    """Hash of some texts and of the names and contents of some files."""
    parts = [text.encode() for text in texts]
    parts += [part for file in sorted(files) for part in (file.name.encode(), file.read_bytes())]
    return hashlib.sha256(b"".join(part + b"\0" for part in parts)).hexdigest()


def run_logged(title: str, command: Sequence[str], log: Path, **options: Any) -> None:
    """Runs `command`, appends its output to `log`, and shows now and then that something happens.

    `options`: more of `subprocess.Popen`. Raises SetupError with the end of the output when it fails.
    """
    start = time.monotonic()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file:
        file.write(f"\n$ {shlex.join(command)}\n")
        file.flush()
        begin, no_input, both = file.tell(), subprocess.DEVNULL, subprocess.STDOUT
        process = subprocess.Popen(command, stdin=no_input, stdout=file, stderr=both, **options)
        while True:
            try:
                code = process.wait(REPORT_INTERVAL_S)
                break
            except subprocess.TimeoutExpired:
                last_line = (_lines(log, begin) or [""])[-1]
                print(f"{title}: {time.monotonic() - start:.0f} s  {last_line}"[:160], flush=True)
    if code != 0:
        shown = "\n".join(_lines(log, begin)[-LINES_SHOWN_ON_FAILURE:])
        raise SetupError(f"{title} failed (exit code {code}):\n{shown}\n\nThe whole output is in {log}")
    print(f"{title}: done in {time.monotonic() - start:.0f} s", flush=True)


def _lines(log: Path, begin: int) -> list[str]:
    """What is written in `log` from byte `begin` on, without empty lines."""
    lines = log.read_bytes()[begin:].decode(errors="replace").splitlines()
    return [line.strip()[:300] for line in lines if line.strip()]


if __name__ == "__main__":
    sys.exit(main())
