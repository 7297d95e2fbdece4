"""The Fast DDS profile that gives images room in shared memory, for processes that are about to be started."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from rednet_ros.resources import config_dir

PROFILE_VARIABLE = "FASTRTPS_DEFAULT_PROFILES_FILE"
PROFILE_NAME = "fastdds_large_images.xml"
SEGMENT_BYTES = 16 * 2**20
"""The profile's segment for each process, in /dev/shm."""

SHARED_MEMORY = Path("/dev/shm")


def large_image_profile(processes: int, environment: Mapping[str, str] = os.environ) -> Path | None:
    """The profile with which images of `processes` processes find room: the user's own choice, or else ours.

    None where there is none: with another middleware, in an install without the file, or where /dev/shm is too small
    for the segments (a container's default is 64 MB). Best-effort images are lost then.
    """
    if environment.get("RMW_IMPLEMENTATION", "rmw_fastrtps_cpp") != "rmw_fastrtps_cpp":
        return None
    chosen = environment.get(PROFILE_VARIABLE)
    if chosen and Path(chosen).name != PROFILE_NAME:
        return Path(chosen)
    folder = config_dir()
    if folder is None or not (folder / PROFILE_NAME).is_file():
        return None
    return folder / PROFILE_NAME if free_shared_memory_bytes() > (processes + 1) * SEGMENT_BYTES else None


def image_environment(processes: int, environment: Mapping[str, str] = os.environ) -> tuple[dict[str, str], str]:
    """`environment` for so many processes that send images to each other, and the reliability with which they arrive.

    They stay on this machine unless the environment says otherwise.
    """
    changed = dict(environment)
    changed.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    profile = large_image_profile(processes, changed)
    if profile is None:
        changed.pop(PROFILE_VARIABLE, None)
        return changed, "reliable"
    changed[PROFILE_VARIABLE] = str(profile)
    return changed, "best_effort"


def free_shared_memory_bytes() -> int:
    """What is free in /dev/shm, 0 where there is none."""
    try:
        return shutil.disk_usage(SHARED_MEMORY).free
    except OSError:
        return 0
