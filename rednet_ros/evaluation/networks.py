"""The networks that `rednet-evaluate` measures, and how they find and follow a labelled face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rednet_ros.errors import InputError
from rednet_ros.evaluation.face_follower import FaceFollower
from rednet_ros.evaluation.memory import Memory
from rednet_ros.evaluation.still_images import StillPredictor
from rednet_ros.network.config import Step
from rednet_ros.resources import resolve_weights
from rednet_ros.tracking.detector.models import Detector, load_detector
from rednet_ros.tracking.motion import NOMINAL_STEP_S
from rednet_ros.tracking.sighting import Engine, Sighting
from rednet_ros.tracking.types import Box, FloatArray, ImageArray


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

    def sighting(
        self, image_bgr: ImageArray, box: Box, from_truth: bool, memory: Memory = Memory.STATE
    ) -> Sighting | None:
        """The face at an annotated box of an image: in the box with `from_truth`, else where the detector finds it;
        None where it finds none there."""
        still = StillPredictor(self.engine, self.detector, memory)
        return still.face_in_box(image_bgr, box) if from_truth else still.face_detected_at(image_bgr, box)

    def follower(
        self,
        from_truth: bool,
        memory: Memory | None,
        *,
        with_motion: bool = False,
        step_s: float = NOMINAL_STEP_S,
    ) -> LabelFollower:
        """Of faces in videos; `memory` None: in unrelated images. The others: see `FaceFollower`."""
        memory = memory or Memory.STATE
        face = FaceFollower(self.engine, memory, with_motion=with_motion, step_s=step_s)
        return LabelFollower(self, from_truth, memory, face)


class LabelFollower:
    """A `rednet_ros.evaluation.accuracy.Follower`."""

    def __init__(self, network: Network, from_truth: bool, memory: Memory, face: FaceFollower) -> None:
        self._network, self._from_truth, self._memory = network, from_truth, memory
        self._face = face

    def begin(self, image: ImageArray, box: Box) -> FloatArray | None:
        return self._face.begin(self._network.sighting(image, box, self._from_truth, self._memory))

    def follow(self, image: ImageArray) -> FloatArray | None:
        return self._face.follow(image)

    def coast(self) -> FloatArray | None:
        """See `FaceFollower.coast`."""
        return self._face.coast()


def open_networks(
    weights: Sequence[str], device: str, major_only: bool = False, steps: int | None = None
) -> list[Network]:
    """The weights by names or paths, in this order; with `major_only` also those that find 7 landmarks only.

    `steps`: K of every face, 1 or 2, on a CPU; None: as many as each needs. Raises WeightsError or InputError for what
    cannot be used.
    """
    engines = [
        _open_engine(name, device, major_only) if steps is None else _of_fixed_steps(name, steps) for name in weights
    ]
    names = [engine.weights_name for engine in engines]
    titles = [name if names.count(name) == 1 else path for name, path in zip(names, weights, strict=True)]
    detector = load_detector()
    return [
        Network(title, engine, detector, resolve_weights(path).stat().st_size / 1e6)
        for title, engine, path in zip(titles, engines, weights, strict=True)
    ]


def _of_fixed_steps(name: str, steps: int) -> Engine:
    """A direct network that takes so many steps for every face, to measure what choosing them is worth."""
    from rednet_ros.inference import step_file
    from rednet_ros.inference.engine import LandmarkEngine
    from rednet_ros.inference.opencv import OpenCvRuntime
    from rednet_ros.inference.runtime import Candidate
    from rednet_ros.inference.threads import usual_threads

    file = step_file.read(resolve_weights(name))
    if not file.description.config.direct:
        raise InputError(f"weights {name}: only a direct network takes one step or two")
    kinds: tuple[Step, ...] = ("detection", "regression")
    config = replace(file.description.config, direct=False, steps=kinds[-steps:])
    description = replace(file.description, config=config, name=f"{file.description.name}, K = {steps}")
    fixed = replace(file, description=description)
    return LandmarkEngine(description, [Candidate("opencv", lambda: OpenCvRuntime(fixed, usual_threads()))])


def _open_engine(name: str, device: str, major_only: bool) -> Engine:
    from rednet_ros.inference.choice import choose_device
    from rednet_ros.inference.engine import LandmarkEngine, SevenLandmarksError

    try:
        return LandmarkEngine.load(name, device)
    except SevenLandmarksError as error:
        if not major_only:
            raise InputError(f"{error}: compare by these, with --landmarks 7") from error
    from rednet_ros.evaluation.major_landmarks import MajorEngine  # needs torch, as networks of experiments do
    from rednet_ros.network.weights import load

    network, info = load(name)
    return MajorEngine(network, info.name, choose_device(device))
