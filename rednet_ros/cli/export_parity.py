"""How far an engine's landmarks are from those of the float32 network, on crops of real faces."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np

from rednet_ros.errors import InputError
from rednet_ros.inference.types import Estimate
from rednet_ros.media.video import open_source
from rednet_ros.tracking.detector.crop_calibration import crop_from_detection
from rednet_ros.tracking.detector.models import Detector, load_detector
from rednet_ros.tracking.types import ImageArray

MAX_CROPS, EVERY_FRAMES = 64, 5


class CropEngine(Protocol):
    """What is needed of a `LandmarkEngine`."""

    def run(self, crops: ImageArray) -> Estimate:
        """See `LandmarkEngine.run`."""
        ...


@dataclass(frozen=True)
class Parity:
    """Distances of landmarks between two backends, in crop pixels, over 68 landmarks of each of `crops` crops."""

    crops: int
    mean_px: float
    p99_px: float
    max_px: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {name: round(value, 6) for name, value in asdict(self).items()}

    def text(self) -> str:
        """For people."""
        return (
            f"against float32 on {self.crops} crops: mean {self.mean_px:.4f} px, 99 % below {self.p99_px:.4f} px, "
            f"at most {self.max_px:.4f} px"
        )


def measure_parity(reference: CropEngine, engine: CropEngine, crops: ImageArray) -> Parity:
    """`crops`: N x S x S x 3 uint8 BGR, N at least 1; each is a first frame."""
    expected, got = (each.run(crops).landmarks_px.numpy() for each in (reference, engine))
    distances_px = np.linalg.norm(got - expected, axis=2)
    return Parity(
        len(crops),
        float(distances_px.mean()),
        float(np.quantile(distances_px, 0.99)),
        float(distances_px.max()),
    )


def sample_crops(source: str, size_px: int, detector: Detector | None = None) -> ImageArray:
    """Crops of the faces in every fifth frame of a video, image or folder, N x S x S x 3; at most 64.

    Raises InputError where the source cannot be read or shows no face.
    """
    detector = detector or load_detector()
    crops: list[ImageArray] = []
    with open_source(source) as frames:
        for number, frame in enumerate(frames):
            if number % EVERY_FRAMES == 0:
                found = detector.detect(frame.image_bgr)
                crops += [crop_from_detection(face, size_px).extract(frame.image_bgr) for face in found]
            if len(crops) >= MAX_CROPS:
                break
    if not crops:
        raise InputError(f"{source}: no face was found in it, give another video or image")
    return np.stack(crops[:MAX_CROPS])
