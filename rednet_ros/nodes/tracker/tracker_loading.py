"""From the node's parameters to the tracker it runs, what to report of it, and its end."""

from __future__ import annotations

import gc
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2

from rednet_ros.nodes.parameters.tracker import DETECTIONS_TOPIC, TrackerParameters
from rednet_ros.nodes.tracker.frame_pipeline import Tracker

TrackerFactory = Callable[[TrackerParameters], Tracker]

_STATM = Path("/proc/self/statm")


def load_tracker(parameters: TrackerParameters) -> Tracker:
    """The real tracker. Raises RednetError where the weights, the detector or the device or backend cannot be used."""
    from rednet_ros.tracking.detector.models import NoDetector
    from rednet_ros.tracking.tracker import FaceTracker, detector_for  # takes long to import: only when needed

    cv2.setNumThreads(1)  # a search may take one core only, and a crop is so small that threads wait for each other
    comes_by_topic, settings = parameters.detector == DETECTIONS_TOPIC, parameters.settings()
    return FaceTracker(
        parameters.weights,
        parameters.device,
        detector=NoDetector() if comes_by_topic else detector_for(settings, parameters.detector, parameters.backend),
        settings=settings,
        backend=parameters.backend,
    )


def described(tracker: Tracker) -> tuple[dict[str, object], tuple[str, ...]]:
    """What to report of `tracker` and the memory in use, and what went wrong in it though it goes on, the latest last.

    Of another tracker than the real one at least the name of its weights.
    """
    figures = getattr(tracker, "figures", None)
    reported = {"weights": tracker.weights_name} if figures is None else dict(figures())
    reported["memory_mb"] = resident_mb()
    if (cuda := _cuda_in_use()) is not None:
        reported["gpu_memory_mb"] = float(cuda.memory_reserved()) / 1e6
    return reported, tuple(getattr(tracker, "notices", ()))


def release_gpu() -> None:
    """Give back the GPU's memory that PyTorch keeps for later use, where it uses a GPU."""
    cuda = _cuda_in_use()
    if cuda is not None:
        gc.collect()  # PyTorch keeps blocks of unreachable tensors until they are collected
        cuda.empty_cache()


def resident_mb() -> float:
    """Memory of this process in MB; NaN where the system has no /proc."""
    try:
        return int(_STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except (OSError, ValueError, IndexError):
        return math.nan


def _cuda_in_use() -> Any:
    torch = sys.modules.get("torch")  # not imported for this: most nodes run without
    return None if torch is None or not torch.cuda.is_initialized() else torch.cuda
