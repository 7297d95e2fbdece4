"""Recognition networks in ONNX files: those of ArcFace's convention, and SFace.

Beside NAME.onnx lies NAME.json, with what the file itself does not tell. It may be missing for a file given by path:

{"format": "rednet-recognizer-1", "name": "NAME", "license": "...", "threshold": 0.4, "sha256": "of the .onnx"}
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from rednet_ros.errors import InputError, RednetError
from rednet_ros.files import library_path, user_path
from rednet_ros.resources import is_file, models_dir
from rednet_ros.tracking.recognition.chip import chip, surroundings
from rednet_ros.tracking.recognition.recognizer import Recognizer, unit
from rednet_ros.tracking.types import FloatArray, ImageArray

CHIP_PX = 112

FORMAT = "rednet-recognizer-1"

SFACE_THRESHOLD = 0.363
"""Of OpenCV Zoo's SFace, as measured there on LFW."""


@dataclass(frozen=True)
class Description:
    """What NAME.json says. `threshold`: cosine, -1..1; None where nobody measured it."""

    name: str
    license: str
    threshold: float | None
    sha256: str | None = None


def open_onnx(name_or_path: str) -> Recognizer:
    """The recogniser of models/NAME.onnx, or of an .onnx file by its path; SFace where "sface" is in the file's name.

    Raises InputError where there is no such file, it is another than its .json says, or OpenCV cannot run it.
    """
    path = _find(name_or_path)
    description = describe(path)
    data = np.fromfile(path, np.uint8)
    if description.sha256 and hashlib.sha256(data.tobytes()).hexdigest() != description.sha256:
        raise InputError(f"recognizer {path} is not the file that {path.with_suffix('.json')} describes: get both anew")
    try:
        return SFace(path, description) if _is_sface(path) else ArcFace(data, description)
    except cv2.error as error:
        raise InputError(f"recognizer {path}: OpenCV {cv2.__version__} cannot run it: {error.err or error}") from error


class ArcFace:
    """A network of ArcFace's convention: 1 x 3 x 112 x 112 in, RGB, (x - 127.5) / 127.5; 1 x D out. See `Recognizer`.

    `network`: the bytes of the ONNX file. Raises cv2.error where OpenCV cannot run it.
    """

    looks, problem = True, ""

    def __init__(self, network: Any, description: Description) -> None:
        self.name, self.license, self.threshold = description.name, description.license, description.threshold
        self._net = cv2.dnn.readNetFromONNX(np.frombuffer(network, np.uint8))
        self._run(np.zeros((CHIP_PX, CHIP_PX, 3), np.uint8))

    def vector(self, image_bgr: ImageArray, landmarks_px: FloatArray) -> FloatArray | None:
        """See `Recognizer`."""
        near = surroundings(image_bgr, landmarks_px)
        if near is None:
            return None
        face = chip(*near)
        # A face and its mirror image show one person; the sum of both is the better vector of the two.
        return unit(self._run(face) + self._run(np.ascontiguousarray(face[:, ::-1])))

    def _run(self, face: ImageArray) -> FloatArray:
        self._net.setInput(cv2.dnn.blobFromImage(face, 1 / 127.5, mean=(127.5, 127.5, 127.5), swapRB=True))
        return np.asarray(self._net.forward(), np.float32)


class SFace:
    """SFace of OpenCV Zoo (Zhong et al. 2021) by OpenCV's `FaceRecognizerSF`, which knows how it wants its input.

    See `Recognizer`. Raises cv2.error where OpenCV cannot run it.
    """

    looks, problem = True, ""

    def __init__(self, path: Path, description: Description) -> None:
        self.name, self.license, self.threshold = description.name, description.license, description.threshold
        with library_path(path) as plain:
            self._net = cv2.FaceRecognizerSF.create(plain, "")
        self._net.feature(np.zeros((CHIP_PX, CHIP_PX, 3), np.uint8))

    def vector(self, image_bgr: ImageArray, landmarks_px: FloatArray) -> FloatArray | None:
        """See `Recognizer`."""
        near = surroundings(image_bgr, landmarks_px)  # OpenCV's `alignCrop` does the same as `chip`
        return None if near is None else unit(self._net.feature(chip(*near)))


def describe(path: Path) -> Description:
    """What is known of the network in this .onnx file. Raises InputError for a .json beside it that is none of ours."""
    beside = path.with_suffix(".json")
    if not is_file(beside):
        return Description(path.stem, "licence unknown", SFACE_THRESHOLD if _is_sface(path) else None)
    try:
        told = json.loads(beside.read_text(encoding="utf-8"))
        if told["format"] != FORMAT:
            raise InputError(f"recognizer {path}: {beside} has the format {told['format']!r}, not {FORMAT!r}")
        threshold = told["threshold"]
        return Description(
            str(told["name"]),
            str(told["license"]),
            None if threshold is None else float(threshold),
            str(told["sha256"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"recognizer {path}: {beside} is damaged ({type(error).__name__}: {error})") from error


def write(path: Path, network: bytes, description: Description) -> None:
    """Writes a network's .onnx file and the .json beside it. Raises OSError."""
    told = {"format": FORMAT, **asdict(description), "sha256": hashlib.sha256(network).hexdigest()}
    path.write_bytes(network)
    path.with_suffix(".json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def shipped() -> list[str]:
    """Names of the recognisers in models/."""
    try:
        files = sorted(models_dir().glob("*.json"))
    except RednetError:
        return []
    return [file.stem for file in files if FORMAT in file.read_text(encoding="utf-8", errors="replace")]


def _find(name_or_path: str) -> Path:
    path = user_path(name_or_path)
    if path.suffix == ".onnx" or path.parent != Path():
        if not is_file(path):
            raise InputError(f"recognizer {path} does not exist: give the path of an .onnx file")
        return path
    names = shipped()
    if name_or_path not in names:
        if _is_left_out(name_or_path):
            raise InputError(
                f"recognizer {name_or_path}.onnx does not come with this installation, which is kept small: copy it "
                f"and its .json from the folder models of the source repository to {models_dir()}, or give its path"
            )
        raise InputError(
            f"there is no recognizer {name_or_path!r}: choose one of "
            f"{', '.join(['auto', 'weights', 'none', 'dlib', *names])}, or give the path of an .onnx file"
        )
    return models_dir() / f"{name_or_path}.onnx"


def _is_left_out(name: str) -> bool:
    """Whether there is only its card, as in a wheel."""
    try:
        return is_file(models_dir() / f"{name}.md") and not is_file(models_dir() / f"{name}.onnx")
    except RednetError:
        return False


def _is_sface(path: Path) -> bool:
    return "sface" in path.name.lower()
