"""The files in which ROS keeps each process's log, for users who cannot write there.

ROS does not start where it cannot make them: with a read-only home folder, or in a container that runs with an
arbitrary user id, whose HOME is missing, `/` or `/nonexistent`. The console and /rosout get every line anyway.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence

from rednet_ros.files import user_path


def arguments_and_notice(arguments: Sequence[str]) -> tuple[list[str], str]:
    """`arguments` for `rclpy.init`, which go without log files where these cannot be written, and a line for the log
    that says so, empty where they can."""
    reason = _problem()
    if not reason:
        return list(arguments), ""
    notice = f"the log is kept in no file, {reason}; set ROS_LOG_DIR to a folder that can be written to"
    return [*arguments, "--ros-args", "--disable-external-lib-logs"], notice


def _problem() -> str:
    """Why ROS cannot write its log files; empty where it can."""
    environment = os.environ
    text = environment.get("ROS_LOG_DIR") or f"{environment.get('ROS_HOME') or '~/.ros'}/log"
    if text.startswith("~") and not environment.get("HOME"):  # ROS does not look into passwd
        return "as there is no HOME"
    folder = user_path(text)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return f"as {folder} cannot be written to ({error.strerror})"
