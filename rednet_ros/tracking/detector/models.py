"""Face detectors: where in an image new faces are. RED-Net takes over from there.

A detector instance belongs to one thread at a time (the networks hold their buffers).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from rednet_ros.errors import InputError
from rednet_ros.files import library_path, user_path
from rednet_ros.inference import openvino
from rednet_ros.resources import is_file, models_dir
from rednet_ros.tracking.types import Box, Detection, FloatArray, ImageArray

STRIDE_PX = 32
"""Both networks need sides that are multiples of this."""

MIN_SCORE = 0.3
"""Weaker responses are no detections; tracks that are in doubt may live on what is below `min_detection_score`."""

MAX_OVERLAP = 0.3
"""Of two boxes that overlap more than this, only the better one is kept."""


class Detector(Protocol):
    """What the tracker needs of a detector."""

    def detect(self, image_bgr: ImageArray) -> list[Detection]:
        """Faces in an image (H x W x 3, uint8, BGR), best first, in its pixels; an empty list where there is none."""
        ...


class NoDetector:
    """Finds nothing: for trackers whose detections come from outside."""

    def detect(self, image_bgr: ImageArray) -> list[Detection]:
        """See `Detector.detect`."""
        return []


class CenterFace:
    """CenterFace (Xu et al. 2019, arXiv:1911.03599): any image size, gives boxes and five points.

    `longest_side_px`: images are shrunk to this longer side before the search, never enlarged; smaller is faster and
    finds fewer small faces (their landmarks need about 20 px there). `min_score`: 0..1, weaker responses are ignored.
    `backend`: "opencv", or else OpenVINO where that is installed, which is faster; with as many threads as OpenCV may
    use at present.
    """

    def __init__(
        self, path: str | Path, longest_side_px: int = 480, min_score: float = MIN_SCORE, backend: str = "auto"
    ) -> None:
        _check_parameters(longest_side_px, min_score)
        by_openvino = None if backend == "opencv" else _centerface_by_openvino(path)
        self._maps = by_openvino or _centerface_by_opencv(path)
        self._longest_side_px = longest_side_px
        self._min_score = min_score

    def detect(self, image_bgr: ImageArray) -> list[Detection]:
        """See `Detector.detect`."""
        if min(image_bgr.shape[:2]) < STRIDE_PX:
            return []  # too small for a face; on the padding around it networks see things
        canvas, scale = shrink(image_bgr, self._longest_side_px)
        # The network was trained on RGB values 0..255 without normalisation.
        heat, log_size, offset, points = (maps[0] for maps in self._maps(cv2.dnn.blobFromImage(canvas, swapRB=True)))
        return _to_image(_decode_centerface(heat, log_size, offset, points, self._min_score), scale)


class YuNet:
    """YuNet (Wu et al. 2023) from a user's ONNX file (OpenCV Zoo's face_detection_yunet_2023mar.onnx).

    Needs OpenCV 4.8 or newer: older ones have `FaceDetectorYN`, but cannot run this model. Parameters as `CenterFace`.
    """

    def __init__(self, path: str | Path, longest_side_px: int = 480, min_score: float = MIN_SCORE) -> None:
        _check_parameters(longest_side_px, min_score)
        if not hasattr(cv2, "FaceDetectorYN"):
            raise InputError(f"OpenCV {cv2.__version__} has no FaceDetectorYN: YuNet needs OpenCV 4.8 or newer.")
        _check_file(path)
        self._path, self._longest_side_px, self._min_score = str(path), longest_side_px, min_score
        self._net, self._size_px = self._open((320, 320)), (320, 320)

    def detect(self, image_bgr: ImageArray) -> list[Detection]:
        """See `Detector.detect`."""
        if min(image_bgr.shape[:2]) < STRIDE_PX:
            return []  # too small for a face; on the padding around it networks see things
        canvas, scale = shrink(image_bgr, self._longest_side_px)
        size_px = canvas.shape[1], canvas.shape[0]
        if size_px != self._size_px:
            # Opened anew: see CenterFace for what a change of the input's size does to an open network.
            self._net, self._size_px = self._open(size_px), size_px
        rows = self._net.detect(canvas)[1]
        if rows is None:
            return []
        found = [Detection(Box(*row[:4].tolist()), float(row[14]), row[4:14].reshape(5, 2)) for row in rows]
        return _to_image(sorted(found, key=lambda detection: -detection.score), scale)

    def _open(self, size_px: tuple[int, int]) -> cv2.FaceDetectorYN:
        try:
            with library_path(self._path) as plain:
                net = cv2.FaceDetectorYN.create(plain, "", size_px, self._min_score, MAX_OVERLAP)
            net.detect(np.zeros((size_px[1], size_px[0], 3), np.uint8))
        except cv2.error as error:
            raise InputError(
                f"OpenCV {cv2.__version__} cannot run {self._path} as YuNet (it needs OpenCV 4.8 or newer and the "
                f"model of March 2023): {error.err or error}"
            ) from error
        return net


def load_detector(
    kind_or_path: str = "centerface", longest_side_px: int = 480, min_score: float = MIN_SCORE, backend: str = "auto"
) -> Detector:
    """A detector by name or file: "centerface" is the one in the package, anything else the path of an ONNX file.

    `longest_side_px`, `min_score`, `backend`: as `CenterFace`.

    A file whose name contains "yunet" is opened as YuNet, any other as CenterFace. Raises InputError where the file
    is missing or is not such a model.
    """
    if kind_or_path == "centerface":
        return CenterFace(models_dir() / "centerface.onnx", longest_side_px, min_score, backend)
    path = user_path(kind_or_path)
    if "yunet" in path.name.lower():
        return YuNet(path, longest_side_px, min_score)
    return CenterFace(path, longest_side_px, min_score, backend)


def shrink(image: ImageArray, longest_side_px: int) -> tuple[ImageArray, float]:
    """`image` at most `longest_side_px` wide and high, black added right and below up to multiples of `STRIDE_PX`.

    Returns it with its scale (shrunken pixels per image pixel, at most 1).
    """
    height, width = image.shape[:2]
    scale = min(1.0, longest_side_px / max(height, width))
    if scale < 1.0:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    height, width = image.shape[:2]
    below, right = -height % STRIDE_PX, -width % STRIDE_PX
    return np.asarray(cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_CONSTANT), np.uint8), scale


_CENTERFACE_MAPS = ("537", "538", "539", "540")
"""Names of its outputs, as `_decode_centerface` takes them."""

_Maps = Callable[[FloatArray], Sequence[FloatArray]]
"""From an image, 1 x 3 x H x W, to the network's outputs."""


def _centerface_by_openvino(path: str | Path) -> _Maps | None:
    """None where OpenVINO is not installed, or cannot use the file."""
    _check_file(path)
    try:
        model = openvino.core().read_model(np.fromfile(path, np.uint8).tobytes(), b"")
        model.reshape([1, 3, -1, -1])
        if not set(_CENTERFACE_MAPS) <= {port.any_name for port in model.outputs}:
            return None
        request = openvino.request(model, cv2.getNumThreads())
    except Exception:  # OpenVINO's errors have no common base; what is wrong with the file, OpenCV says, too
        return None

    def maps(image: FloatArray) -> Sequence[FloatArray]:
        # Copies of the results: what it shares is freed as soon as an image of another size comes.
        results = request.infer([image], share_inputs=True, share_outputs=False)
        return [results[name] for name in _CENTERFACE_MAPS]

    return maps


def _centerface_by_opencv(path: str | Path) -> _Maps:
    net = _read_network(path, "CenterFace")
    # With fusion on, OpenCV (seen in 4.14) folds scales into the weights again at every change of the input's
    # size, and scores drift. Without it the network is as fast.
    net.enableFusion(False)
    if not set(_CENTERFACE_MAPS) <= set(net.getUnconnectedOutLayersNames()):
        raise InputError(f"Detector model {path} is not CenterFace: its outputs have other names.")

    def maps(image: FloatArray) -> Sequence[FloatArray]:
        net.setInput(image)
        return net.forward(_CENTERFACE_MAPS)

    return maps


def _decode_centerface(
    heat: FloatArray, log_size: FloatArray, offset: FloatArray, points: FloatArray, min_score: float
) -> list[Detection]:
    """Maps of one image, (1 | 2 | 2 | 10) x h x w at a quarter of its resolution, to detections in its pixels.

    Every channel pair is (y, x). A cell's box is centred on the cell plus its offset; `log_size` is the logarithm of
    (height, width) in cells, the five points are fractions of the box from its top left corner.
    """
    cell_px = 4.0
    rows, columns = np.nonzero(heat[0] >= min_score)
    if len(rows) == 0:
        return []
    scores = heat[0, rows, columns]
    size = np.exp(log_size[:, rows, columns].T) * cell_px
    middle = (np.column_stack([rows, columns]) + 0.5 + offset[:, rows, columns].T) * cell_px
    corner = middle - size / 2
    points_yx = points[:, rows, columns].T.reshape(-1, 5, 2) * size[:, None] + corner[:, None]
    boxes = np.concatenate([corner[:, ::-1], size[:, ::-1]], axis=1)
    kept = cv2.dnn.NMSBoxes(boxes.tolist(), scores.tolist(), min_score, MAX_OVERLAP)
    return [
        Detection(Box(*boxes[index].tolist()), float(scores[index]), points_yx[index, :, ::-1].astype(np.float32))
        for index in np.asarray(kept, dtype=int).reshape(-1)
    ]


def _to_image(detections: list[Detection], scale: float) -> list[Detection]:
    """Detections in the shrunken image's coordinates, 0 at its left edge, in pixels of the image, 0 half a pixel in."""
    result = []
    for found in detections:
        box = found.box
        points = None if found.points is None else (found.points / scale - 0.5).astype(np.float32)
        in_image = Box(box.x / scale - 0.5, box.y / scale - 0.5, box.width / scale, box.height / scale)
        result.append(Detection(in_image, found.score, points))
    return result


def _check_parameters(longest_side_px: int, min_score: float) -> None:
    if longest_side_px < STRIDE_PX:
        raise InputError(f"Detector: longest_side_px must be at least {STRIDE_PX}, not {longest_side_px}.")
    if not 0.0 < min_score < 1.0:
        raise InputError(f"Detector: min_score must be between 0 and 1, not {min_score}.")


def _check_file(path: str | Path) -> None:
    if not is_file(path):
        raise InputError(f"Detector model {path} does not exist: give the path of its ONNX file.")


def _read_network(path: str | Path, kind: str) -> cv2.dnn.Net:
    _check_file(path)
    try:
        return cv2.dnn.readNetFromONNX(np.fromfile(path, np.uint8))
    except cv2.error as error:
        raise InputError(f"Detector model {path} is damaged or not {kind}: {error.err or error}") from error
