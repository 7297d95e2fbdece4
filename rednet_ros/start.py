"""Entry points of the commands. Imports nothing heavy, so that it can mind the signals while the rest is imported.

Importing OpenCV, PyTorch or ROS takes seconds. Ctrl-C within them would show a traceback of somebody else's code. A new
command gets a function here, and names it in setup.py and CMakeLists.txt.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

INTERRUPTED = 130
"""Exit code of a command that Ctrl-C ended. A node ends with 0: to be told to end is its ordinary end."""


def rednet_track() -> int:
    """Entry point of `rednet-track`."""
    return _command("rednet_ros.cli.track")


def rednet_evaluate() -> int:
    """Entry point of `rednet-evaluate`."""
    return _command("rednet_ros.cli.evaluate")


def rednet_train() -> int:
    """Entry point of `rednet-train`."""
    return _command("rednet_ros.cli.train")


def rednet_convert() -> int:
    """Entry point of `rednet-convert`."""
    return _command("rednet_ros.cli.convert")


def rednet_render() -> int:
    """Entry point of `rednet-render`."""
    return _command("rednet_ros.cli.render")


def rednet_benchmark() -> int:
    """Entry point of `rednet-benchmark`."""
    return _command("rednet_ros.cli.benchmark")


def rednet_tracking_bench() -> int:
    """Entry point of `rednet-tracking-bench`."""
    return _command("rednet_ros.cli.tracking_bench")


def rednet_export() -> int:
    """Entry point of `rednet-export`."""
    return _command("rednet_ros.cli.export")


def rednet_demo() -> int:
    """Entry point of `rednet-demo`."""
    return _command("rednet_ros.nodes.demo.demo")


def tracker_node() -> int:
    """Entry point of the executable of that name."""
    return _node("rednet_ros.nodes.tracker.tracker_node")


def player_node() -> int:
    """Entry point of the executable of that name."""
    return _node("rednet_ros.nodes.demo.player_node")


def recorder_node() -> int:
    """Entry point of the executable of that name."""
    return _node("rednet_ros.nodes.demo.recorder_node")


def _command(module: str) -> int:
    return _main_of(module, INTERRUPTED, (signal.SIGINT,))()


def _node(module: str) -> int:
    # The handlers stay until the node has its own.
    return _main_of(module, 0, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP), stay=True)()


def _main_of(
    module: str, exit_code: int, signals: tuple[signal.Signals, ...], *, stay: bool = False
) -> Callable[[], int]:
    with _ending_at_once(exit_code, signals, stay):
        main: Callable[[], int] = importlib.import_module(module).main
    return main


@contextmanager
def _ending_at_once(exit_code: int, signals: tuple[signal.Signals, ...], stay: bool) -> Iterator[None]:
    """Within, one of `signals` ends the process with `exit_code`; those that somebody ignores or handles stay so.

    `stay`: afterwards, too, until somebody handles them.
    """

    def end(*_: object) -> None:
        if exit_code:
            os.write(2, f"{Path(sys.argv[0]).name}: interrupted\n".encode())
        os._exit(exit_code)

    before = {number: signal.getsignal(number) for number in signals}
    usual = {number: handler for number, handler in before.items() if handler in _USUAL}
    for number in usual:
        signal.signal(number, end)
    yield
    for number, handler in usual.items() if not stay else ():
        signal.signal(number, handler)


_USUAL = (signal.SIG_DFL, signal.default_int_handler)
