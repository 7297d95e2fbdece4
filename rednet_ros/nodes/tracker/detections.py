"""Detections from outside: vision_msgs/Detection2DArray to the library's detections.

Works on the messages' attributes only; vision_msgs is imported only where its topic is used.
"""

from __future__ import annotations

import math
import threading
import time
from typing import Any

from rednet_ros.errors import InputError
from rednet_ros.tracking.types import Box, Detection, Detections

MAX_AGE_S = 1.0
"""Detections of an image this much older than the one at hand say nothing of it."""


def detection_message_type() -> type:
    """vision_msgs/Detection2DArray. Raises InputError where the package is not installed."""
    try:
        from vision_msgs.msg import Detection2DArray
    except ImportError as error:
        raise InputError(
            "detector 'topic' needs the package vision_msgs, which is not installed "
            "(apt install ros-$ROS_DISTRO-vision-msgs)"
        ) from error
    return Detection2DArray


def detections(message: Any, wanted_class: str = "") -> list[Detection]:
    """The detections in a vision_msgs/Detection2DArray, best first.

    `wanted_class`: those whose best hypothesis has this `class_id`, all where it is empty. A detection without
    hypotheses has score 1, and no class. Boxes without extent, or with values that are not finite, are left out.
    """
    found = [_detection(entry, wanted_class) for entry in message.detections]
    return sorted((entry for entry in found if entry is not None), key=lambda detection: -detection.score)


def _detection(entry: Any, wanted_class: str) -> Detection | None:
    hypotheses = [result.hypothesis for result in entry.results]
    best = max(hypotheses, key=lambda hypothesis: hypothesis.score, default=None)
    if wanted_class and (best is None or best.class_id != wanted_class):
        return None
    score = 1.0 if best is None else best.score
    center, width, height = entry.bbox.center.position, entry.bbox.size_x, entry.bbox.size_y
    if not all(map(math.isfinite, (center.x, center.y, width, height, score))) or width <= 0 or height <= 0:
        return None
    return Detection(Box(center.x - width / 2, center.y - height / 2, width, height), score)


class LatestDetections:
    """The newest detections of one camera, each used once. Thread-safe.

    `last_put_s`: when the newest came, of the steady clock; None before. `problem`: why the newest taken was not used,
    empty where it was.
    """

    def __init__(self) -> None:
        self.last_put_s: float | None = None
        self.problem = ""
        self._lock = threading.Lock()
        self._latest: Detections | None = None

    def put(self, stamp_s: float, found: list[Detection]) -> None:
        """What was found in the image stamped `stamp_s`."""
        with self._lock:
            self._latest = Detections(tuple(found), stamp_s)
            self.last_put_s = time.monotonic()

    def take(self, stamp_s: float) -> Detections | None:
        """The newest, for the image stamped `stamp_s`; None where nothing new came that is not too old for it."""
        with self._lock:
            latest, self._latest = self._latest, None
        if latest is None or latest.stamp_s is None:
            return None
        age_s = stamp_s - latest.stamp_s
        if abs(age_s) > MAX_AGE_S:
            self.problem = f"their stamps are {age_s:.1f} s before the images', at most {MAX_AGE_S:g} s are allowed"
            return None
        self.problem = ""
        return latest
