"""Workers in this package's own Python: its tracker, with its own networks or with any other of 68 landmarks.

`python -m rednet_ros.evaluation.speed.own rednet WEIGHTS DEVICE BACKEND`, `... onnx FILE SIDE_PX`.
"""

from __future__ import annotations

import functools
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from rednet_ros.errors import InputError, WeightsError
from rednet_ros.evaluation.speed.worker import BLOCK_FRAMES, Tracker, serve
from rednet_ros.evaluation.still_images import StillPredictor
from rednet_ros.files import library_path
from rednet_ros.inference import openvino, step_file
from rednet_ros.inference.engine import LandmarkEngine
from rednet_ros.inference.runtime import RuntimeUnavailableError
from rednet_ros.inference.types import Estimate
from rednet_ros.resources import resolve_weights
from rednet_ros.tracking.crops import CropTransform
from rednet_ros.tracking.detector.models import load_detector
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.tracker import FaceTracker
from rednet_ros.tracking.types import FloatArray, ImageArray

_detector = functools.cache(load_detector)


class OnnxEngine:
    """A network that a user has, in the place of a `LandmarkEngine`: ONNX, takes N x 3 x S x S float32, RGB 0..1 (N = 1
    is enough), gives 136 numbers a face, x and y of each landmark as fractions of the crop.

    Run by OpenVINO where that is installed, else by OpenCV, in float32.
    """

    gives_identity, identity_threshold = False, None

    def __init__(self, path: str, side_px: int) -> None:
        self.crop_size_px, self.weights_name = side_px, Path(path).stem
        with library_path(path) as plain:
            try:
                model = openvino.core().read_model(plain)
            except RuntimeUnavailableError:
                net = cv2.dnn.readNetFromONNX(plain)
                self.backend = "opencv"
                self._infer: Callable[[Any], Any] = lambda blob: (net.setInput(blob), net.forward())[1]
                return
        model.reshape([1, 3, side_px, side_px])
        request = openvino.request(model, len(os.sched_getaffinity(0)))
        self.backend, self._infer = "openvino", lambda blob: request.infer([blob])[0]

    def initial_state(self, faces: int) -> None:
        return None

    def run(self, crops: ImageArray, previous_px: FloatArray, state: None) -> Estimate:
        size = (self.crop_size_px, self.crop_size_px)
        blobs = [cv2.dnn.blobFromImage(crop, 1 / 255, size, swapRB=True) for crop in crops]
        points = np.stack([np.reshape(self._infer(blob), (68, 2)) for blob in blobs])
        confidence = np.ones(points.shape[:2], np.float32)
        return Estimate(np.float32(self.crop_size_px) * points - np.float32(0.5), confidence, None, None)


class OwnTracker(Tracker):
    """`FaceTracker` with its default settings: it searches within the frame, where the search is counted.
    `weights`: of which the floor is known."""

    def __init__(self, engine: Any, weights: str | None = None, backend: str = "auto") -> None:
        self.name, self._engine = f"{engine.weights_name}, {engine.backend}", engine
        self._weights, self._backend = weights, backend

    def start(self, faces: int) -> None:
        settings = TrackerSettings(max_faces=faces)
        self._tracker = FaceTracker(engine=self._engine, settings=settings, backend=self._backend)

    def frame(self, image: ImageArray, time_s: float) -> int:
        self._image, self._faces = image, self._tracker.update(image, time_s)
        return len(self._faces)

    def points(self, image: ImageArray) -> list[Any]:
        detector = _detector(backend=self._backend)
        stills = StillPredictor(self._engine, detector)
        return [stills.face_of(image, found).landmarks_px.tolist() for found in detector.detect(image)]

    def block(self) -> dict[str, Any]:
        return {**super().block(), "network": self.network() if len(os.sched_getaffinity(0)) == 1 else {}}

    def network(self) -> dict[str, float | None]:
        """CPU time of the network alone on the faces of the last frame, with landmarks and state as in tracking; and
        what its floor is made of: the operations of its convolutions, and the best rate of a matrix product now."""
        engine, faces = self._engine, self._faces
        if not faces:
            return {}
        crops = [CropTransform.from_landmarks(face.landmarks_px, engine.crop_size_px) for face in faces]
        previous_px = np.stack([crop.to_crop(face.landmarks_px) for crop, face in zip(crops, faces, strict=True)])
        pixels = np.stack([crop.extract(self._image) for crop in crops])
        state = engine.run(pixels, previous_px, engine.initial_state(len(faces))).state
        network_ms = cpu_ms(lambda: engine.run(pixels, previous_px, state), max(3, BLOCK_FRAMES // len(faces)))
        gflop = self._weights and gflop_per_face(self._weights)
        return {"cpu_ms": network_ms, "gflop": len(faces) * gflop if gflop else None, "gflops": matrix_rate_gflops()}

    def cameras(self, frames: str, seconds: float, count: int, rate_hz: float) -> dict[str, Any]:
        """`count` cameras of a fixed rate into one tracker, in real time, searches in the background; the tracker takes
        the newest image of each that has come. `share`: of the worst camera's images, those that were tracked."""
        clip, taken, newest = np.load(frames), [0] * count, [-1] * count
        settings = TrackerSettings(detect_in_background=True)
        with FaceTracker(engine=self._engine, settings=settings, backend=self._backend) as tracker:
            start_s, start_cpu_s = time.monotonic(), time.process_time()
            while (now_s := time.monotonic() - start_s) < seconds:
                come = [int(rate_hz * now_s - index / count) for index in range(count)]
                due = [index for index in range(count) if come[index] > newest[index]]
                tracker.update_many({str(index): (clip[2 * come[index] % len(clip)], now_s) for index in due})
                for index in due:
                    taken[index], newest[index] = taken[index] + 1, come[index]
                time.sleep(0.0 if due else 0.001)
            cores = (time.process_time() - start_cpu_s) / seconds
        share = min(got / (last + 1) for got, last in zip(taken, newest, strict=True))
        return {"count": count, "rate_hz": rate_hz, "seconds": seconds, "share": share, "cores": cores}


@functools.cache
def gflop_per_face(weights: str) -> float | None:
    """10^9 operations of the convolutions in all steps of a tracked frame; None where there is no step for CPUs."""
    try:
        step = step_file.read(resolve_weights(weights))
    except WeightsError:
        return None
    net, config = cv2.dnn.readNetFromONNX(np.frombuffer(step.graph, np.uint8)), step.description.config
    state = [(1, *shape, *[1] * (3 - len(shape))) for shape in config.state_shapes.values()]
    inputs = [(1, 3, config.crop_px, config.crop_px), (1, 7, config.map_px, config.map_px), *state]
    steps = 1 if config.direct else len(config.steps)
    numbers = [net.getLayerId(name) for name in net.getLayerNames()]
    convolutions = [n for n in numbers if net.getLayer(n).type in ("Convolution", "Deconvolution")]
    return 1e-9 * steps * sum(net.getFLOPS(number, inputs) for number in convolutions)


def matrix_rate_gflops(side: int = 1024) -> float:
    """The best rate of NumPy's product of square float32 matrices, in 10^9 operations a second of CPU time."""
    a, b = np.random.default_rng(0).random((2, side, side), np.float32)
    return 2e-6 * side**3 / min(cpu_ms(lambda: a @ b, 1) for _ in range(5))


def cpu_ms(work: Callable[[], object], runs: int) -> float:
    """Mean CPU time of some work, of all threads of this process."""
    start_s = time.process_time()
    for _ in range(runs):
        work()
    return 1e3 * (time.process_time() - start_s) / runs


def _rednet(weights: str, device: str, backend: str) -> OwnTracker:
    engine = LandmarkEngine.load(weights, device, backend=backend)
    if backend != "auto" and not engine.backend.startswith(backend):
        raise InputError(engine.notices[-1])
    return OwnTracker(engine, weights, backend)


if __name__ == "__main__":
    kind, *of = sys.argv[1:]
    serve(lambda: _rednet(*of) if kind == "rednet" else OwnTracker(OnnxEngine(of[0], int(of[1]))))
