"""Nodes of this package started as processes of their own, without ros2 launch."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

logger = logging.getLogger(__name__)

STOP_TIMEOUT_S = 60.0

ROOM = {"tracker_node": "tracker", "player_node": "demo", "recorder_node": "demo", "view_node": "view"}
"""Where in `rednet_ros.nodes` each node's module lies."""


class NodeProcess:
    """A node of `rednet_ros.nodes` in its own process.

    `module`: e.g. "tracker_node"; `parameters`: ROS parameters, as YAML text; `namespace`: where its topics live;
    `log_level`: the least severe that it logs.
    """

    def __init__(
        self,
        module: str,
        namespace: str,
        parameters: Mapping[str, str],
        environment: Mapping[str, str],
        log_level: str = "info",
    ) -> None:
        self.name = module
        program = f"rednet_ros.nodes.{ROOM[module]}.{module}"
        command = [sys.executable, "-m", program, "--ros-args", "-r", f"__ns:={namespace}"]
        command += ["--log-level", log_level]
        for name, value in parameters.items():
            command += ["-p", f"{name}:={value}"]
        # A session of its own: an interrupt from the keyboard reaches this process only, which stops them in order.
        self._process = subprocess.Popen(command, env=dict(environment), start_new_session=True)

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    def ended(self) -> int | None:
        """The exit code, None while it runs."""
        return self._process.poll()

    def stop(self) -> int:
        """Ask it to end, wait, and return its exit code; one that does not end within `STOP_TIMEOUT_S` is killed."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        try:
            return self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            logger.error("%s did not end within %.0f s and is killed", self.name, STOP_TIMEOUT_S)
            self._process.kill()
            return self._process.wait()


def yaml_text(value: str) -> str:
    """`value` as YAML text of a string: for parameters that may look like numbers, such as a camera's index 0."""
    return "'" + value.replace("'", "''") + "'"


def wait_for_any(processes: Sequence[NodeProcess], poll_s: float = 0.1) -> NodeProcess:
    """Wait until one of `processes` has ended, and return it."""
    while True:
        for process in processes:
            if process.ended() is not None:
                return process
        time.sleep(poll_s)
