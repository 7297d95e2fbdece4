"""Long runs: whether memory stays flat, and whether streams that share a tracker get equal parts of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence

from rednet_ros.evaluation.speed.machine import resident_mb
from rednet_ros.evaluation.speed.results import FairCamera, Fairness, MemoryCurve
from rednet_ros.evaluation.speed.scenes import FPS, Scene
from rednet_ros.evaluation.speed.timing import Timing, timing
from rednet_ros.tracking.tracker import FaceTracker
from rednet_ros.tracking.types import ImageArray

SAMPLES = 100


def measure_memory(tracker: FaceTracker, scene: Scene, frames: int) -> MemoryCurve:
    """This process's memory while `tracker` follows the scene over and over for `frames` frames."""
    counts: list[int] = []
    memory_mb: list[float] = []
    for index in range(frames):
        tracker.update(scene.frames[index % len(scene.frames)], index / FPS)
        if (index + 1) % max(1, frames // SAMPLES) == 0:
            counts.append(index + 1)
            memory_mb.append(resident_mb())
    return MemoryCurve("rednet-benchmark", tuple(counts), tuple(memory_mb))


class _Stream(threading.Thread):
    """A camera: shows its newest image only."""

    def __init__(self, name: str, scene: Scene, start: int, rate_hz: float, end_s: float) -> None:
        super().__init__(name=name, daemon=True)
        self._scene, self._start_index, self._period_s, self._end_s = scene, start, 1 / rate_hz, end_s
        self._lock = threading.Lock()
        self._newest: tuple[ImageArray, float] | None = None
        self.sent = 0
        self.latencies_s: list[float] = []

    def run(self) -> None:
        """Send until the end."""
        next_s = time.monotonic()
        while next_s < self._end_s:
            time.sleep(max(0.0, next_s - time.monotonic()))
            image = self._scene.frames[(self._start_index + self.sent) % len(self._scene.frames)]
            with self._lock:
                self._newest = image, time.monotonic()
                self.sent += 1
            next_s += self._period_s

    def take(self) -> tuple[ImageArray, float] | None:
        """The newest image with its time of arrival, once."""
        with self._lock:
            newest, self._newest = self._newest, None
            return newest


def measure_fairness(tracker: FaceTracker, scene: Scene, cameras: int, rate_hz: float, seconds: float) -> Fairness:
    """`cameras` streams that show the scene at different moments; what has come in goes through in one batch."""
    end_s = time.monotonic() + seconds
    offset = len(scene.frames) // cameras
    streams = [_Stream(f"camera {number}", scene, number * offset, rate_hz, end_s) for number in range(cameras)]
    for stream in streams:
        stream.start()
    while time.monotonic() < end_s:
        frames = {stream.name: taken for stream in streams if (taken := stream.take()) is not None}
        if frames:
            tracker.update_many(frames)
            _count(streams, frames)
        else:
            time.sleep(0.001)
    for stream in streams:
        stream.join()
    return Fairness(
        "rednet-benchmark",
        rate_hz,
        seconds,
        tuple(_summary(stream.name, stream.sent, stream.latencies_s) for stream in streams),
    )


def _count(streams: Sequence[_Stream], frames: Mapping[str, tuple[ImageArray, float]]) -> None:
    now_s = time.monotonic()
    for stream in streams:
        if stream.name in frames:
            stream.latencies_s.append(now_s - frames[stream.name][1])


def _summary(name: str, sent: int, latencies_s: Sequence[float]) -> FairCamera:
    return FairCamera(name, sent, len(latencies_s), *first_and_last(latencies_s))


def first_and_last(latencies_s: Sequence[float]) -> tuple[Timing | None, Timing | None]:
    """Of the first and of the last fifth; None where there is no latency at all."""
    if not latencies_s:
        return None, None
    fifth = max(1, len(latencies_s) // 5)
    return timing(latencies_s[:fifth]), timing(latencies_s[-fifth:])
