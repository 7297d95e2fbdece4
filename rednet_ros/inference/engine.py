"""Runs RED-Net on a batch of face crops: arrays in, landmarks and states out."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rednet_ros.errors import RednetError, WeightsError
from rednet_ros.inference.choice import candidates_for, choose_device
from rednet_ros.inference.runtime import Candidate, Runtime
from rednet_ros.inference.step_file import Description
from rednet_ros.inference.threads import CpuThreads, usual_threads
from rednet_ros.inference.types import Estimate, FaceState, FloatArray
from rednet_ros.landmarks import DETECTION_INDICES, LANDMARK_COUNT
from rednet_ros.network.config import STATE_SIZE, REDNetConfig
from rednet_ros.resources import resolve_weights

if TYPE_CHECKING:  # PyTorch takes seconds and 200 MB: only those load it who need it
    from rednet_ros.network.rednet import REDNet
    from rednet_ros.network.weights import WeightsInfo

log = logging.getLogger(__name__)

MAX_NOTICES = 20
"""The newest so many are kept: a runtime that fails again and again must not fill the memory."""


class SevenLandmarksError(WeightsError):
    """The last step of a network of an experiment is a detection."""


class LandmarkEngine:
    """A network on a device. It remembers no face: states go in and come out.

    `weights_name`, `license`, `identity_threshold` and `motion` are those of the weights file; `device` is "cpu" or
    "cuda", as asked for. `notices`: what went wrong so far and what was done instead, for people.
    """

    def __init__(
        self,
        of: Description,
        candidates: Sequence[Candidate],
        device: str = "cpu",
        threads: CpuThreads | None = None,
    ) -> None:
        """`candidates`: best first; the last one is also the reference for faces of which another makes NaN.

        Raises:
            SevenLandmarksError: for a network of an experiment that finds the 7 major landmarks only.
            RednetError: the error of the last candidate, if none can be built.
        """
        if not of.config.finds_all_landmarks:
            raise SevenLandmarksError(f"weights {of.name} find 7 landmarks only")
        self.weights_name, self.license = of.name, of.license
        self.identity_threshold, self.motion = of.identity_threshold, of.motion
        self.crop_size_px, self.gives_identity = of.config.crop_px, of.config.identity
        self.device = device
        self.notices: tuple[str, ...] = ()
        self._config = of.config
        self._threads = threads or usual_threads()
        self._later = list(candidates)
        self._reference: Candidate | Runtime = candidates[-1]
        self._runtime = self._next()

    @classmethod
    def load(
        cls,
        name_or_path: str | Path,
        device: str = "auto",
        threads: CpuThreads | None = None,
        backend: str = "auto",
        engine_file: Path | None = None,
    ) -> LandmarkEngine:
        """An engine for shipped weights (by name) or a weights file, on "cpu", "cuda", or the best there is ("auto").

        `threads`: of the network on a CPU (None: `usual_threads`). `backend`: one of `choice.BACKENDS`
        (docs/inference.md). `engine_file`: of `rednet-export tensorrt`, where it is not in the usual place.

        Raises:
            WeightsError: the weights cannot be used.
            InputError: `device` or `backend` is unknown, "cuda" where torch finds no GPU, or the two do not fit.
        """
        chosen, threads = choose_device(device, backend), threads or usual_threads()
        weights = resolve_weights(name_or_path)
        description, candidates, problem = candidates_for(weights, chosen, backend, threads, engine_file)
        engine = cls(description, candidates, chosen, threads)
        if problem is not None:
            engine._notice(problem)
        named = (engine.weights_name, engine.license, chosen, engine.backend, engine.crop_size_px)
        log.info("weights %s (%s) on %s by %s, crops of %d px", *named)
        return engine

    @classmethod
    def of_network(cls, network: REDNet, info: WeightsInfo, device: str = "cpu") -> LandmarkEngine:
        """An engine for a network in memory, by eager PyTorch in its own precision."""
        from rednet_ros.inference.torch_runtime import TorchRuntime, describe

        return cls(describe(network, info), [Candidate("torch", lambda: TorchRuntime(network, device))], device)

    @property
    def backend(self) -> str:
        """What computes the network at present, with its precision."""
        return self._runtime.name

    @property
    def engine_file(self) -> Path | None:
        """The file of `rednet-export tensorrt` that serves, if one does."""
        return getattr(self._runtime, "path", None)

    def cpu_threads(self, faces: int) -> int:
        """How many cores compute a batch of so many faces."""
        return self._threads.of(faces)

    def initial_state(self, faces: int) -> FaceState | None:
        """The state of faces without history, None where the weights have no temporal module."""
        shapes = self._config.state_shapes
        return FaceState.zeros(shapes, faces) if shapes else None

    def run(
        self, crops: NDArray[np.uint8], previous_px: FloatArray | None = None, state: FaceState | None = None
    ) -> Estimate:
        """One frame of N faces.

        `crops`: N x S x S x 3 uint8 BGR with S = `crop_size_px`. `previous_px`: N x 68 x 2 float32, the previous
        frame's landmarks in pixels of these crops; a row with NaN (or None for all) is a face without a previous frame.
        `state`: of the same faces in the same order, `seen_from` these crops; None for faces without history. A face of
        which no runtime makes numbers has a row of NaN, and its state starts afresh.

        Raises:
            ValueError: the arrays' shapes or types do not fit each other or the network.
        """
        faces, size_px = len(crops), self.crop_size_px
        if crops.shape != (faces, size_px, size_px, 3) or crops.dtype != np.uint8:
            raise ValueError(
                f"crops are {crops.shape} {crops.dtype}: this network takes N x {size_px} x {size_px} x 3 uint8"
            )
        if state is not None and len(state) != faces:
            raise ValueError(f"the state is of {len(state)} faces, the crops are of {faces}")
        state = state or self.initial_state(faces)
        previous_px = _previous(previous_px, faces)
        if not faces:
            return _of_no_faces(self._config, state)
        while True:
            try:
                estimate = self._runtime.run(crops, previous_px, state)
            except Exception as error:  # runtimes' errors have no common base, and a robot must not stop over them
                self._replace(error)
                continue
            return self._repaired(estimate, crops, previous_px, state)

    def _repaired(
        self, estimate: Estimate, crops: NDArray[np.uint8], previous_px: FloatArray, state: FaceState | None
    ) -> Estimate:
        """The estimate with the faces that hold NaN or infinity computed again by the reference."""
        parts = estimate.arrays()
        if all(math.isfinite(np.add.reduce(part, axis=None)) for part in parts.values()):
            return estimate
        sound = np.all([np.isfinite(part.reshape(len(crops), -1)).all(axis=1) for part in parts.values()], axis=0)
        rows = np.flatnonzero(~sound)
        if not len(rows):
            return estimate
        self._notice(f"{self.backend} gave values that are not numbers for {len(rows)} of {len(crops)} faces")
        carried = None if state is None else state.rows(rows)
        again = self._by_reference(crops[rows], previous_px[rows], carried)
        for name, part in parts.items():
            part[rows] = again[name] if again else 0.0 if name in self._config.state_shapes else np.nan
        return estimate

    def _by_reference(
        self, crops: NDArray[np.uint8], previous_px: FloatArray, state: FaceState | None
    ) -> dict[str, FloatArray] | None:
        """The arrays of an estimate by the reference; None where it fails, too."""
        try:
            if isinstance(self._reference, Candidate):
                self._reference = self._reference.build()
            parts = self._reference.run(crops, previous_px, state).arrays()
        except Exception as error:
            self._notice(f"the float32 network could not be asked instead: {_described(error)}")
            return None
        return parts if all(np.isfinite(part).all() for part in parts.values()) else None

    def _replace(self, error: Exception) -> None:
        """Go on with the next runtime. Raises `error` where none is left."""
        failed = self.backend
        if not self._later:
            raise error
        log.warning("backend %s failed", failed, exc_info=error)
        self._runtime = self._next()
        self._notice(f"{failed} failed ({_described(error)}): {self.backend} serves from now on")

    def _next(self) -> Runtime:
        while True:
            candidate = self._later.pop(0)
            try:
                return candidate.build()
            except Exception as error:  # a RednetError, or what a GPU without memory raises
                if not self._later:
                    raise
                reason = str(error) if isinstance(error, RednetError) else _described(error)
                self._notice(f"backend {candidate.name} cannot be used: {reason}")

    def _notice(self, notice: str) -> None:
        if notice not in self.notices:  # what happens in every frame is reported once
            log.warning("%s", notice)
            self.notices = (*self.notices, notice)[-MAX_NOTICES:]


def _previous(previous_px: FloatArray | None, faces: int) -> FloatArray:
    """N x 68 x 2, NaN where there is none. Raises ValueError for landmarks of another shape."""
    if previous_px is None:
        return np.full((faces, LANDMARK_COUNT, 2), np.nan, np.float32)
    if previous_px.shape != (faces, LANDMARK_COUNT, 2):
        raise ValueError(f"previous landmarks are {previous_px.shape}: {faces} crops need {faces} x 68 x 2")
    return np.asarray(previous_px, np.float32)


def _of_no_faces(config: REDNetConfig, state: FaceState | None) -> Estimate:
    landmarks_px, identity = np.zeros((0, LANDMARK_COUNT, 2), np.float32), np.zeros((0, STATE_SIZE), np.float32)
    presence = landmarks_px[:, : len(DETECTION_INDICES), 0] if "detection" in config.steps else None
    return Estimate(landmarks_px, landmarks_px[..., 0], identity if config.identity else None, state, presence)


def _described(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
