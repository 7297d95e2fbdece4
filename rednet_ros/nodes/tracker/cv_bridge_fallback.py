"""cv_bridge for the encodings that are not converted here, without trusting it.

A cv_bridge that was built for another NumPy raises when imported, when called, or kills the process. It is therefore
tried once in a child process, when the first image asks for it, and used only if that child converts a small image.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

PROBE_TIMEOUT_S = 30.0

_PROBE = """
from types import SimpleNamespace
import numpy as np
from cv_bridge import CvBridge
data = np.full((4, 4), 32768, np.uint16).tobytes()
message = SimpleNamespace(width=4, height=4, encoding="mono16", is_bigendian=0, step=8, data=data, header=None)
image = CvBridge().imgmsg_to_cv2(message, desired_encoding="bgr8")
assert image.shape == (4, 4, 3) and image.dtype == np.uint8, (image.shape, image.dtype)
"""


class ConversionUnavailable(Exception):
    """cv_bridge is not installed, does not work here, or does not know the encoding; the text says which."""


def to_bgr(message: Any) -> NDArray[np.uint8]:
    """The message's picture as height x width x 3 uint8 BGR, converted by cv_bridge.

    Raises ConversionUnavailable instead of whatever cv_bridge raises.
    """
    problem = probe()
    if problem is not None:
        raise ConversionUnavailable(problem)
    try:
        from cv_bridge import CvBridge

        image = CvBridge().imgmsg_to_cv2(message, desired_encoding="bgr8")
    except Exception as error:  # its own errors, OpenCV's, and those of a mismatched binary
        raise ConversionUnavailable(f"it says: {_last_line(str(error))}") from error
    return np.ascontiguousarray(image, dtype=np.uint8)


@functools.lru_cache(maxsize=1)
def probe() -> str | None:
    """None if cv_bridge converts an image in a child process, otherwise what is wrong with it. Asked once a process."""
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in sys.path if path))
    try:
        child = subprocess.run(
            [sys.executable, "-c", _PROBE], env=environment, capture_output=True, text=True, timeout=PROBE_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"it could not be tried ({error})"
    if child.returncode == 0:
        return None
    reason = _last_line(child.stderr) or f"it ended a test process with code {child.returncode}"
    if "No module named 'cv_bridge'" in reason:
        return "it is not installed (apt install ros-$ROS_DISTRO-cv-bridge)"
    return f"it is installed but does not work here, often because it was built for another NumPy ({reason})"


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else ""
