"""Clips as slow or busy machines see them: fewer images, some lost, and a detector whose answers come late."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rednet_ros.evaluation.tracking_bench.canvas import Frame
from rednet_ros.evaluation.tracking_bench.scenes import FPS
from rednet_ros.tracking.detector.background import DetectionRequest, DetectionResult, search
from rednet_ros.tracking.detector.models import Detector
from rednet_ros.training.rendering.seeds import generator


@dataclass(frozen=True)
class Sampling:
    """Which frames of a clip get through. `rate_hz`: of the clip's frames so many a second, evenly; `drop`: share of
    those that is lost at random, 0..1. `detector_delay_s`: how old a search's answer is when it comes; 0: at once."""

    rate_hz: float = FPS
    drop: float = 0.0
    detector_delay_s: float = 0.0

    def frames(self, clip_name: str, frames: Iterable[Frame]) -> Iterator[tuple[Frame, float]]:
        """The frames that get through, each with its time in seconds; the same ones each time."""
        rng = generator(0, f"drops-{clip_name}")
        for number, frame in enumerate(frames):
            is_due = math.floor(number * self.rate_hz / FPS) > math.floor((number - 1) * self.rate_hz / FPS)
            is_lost = rng.random() < self.drop
            if is_due and not is_lost:
                yield frame, number / FPS

    def __str__(self) -> str:
        parts = [f"{self.rate_hz:g} images/s"]
        parts += [f"{self.drop:.0%} lost"] if self.drop else []
        parts += [f"detector {self.detector_delay_s:g} s late"] if self.detector_delay_s else []
        return ", ".join(parts)


class LateDetector:
    """A `DetectionRunner` whose answers come `delay_s` after the question, by the clip's time: `now_s`, set each frame.

    Like the detector's thread it searches one image at a time.
    """

    is_immediate = False

    def __init__(self, detector: Detector, delay_s: float) -> None:
        self.now_s = 0.0
        self._detector = detector
        self._delay_s = delay_s
        self._pending: list[tuple[float, DetectionResult]] = []

    def submit(self, request: DetectionRequest) -> None:
        """See `DetectionRunner`."""
        result = DetectionResult(request, search(self._detector, request), self._delay_s)
        self._pending.append((self.now_s + self._delay_s, result))

    def is_busy(self, camera: str) -> bool:
        """See `DetectionRunner`."""
        return any(result.request.camera == camera for _, result in self._pending)

    def waiting(self, camera: str) -> DetectionRequest | None:
        """See `DetectionRunner`; none ever waits."""
        return None

    def wait(self, timeout_s: float) -> float:
        """See `DetectionRunner`; the clip's time does not go on meanwhile."""
        if timeout_s < self._delay_s:
            return timeout_s
        self._pending = [(self.now_s, result) for _, result in self._pending]
        return self._delay_s

    def collect(self) -> list[DetectionResult]:
        """See `DetectionRunner`."""
        ready = [result for due_s, result in self._pending if due_s <= self.now_s]
        self._pending = [entry for entry in self._pending if entry[0] > self.now_s]
        return ready

    def problem(self) -> str:
        """See `DetectionRunner`; it has none."""
        return ""

    def close(self) -> None:
        """See `DetectionRunner`."""
        self._pending = []
