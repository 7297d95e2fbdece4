"""The nodes. What is imported from here on shares one heap among all threads of its process.

By default each of glibc's threads has one of its own, which keeps what the thread has freed: 20 MB in a tracker node.
Threads that begin before this have theirs already, so it comes before NumPy, OpenCV and ROS.
"""

import contextlib
import ctypes

_M_ARENA_MAX = -8  # malloc.h

with contextlib.suppress(OSError, AttributeError):  # no glibc
    ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
