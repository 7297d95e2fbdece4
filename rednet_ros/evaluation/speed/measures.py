"""What is measured of an engine, a detector and a tracker on a scene: rows of a report, ready for JSON."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from rednet_ros.evaluation.speed.scenes import Scene
from rednet_ros.evaluation.speed.timing import FEWEST_RUNS, Timed, measure, measure_in_turns, timing
from rednet_ros.tracking.crops import CropTransform
from rednet_ros.tracking.detector.models import Detector
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.tracker import FaceTracker
from rednet_ros.tracking.types import Face, ImageArray

FIRST_FRAMES = 12
"""Frames until every face is found and confirmed; they are not measured."""

SETTINGS = TrackerSettings(max_faces=64, detect_in_background=False)

Row = dict[str, Any]


def measure_frames(scene: Scene, engine: Any, detector: Detector, seconds: float) -> Row:
    """A whole `FaceTracker.update`, and where its time goes: engine and detector are timed where it calls them."""
    following, timed_engine, timed_detector = scene.player(), Timed(engine, "run"), Timed(detector, "detect")
    wall_s: list[float] = []
    cpu_s: list[float] = []
    found: list[list[Face]] = []
    with FaceTracker(engine=timed_engine, detector=timed_detector, settings=SETTINGS) as tracker:  # type: ignore[arg-type]
        for _ in range(FIRST_FRAMES):
            tracker.update(*following())
        timed_engine.taken_s = timed_detector.taken_s = 0.0
        end_s = time.perf_counter() + seconds
        while len(wall_s) < FEWEST_RUNS or time.perf_counter() < end_s:
            image, time_s = following()
            start_s, start_cpu_s = time.perf_counter(), time.process_time()
            found.append(tracker.update(image, time_s))
            wall_s.append(time.perf_counter() - start_s)
            cpu_s.append(time.process_time() - start_cpu_s)
    faces, size_px = found[-1], engine.crop_size_px
    crops = [CropTransform.from_landmarks(face.landmarks_px, size_px) for face in faces]
    stages_ms = {
        "detect": 1e3 * timed_detector.taken_s / len(wall_s),
        "network": 1e3 * timed_engine.taken_s / len(wall_s),
        "crop": measure(lambda: [crop.extract(image) for crop in crops], seconds / 4).wall_ms,
    }
    rest_ms = 1e3 * sum(wall_s) / len(wall_s) - sum(stages_ms.values())
    return {
        "tracked": int(np.median([len(each) for each in found])),
        "frame": asdict(timing(wall_s, cpu_s)),
        "stages_ms": stages_ms | {"rest": max(0.0, rest_ms)},
        "search": asdict(measure(lambda: detector.detect(image), seconds / 4)),
    }


def measure_network(engine: Any, faces: int, seconds: float) -> Row:
    """One batch of faces that have a history, from crops to landmarks, all on the host."""
    size_px = engine.crop_size_px
    crops = np.random.default_rng(0).integers(0, 256, (faces, size_px, size_px, 3), dtype=np.uint8)
    first = engine.run(crops, None, engine.initial_state(faces))
    previous_px = np.asarray(first.landmarks_px)
    return asdict(measure(lambda: engine.run(crops, previous_px, first.state), seconds))


def measure_cameras(scene: Scene, cameras: int, engine: Any, detector: Detector, seconds: float) -> Row:
    """Cameras that see the scene at different moments, as one batch a frame. `tracked`: faces of all of them."""
    players = scene.players(cameras)
    with FaceTracker(engine=engine, detector=detector, settings=SETTINGS) as tracker:

        def update() -> int:
            faces = tracker.update_many({f"camera {index}": player() for index, player in enumerate(players)})
            return sum(map(len, faces.values()))

        tracked = [update() for _ in range(FIRST_FRAMES)]
        return {"cameras": cameras, "tracked": tracked[-1], "frame": asdict(measure(update, seconds))}


def measure_sharing(scene: Scene, cameras: int, rate_hz: float, engine: Any, detector: Detector, seconds: float) -> Row:
    """Cameras of a fixed rate into one tracker, which takes the newest image of each that has come.

    `processed`: the share of each camera's images that were tracked. The latency is that from an image's arrival to
    its faces, the median of the first and of the last fifth.
    """
    players, period_s, taken = scene.players(cameras), 1 / rate_hz, [-1] * cameras
    latencies_s: list[list[float]] = [[] for _ in players]
    settings = TrackerSettings(detect_in_background=True)
    with FaceTracker(engine=engine, detector=detector, settings=settings) as tracker:
        start_s = time.monotonic()
        while (age_s := time.monotonic() - start_s) < seconds:
            newest = [int((age_s - index * period_s / cameras) // period_s) for index in range(cameras)]
            due = [index for index, number in enumerate(newest) if number > taken[index]]
            if not due:
                time.sleep(0.001)
                continue
            tracker.update_many({f"camera {index}": (players[index]()[0], age_s) for index in due})
            for index in due:
                arrived_s = start_s + (newest[index] + index / cameras) * period_s
                latencies_s[index].append(time.monotonic() - arrived_s)
                taken[index] = newest[index]
    fifths = [max(1, len(each) // 5) for each in latencies_s]
    return {
        "rate_hz": rate_hz,
        "seconds": seconds,
        "processed": [len(each) / (number + 1) for each, number in zip(latencies_s, taken, strict=True)],
        "first_ms": [1e3 * float(np.median(each[:fifth])) for each, fifth in zip(latencies_s, fifths, strict=True)],
        "last_ms": [1e3 * float(np.median(each[-fifth:])) for each, fifth in zip(latencies_s, fifths, strict=True)],
    }


def compare(scene: Scene, finders: Mapping[str, Callable[[ImageArray, float], object]], seconds: float) -> list[Row]:
    """Several libraries on the same scene, in turns. A finder takes an image and its time in seconds, and returns
    something true where it finds a face."""
    found: dict[str, list[bool]] = {name: [] for name in finders}

    def work(name: str, find: Callable[[ImageArray, float], object]) -> Callable[[], None]:
        following = scene.player()
        return lambda: found[name].append(bool(find(*following())))

    timings = measure_in_turns({name: work(name, find) for name, find in finders.items()}, seconds)
    return [
        {"name": name, "found": sum(found[name]), "frames": len(found[name]), "frame": asdict(each)}
        for name, each in timings.items()
    ]
