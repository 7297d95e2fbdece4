"""Runs one node in one process: a single-threaded executor, a clean end on SIGINT, SIGTERM and SIGHUP."""

from __future__ import annotations

import contextlib
import gc
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.impl.rcutils_logger import RcutilsLogger
from rclpy.logging import get_logger
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future

from rednet_ros.errors import InputError, RednetError
from rednet_ros.nodes import library_log, log_files
from rednet_ros.nodes.parameters import unmatched_files

_TERMINATION = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""SIGHUP: the terminal or the ssh connection was closed."""


class RunnableNode(Protocol):
    """A node that says when it is done and can be closed."""

    done: Future
    """Completes with the process's exit code; never, for a node that runs until it is stopped."""

    def close(self) -> None:
        """Stop threads and finish files; called once, while ROS still works."""

    def get_fully_qualified_name(self) -> str:
        """As of rclpy.node.Node."""

    def get_logger(self) -> RcutilsLogger:
        """As of rclpy.node.Node."""

    def destroy_node(self) -> None:
        """As of rclpy.node.Node."""


def run_node(create: Callable[[], RunnableNode], arguments: Sequence[str] | None = None) -> int:
    """Create a node, spin it until it is done or a signal ends the process, and return the exit code.

    A node that cannot be created for a reason the user can fix (RednetError, or arguments that ROS does not understand)
    costs one line of log and code 1.
    """
    with _termination_signals() as wait_for_signal:
        library_log.through_ros()
        try:
            _start_ros(arguments)
            node = create()
            _log_unmatched_files(node, arguments)
        except RednetError as error:
            get_logger("rednet_ros").fatal(str(error))
            rclpy.try_shutdown()
            return 1
        threading.Thread(target=_end_on_signal, args=(wait_for_signal, node.done), daemon=True).start()
        return _spin(node)


def _start_ros(arguments: Sequence[str] | None) -> None:
    """Raises InputError for arguments that ROS refuses, such as a parameters file that is no valid YAML."""
    usable, notice = log_files.arguments_and_notice(sys.argv if arguments is None else arguments)
    try:
        # rclpy's own handler would take ROS away from under the callbacks and threads that still use it.
        rclpy.init(args=usable, signal_handler_options=SignalHandlerOptions.NO)
    except Exception as error:  # rclpy's classes differ between its versions
        reason = str(error).removeprefix("failed to initialize rcl: ").split(", at /")[0]
        raise InputError(f"the arguments after --ros-args cannot be used: {reason}") from error
    if notice:
        get_logger("rednet_ros").warning(notice)


def _log_unmatched_files(node: RunnableNode, arguments: Sequence[str] | None) -> None:
    given = sys.argv if arguments is None else arguments
    for notice in unmatched_files.unmatched(given, node.get_fully_qualified_name()):
        node.get_logger().warning(notice)


def _spin(node: RunnableNode) -> int:
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        executor.spin_until_future_complete(node.done)
    finally:
        node.close()
        executor.shutdown()
        node.destroy_node()
        rclpy.try_shutdown()
        gc.freeze()  # or Python, on its way out, looks through all of PyTorch once more: seconds on a busy machine
    return int(node.done.result())


def _end_on_signal(wait_for_signal: Callable[[], bool], done: Future) -> None:
    if wait_for_signal() and not done.done():
        done.set_result(0)


@contextlib.contextmanager
def _termination_signals() -> Iterator[Callable[[], bool]]:
    """Within: the signals of `_TERMINATION` interrupt nothing. Afterwards: they are ignored, as the process is ending.

    The function that it gives waits for the first of them, also one that came before the call, and returns True; False
    when the block is left without any. Python runs its own handlers only between two of the main thread's steps, but
    that thread sleeps inside the middleware; what the system writes to the socket wakes another thread at once.
    """
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    # Held back meanwhile: between the handlers and the socket a signal would be lost.
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, _TERMINATION)
    for number in _TERMINATION:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup ignores it: it stays so
            signal.signal(number, lambda *_: None)
    signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    try:
        yield lambda: bool(reader.recv(1))
    finally:
        for number in _TERMINATION:
            signal.signal(number, signal.SIG_IGN)  # a handler in Python would be taken down before the process ends
        signal.set_wakeup_fd(-1)
        writer.close()
