"""A detector that remembers how long it takes."""

from __future__ import annotations

import time
from collections import deque

import numpy as np

from rednet_ros.tracking.detector.models import Detector
from rednet_ros.tracking.types import Detection, ImageArray

WINDOW_RUNS = 100
"""Of the latest runs, whose times are reported."""


class TimedDetector:
    """`detector`, with figures; runs that fail count, too. The figures may be read from another thread."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._runs = 0
        self._times_ms: deque[float] = deque(maxlen=WINDOW_RUNS)

    def detect(self, image_bgr: ImageArray) -> list[Detection]:
        """See `Detector.detect`."""
        begun_s = time.perf_counter()
        try:
            return self._detector.detect(image_bgr)
        finally:
            self._runs += 1
            self._times_ms.append((time.perf_counter() - begun_s) * 1e3)

    def figures(self) -> dict[str, str | int | float]:
        """`detector` (its kind), `detector_runs`, and where there were any, `detector_median_ms`, `detector_p95_ms`."""
        figures: dict[str, str | int | float] = {
            "detector": type(self._detector).__name__,
            "detector_runs": self._runs,
        }
        times_ms = list(self._times_ms)
        if times_ms:
            median_ms, p95_ms = np.percentile(times_ms, [50, 95])
            figures |= {"detector_median_ms": float(median_ms), "detector_p95_ms": float(p95_ms)}
        return figures
