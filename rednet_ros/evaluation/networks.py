"""The networks that `rednet-evaluate` measures, and what the protocols need of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rednet_ros.errors import InputError
from rednet_ros.evaluation.face_follower import FaceFollower
from rednet_ros.evaluation.memory import Memory
from rednet_ros.evaluation.still_images import StillPredictor
from rednet_ros.resources import resolve_weights
from rednet_ros.tracking.detector.models import Detector, load_detector
from rednet_ros.tracking.sighting import Engine, Sighting
from rednet_ros.tracking.types import Box, FloatArray, ImageArray


@dataclass(frozen=True)
class Finder:
    """Finds the face at an annotated box, in an image by itself. `from_truth`: in the box, else near it."""

    still: StillPredictor
    from_truth: bool

    def sighting(self, image_bgr: ImageArray, box: Box) -> Sighting | None:
        """The face, None where the detector finds none there."""
        find = self.still.face_in_box if self.from_truth else self.still.face_detected_at
        return find(image_bgr, box)

    def __call__(self, image_bgr: ImageArray, box: Box) -> FloatArray | None:
        """See `rednet_ros.evaluation.accuracy.Predict`."""
        seen = self.sighting(image_bgr, box)
        return None if seen is None else seen.landmarks_px


@dataclass(frozen=True)
class BoxedFollower:
    """A `rednet_ros.evaluation.accuracy.Follower` that begins where its finder finds the face."""

    finder: Finder
    follower: FaceFollower

    def begin(self, image: ImageArray, box: Box) -> FloatArray | None:
        """See `Follower.begin`."""
        return self.follower.begin(self.finder.sighting(image, box))

    def follow(self, image: ImageArray) -> FloatArray | None:
        """See `Follower.follow`."""
        return self.follower.follow(image)


@dataclass(frozen=True)
class Network:
    """Weights that are loaded, and a detector. `title`: unlike that of the others; `weights_mb`: size of the file."""

    title: str
    engine: Engine
    detector: Detector
    weights_mb: float | None = None

    @property
    def has_state(self) -> bool:
        """Whether the network has a temporal module."""
        return self.engine.initial_state(1) is not None

    def finder(self, from_truth: bool, memory: Memory = Memory.STATE) -> Finder:
        """For stills, and for first frames of videos."""
        return Finder(StillPredictor(self.engine, self.detector, memory), from_truth)

    def follower(self, from_truth: bool, memory: Memory) -> BoxedFollower:
        """For videos."""
        return BoxedFollower(self.finder(from_truth, memory), FaceFollower(self.engine, memory))


def open_networks(weights: Sequence[str], device: str, major_only: bool = False) -> list[Network]:
    """The weights by names or paths, in this order; with `major_only` also those that find 7 landmarks only.

    Raises WeightsError or InputError for what cannot be used.
    """
    engines = [_open_engine(name, device, major_only) for name in weights]
    names = [engine.weights_name for engine in engines]
    titles = [name if names.count(name) == 1 else path for name, path in zip(names, weights, strict=True)]
    detector = load_detector()
    return [
        Network(title, engine, detector, resolve_weights(path).stat().st_size / 1e6)
        for title, engine, path in zip(titles, engines, weights, strict=True)
    ]


def _open_engine(name: str, device: str, major_only: bool) -> Engine:
    from rednet_ros.inference.engine import LandmarkEngine, SevenLandmarksError, choose_device

    try:
        return LandmarkEngine.load(name, device)
    except SevenLandmarksError as error:
        if not major_only:
            raise InputError(f"{error}: compare by these, with --landmarks 7") from error
    from rednet_ros.evaluation.major_landmarks import MajorEngine  # needs torch, as networks of experiments do
    from rednet_ros.network.weights import load

    network, info = load(name)
    return MajorEngine(network, info.name, choose_device(device))
