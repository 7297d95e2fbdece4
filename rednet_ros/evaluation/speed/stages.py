"""Where a frame's time goes in `FaceTracker`: detector, crops, network, and the rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rednet_ros.evaluation.speed.results import CamerasRow, FacesRow
from rednet_ros.evaluation.speed.scenes import FPS, Scene
from rednet_ros.evaluation.speed.timing import Stopwatch, Timing, measure, timing
from rednet_ros.inference.engine import LandmarkEngine
from rednet_ros.tracking.crops import CropTransform
from rednet_ros.tracking.detector.models import Detector
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.tracker import FaceTracker
from rednet_ros.tracking.types import Detection, Face, FloatArray, ImageArray

MOST_FACES = 64
_FIRST_FRAMES = 12
"""Frames until every face is found and confirmed; they are not measured."""


class _TimedEngine:
    """An engine that tells a stopwatch how long its network runs; all else is the engine's own."""

    def __init__(self, engine: LandmarkEngine, watch: Stopwatch) -> None:
        self._engine, self._watch = engine, watch

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._engine, name)
        return self._timed(attribute) if name in ("run", "run_frames") else attribute

    def _timed(self, work: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **named: Any) -> Any:
            with self._watch.running("network"):
                return work(*arguments, **named)

        return timed


class _TimedDetector:
    """A detector likewise."""

    def __init__(self, detector: Detector, watch: Stopwatch) -> None:
        self._detector, self._watch = detector, watch

    def detect(self, image_bgr: ImageArray) -> list[Detection]:
        with self._watch.running("detect"):
            return self._detector.detect(image_bgr)


def measure_faces(
    scene: Scene, engine: LandmarkEngine, detector: Detector, gflop_ms: float, seconds: float
) -> FacesRow:
    """One row: the scene's faces followed for about `seconds`, then its parts alone for as long.

    `gflop_ms`: the floor of one face in milliseconds.
    """
    watch = Stopwatch()
    settings = TrackerSettings(max_faces=MOST_FACES, detect_in_background=False)
    timed: Any = _TimedEngine(engine, watch)
    with FaceTracker(engine=timed, detector=_TimedDetector(detector, watch), settings=settings) as tracker:
        followed = _follow(tracker, scene, watch, seconds)
    faces, image = followed.faces, scene.frames[0]
    crop = measure(lambda: _crops(image, faces, engine.crop_size_px), seconds / 4)
    count = max(1, scene.faces or len(faces))
    rest_s = [max(0.0, each - 1e-3 * crop.median_ms) for each in followed.rest_s]
    return FacesRow(
        faces=count,
        tracked=round(float(np.median(followed.counts))),
        threads=engine.cpu_threads(count),
        network=measure_network(engine, count, seconds),
        floor_ms=gflop_ms * count,
        frame=timing(followed.frame_s),
        crop=crop,
        landmarks=timing(rest_s),
        detect=measure(lambda: detector.detect(image), seconds / 4),
    )


def measure_network(engine: LandmarkEngine, faces: int, seconds: float) -> Timing:
    """One batch of `faces` faces that have a history, from crops to landmarks, all on the host."""
    size_px = engine.crop_size_px
    crops = np.random.default_rng(0).integers(0, 256, (faces, size_px, size_px, 3), dtype=np.uint8)
    first = engine.run(crops, None, engine.initial_state(faces))
    previous_px: FloatArray = first.landmarks_px.numpy()
    return measure(lambda: engine.run(crops, previous_px, first.state), seconds)


def measure_cameras(
    scene: Scene, cameras: int, engine: LandmarkEngine, detector: Detector, seconds: float
) -> CamerasRow:
    """`cameras` cameras that see the scene at different moments, as one batch a frame."""
    offset = len(scene.frames) // cameras
    settings = TrackerSettings(detect_in_background=False)
    frame_s: list[float] = []
    counts: list[int] = []
    with FaceTracker(engine=engine, detector=detector, settings=settings) as tracker:
        index, end_s = 0, float("inf")
        while index < _FIRST_FRAMES + 5 or time.perf_counter() < end_s:
            if index == _FIRST_FRAMES:
                end_s = time.perf_counter() + seconds
            images = [scene.frames[(index + number * offset) % len(scene.frames)] for number in range(cameras)]
            frames = {f"camera {number}": (image, index / FPS) for number, image in enumerate(images)}
            start_s = time.perf_counter()
            faces = tracker.update_many(frames)
            if index >= _FIRST_FRAMES:
                frame_s.append(time.perf_counter() - start_s)
                counts.append(sum(map(len, faces.values())))
            index += 1
    return CamerasRow(cameras, round(float(np.median(counts))), timing(frame_s))


class _Followed:
    """Seconds of every frame, whole and without detector and network; how many faces it had; the last frame's faces."""

    def __init__(self) -> None:
        self.frame_s: list[float] = []
        self.rest_s: list[float] = []
        self.counts: list[int] = []
        self.faces: Sequence[Face] = ()


def _follow(tracker: FaceTracker, scene: Scene, watch: Stopwatch, seconds: float) -> _Followed:
    result = _Followed()
    index, end_s = 0, float("inf")
    while index < _FIRST_FRAMES + 5 or time.perf_counter() < end_s:
        if index == _FIRST_FRAMES:
            end_s = time.perf_counter() + seconds
        watch.take()
        start_s = time.perf_counter()
        result.faces = tracker.update(scene.frames[index % len(scene.frames)], index / FPS)
        if index >= _FIRST_FRAMES:
            frame_s = time.perf_counter() - start_s
            result.frame_s.append(frame_s)
            result.rest_s.append(frame_s - sum(watch.take().values()))
            result.counts.append(len(result.faces))
        index += 1
    return result


def _crops(image: ImageArray, faces: Sequence[Face], size_px: int) -> list[ImageArray]:
    return [CropTransform.from_landmarks(face.landmarks_px, size_px).extract(image) for face in faces]
