"""Runs a detector where the tracker wants it: in a thread of its own, or on the spot."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from rednet_ros.tracking.detector.models import Detector
from rednet_ros.tracking.detector.search_plan import Region
from rednet_ros.tracking.types import Box, Detection, FloatArray, ImageArray

LOG_INTERVAL_S = 10.0
"""A detector that keeps failing is reported once in this time."""

HANGING_S = 10.0
"""A search that takes longer is reported as a problem."""

REST = 1.0
"""After a search the thread rests for so many times what it took: it never takes more than half a core, however many
cameras there are and however slow the processor is."""

CLOSE_TIMEOUT_S = 5.0
"""A detector that hangs is not waited for longer; its thread is a daemon."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DetectionRequest:
    """A region of an image to search. `tracked`: id -> 68 x 2 landmarks (pixels) of the faces tracked in this very
    image. `clock_s`: when it was taken, on the camera's clock.

    `epoch`: the camera's count of new beginnings; the answer to a request of an earlier epoch means nothing.
    """

    camera: str
    image: ImageArray
    region: Region
    tracked: dict[str, FloatArray]
    clock_s: float
    epoch: int


@dataclass(frozen=True)
class DetectionResult:
    """What a detector found in the request's image, in its pixels. `took_s`: of a thread that others wait for; 0 where
    the search was done within the frame. `is_from_outside`: found in an earlier image than the request's, in which the
    tracks were where the request has them."""

    request: DetectionRequest
    detections: tuple[Detection, ...]
    took_s: float = 0.0
    is_from_outside: bool = False


def search(detector: Detector, request: DetectionRequest) -> tuple[Detection, ...]:
    """The faces in the request's region; without those that its inner borders cut, which another region shows whole."""
    region = request.region
    found = (_moved(detection, region) for detection in detector.detect(region.of(request.image)))
    return tuple(detection for detection in found if region.has_room_for(detection.box))


def _moved(detection: Detection, region: Region) -> Detection:
    """From a region's pixels to the image's."""
    box, points = detection.box, detection.points
    (left, top), (right, bottom) = region.place(box.x, box.y), region.place(box.x + box.width, box.y + box.height)
    moved = None if points is None else np.array([region.place(x, y) for x, y in points.tolist()], np.float32)
    return Detection(Box(left, top, right - left, bottom - top), detection.score, moved)


class DetectionRunner(Protocol):
    """Takes requests, hands out results. All methods belong to the tracker's thread and never wait for a detector
    that runs elsewhere. `is_immediate`: a result is there as soon as it was asked for, however long that takes."""

    is_immediate: bool

    def submit(self, request: DetectionRequest) -> None:
        """Search this image; it takes the place of the camera's earlier request that nobody has begun."""
        ...

    def is_busy(self, camera: str) -> bool:
        """Whether an image of this camera is being searched, or its result waits to be collected."""
        ...

    def waiting(self, camera: str) -> DetectionRequest | None:
        """The camera's request that nobody has begun; None without any."""
        ...

    def wait(self, timeout_s: float) -> float:
        """Wait for results, at most so long; not where none are to come soon. Returns how long it took, in seconds."""
        ...

    def collect(self) -> list[DetectionResult]:
        """The results since the last call, in the order in which they came."""
        ...

    def problem(self) -> str:
        """What is wrong with the detector now, for people; empty where nothing is. Any thread may ask."""
        ...

    def close(self) -> None:
        """Stop; no results follow."""
        ...


class InlineDetector:
    """Searches within `submit`: repeatable, for files and tests. The detector's exceptions reach the caller."""

    is_immediate = True

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._results: list[DetectionResult] = []

    def submit(self, request: DetectionRequest) -> None:
        """See `DetectionRunner`."""
        self._results.append(DetectionResult(request, search(self._detector, request)))

    def is_busy(self, camera: str) -> bool:
        """See `DetectionRunner`."""
        return any(result.request.camera == camera for result in self._results)

    def waiting(self, camera: str) -> DetectionRequest | None:
        """See `DetectionRunner`; none ever waits."""
        return None

    def wait(self, timeout_s: float) -> float:
        """See `DetectionRunner`."""
        return 0.0

    def collect(self) -> list[DetectionResult]:
        """See `DetectionRunner`."""
        results, self._results = self._results, []
        return results

    def problem(self) -> str:
        """See `DetectionRunner`; none: exceptions reach the caller."""
        return ""

    def close(self) -> None:
        """See `DetectionRunner`."""
        self._results = []


class IdleDetector:
    """Never searches: detections come from outside."""

    is_immediate = False

    def submit(self, request: DetectionRequest) -> None:
        """See `DetectionRunner`; nothing happens."""

    def is_busy(self, camera: str) -> bool:
        """See `DetectionRunner`; always, so that nothing is submitted."""
        return True

    def waiting(self, camera: str) -> DetectionRequest | None:
        """See `DetectionRunner`; none ever waits."""
        return None

    def wait(self, timeout_s: float) -> float:
        """See `DetectionRunner`."""
        return 0.0

    def collect(self) -> list[DetectionResult]:
        """See `DetectionRunner`; none."""
        return []

    def problem(self) -> str:
        """See `DetectionRunner`; none."""
        return ""

    def close(self) -> None:
        """See `DetectionRunner`."""


class BackgroundDetector:
    """Searches in one worker thread, of each camera the latest image only; the camera waiting longest comes first.
    After each search the thread rests (`REST`).

    An exception of the detector is logged (at most every `LOG_INTERVAL_S`); that image has no result.
    """

    is_immediate = False

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._changed = threading.Condition()
        self._waiting: dict[str, DetectionRequest] = {}
        self._searching: str | None = None
        self._searching_since_s = 0.0
        self._is_resting = False
        self._last_failure = ""
        self._results: list[DetectionResult] = []
        self._closed = False
        self._failures, self._logged_at_s = 0, -LOG_INTERVAL_S
        self._thread = threading.Thread(target=self._work, name="rednet-detector", daemon=True)
        self._thread.start()

    def submit(self, request: DetectionRequest) -> None:
        """See `DetectionRunner`. The image is copied: the caller may reuse its buffer."""
        copied = replace(request, image=request.image.copy())
        with self._changed:
            self._waiting[request.camera] = copied
            self._changed.notify_all()

    def is_busy(self, camera: str) -> bool:
        """See `DetectionRunner`."""
        with self._changed:
            return self._searching == camera or any(result.request.camera == camera for result in self._results)

    def waiting(self, camera: str) -> DetectionRequest | None:
        """See `DetectionRunner`."""
        with self._changed:
            return self._waiting.get(camera)

    def wait(self, timeout_s: float) -> float:
        """See `DetectionRunner`."""
        begun_s = time.monotonic()
        with self._changed:
            self._changed.wait_for(lambda: self._results or not self._is_at_work(), timeout_s)
        return time.monotonic() - begun_s

    def collect(self) -> list[DetectionResult]:
        """See `DetectionRunner`."""
        with self._changed:
            results, self._results = self._results, []
        return results

    def problem(self) -> str:
        """See `DetectionRunner`: a search that takes longer than `HANGING_S`, or the exception of the last one."""
        with self._changed:
            searching_s = 0.0 if self._searching is None else time.monotonic() - self._searching_since_s
            if searching_s >= HANGING_S:
                return f"the face detector has been searching one image for {searching_s:.0f} s: no new face is found"
            return self._last_failure

    def close(self) -> None:
        """See `DetectionRunner`. Waits for the image being searched, at most `CLOSE_TIMEOUT_S`."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(CLOSE_TIMEOUT_S)

    def _is_at_work(self) -> bool:
        """Whether an image is being searched, or will be at once."""
        return self._searching is not None or (bool(self._waiting) and not self._is_resting)

    def _work(self) -> None:
        while (request := self._next()) is not None:
            detections = self._search(request)
            with self._changed:
                took_s = time.monotonic() - self._searching_since_s
                self._searching = None
                if detections is not None:
                    self._results.append(DetectionResult(request, detections, took_s))
                self._is_resting = True
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._closed, REST * took_s)
                self._is_resting = False

    def _next(self) -> DetectionRequest | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._waiting)
            if self._closed:
                return None
            camera = next(iter(self._waiting))
            self._searching, self._searching_since_s = camera, time.monotonic()
            return self._waiting.pop(camera)

    def _search(self, request: DetectionRequest) -> tuple[Detection, ...] | None:
        try:
            found = search(self._detector, request)
        except Exception as error:
            self._failures += 1
            self._last_failure = f"the face detector failed on its last image: {type(error).__name__}: {error}"
            if time.monotonic() - self._logged_at_s >= LOG_INTERVAL_S:
                self._logged_at_s = time.monotonic()
                _log.exception("the face detector failed (%d times so far); tracking goes on", self._failures)
            return None
        self._last_failure = ""
        return found
