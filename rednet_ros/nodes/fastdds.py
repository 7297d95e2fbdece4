"""The Fast DDS profile that gives images room in shared memory, for processes that are about to be started."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from rednet_ros.resources import config_dir

PROFILE_VARIABLE = "FASTRTPS_DEFAULT_PROFILES_FILE"
PROFILE_NAME = "fastdds_large_images.xml"
SEGMENT_BYTES = 64 * 2**20
"""The profile's segment for each process, in /dev/shm."""

SHARED_MEMORY = Path("/dev/shm")


def large_image_profile(processes: int, environment: Mapping[str, str] = os.environ) -> Path | None:
    """The profile file to set `PROFILE_VARIABLE` to; None where it must not or cannot be used.

    That is: the user has chosen a profile or another middleware, the file is not installed, or /dev/shm has no room
    for the segments of `processes` processes (a container's default is 64 MB).
    """
    if PROFILE_VARIABLE in environment:
        return None
    if environment.get("RMW_IMPLEMENTATION", "rmw_fastrtps_cpp") != "rmw_fastrtps_cpp":
        return None
    folder = config_dir()
    if folder is None or not (folder / PROFILE_NAME).is_file():
        return None
    return folder / PROFILE_NAME if _free_bytes() > (processes + 1) * SEGMENT_BYTES else None


def _free_bytes() -> int:
    try:
        return shutil.disk_usage(SHARED_MEMORY).free
    except OSError:
        return 0
