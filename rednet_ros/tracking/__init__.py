"""Frames in, faces out: detector, crops, association, per-face state. No ROS.

`FaceTracker` and its settings are loaded on first use, for they bring in PyTorch, which takes seconds.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rednet_ros.tracking.settings import TrackerSettings
    from rednet_ros.tracking.tracker import FaceTracker

__all__ = ["FaceTracker", "TrackerSettings"]

_MODULES = {"FaceTracker": "rednet_ros.tracking.tracker", "TrackerSettings": "rednet_ros.tracking.settings"}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)
