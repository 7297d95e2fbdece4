"""Runs RED-Net on a batch of face crops: arrays in, landmarks and states out."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rednet_ros.errors import InputError, WeightsError
from rednet_ros.inference.batches import Batch, CropBatch, FrameBatch
from rednet_ros.inference.choice import Wanted, candidates
from rednet_ros.inference.graph import RecordLayout
from rednet_ros.inference.runner import Runner
from rednet_ros.inference.slots import StateTable
from rednet_ros.inference.threads import CpuThreads, usual_threads
from rednet_ros.inference.types import Estimate, FaceState
from rednet_ros.landmarks import LANDMARK_COUNT
from rednet_ros.network import weights
from rednet_ros.network.rednet import REDNet

log = logging.getLogger(__name__)


class LandmarkEngine:
    """A network on a device. It remembers no face: states go in and come out.

    `weights_name`, `license` and `identity_threshold` are those of the weights file; `device` is "cpu" or "cuda", as
    asked for. `takes_frames`: it likes images (`run_frames`) better than crops (`run`): a GPU cuts them itself.
    """

    def __init__(
        self,
        network: REDNet,
        info: weights.WeightsInfo,
        device: str = "cpu",
        backend: str = "eager",
        *,
        takes_frames: bool | None = None,
        threads: CpuThreads | None = None,
        weights_file: Path | None = None,
        engine_file: Path | None = None,
    ) -> None:
        """`backend`: one of `choice.BACKENDS`. `takes_frames`: as above; None: on a GPU. `threads`: of a CPU; None:
        `usual_threads`.

        `weights_file`: what `network` was loaded from; `engine_file`: an engine of it in another than the usual place.

        Raises:
            WeightsError: for a network of an experiment that finds the 7 major landmarks only.
            InputError: `backend` is unknown or runs on another device.
        """
        if not network.config.finds_all_landmarks:
            raise WeightsError(f"weights {info.name} find 7 landmarks, not 68: their last step is a detection")
        self.device = device
        self.takes_frames = device == "cuda" if takes_frames is None else takes_frames
        self.weights_name = info.name
        self.license = info.license
        self.identity_threshold = info.identity_threshold
        self.crop_size_px = network.config.crop_px
        self._layout = RecordLayout.of(network.config)
        threads = threads or usual_threads()
        wanted = Wanted(network, device, self.takes_frames, threads, weights_file, engine_file)
        has_state = network.config.temporal != "none"
        dtype = torch.promote_types(network.dtype, torch.float32)
        self._table = StateTable(network.config.state_size, device, dtype) if has_state else None
        self._runner = Runner(candidates(wanted, backend), self._layout.length, self._table)

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

        `threads`: of the network on a CPU (None: `usual_threads`). PyTorch takes as many in this process as for few
        faces: its own wait for each other whenever the detector, a decoder or ROS wants a core. `backend`: how the
        network is computed (docs/inference.md). `engine_file`: of `rednet-export`, where it is not in the usual place.

        Raises:
            WeightsError: the weights cannot be used.
            InputError: `device` or `backend` is unknown, "cuda" where torch finds no GPU, or the two do not fit.
        """
        chosen = choose_device(device)
        threads = threads or usual_threads()
        if chosen == "cpu":
            torch.set_num_threads(threads.few)
        network, info = weights.load(name_or_path)
        file = weights.resolve(name_or_path)
        engine = cls(network, info, chosen, backend, threads=threads, weights_file=file, engine_file=engine_file)
        log.info(
            "weights %s (%s) on %s by %s, crops of %d px",
            info.name,
            info.license,
            chosen,
            engine.backend,
            engine.crop_size_px,
        )
        return engine

    @property
    def backend(self) -> str:
        """What computes the network at present, with its precision."""
        return self._runner.backend.name

    @property
    def engine_file(self) -> Path | None:
        """The file that serves, where the backend has one: of `rednet-export`, or in the cache folder."""
        return self._runner.backend.engine_path

    def cpu_threads(self, faces: int) -> int:
        """How many cores compute a batch of so many faces."""
        own = self._runner.backend.threads
        return torch.get_num_threads() if own is None else own.of(faces)

    @property
    def notices(self) -> tuple[str, ...]:
        """What went wrong so far, for people: backends that failed or could not be used, and what was done instead."""
        return tuple(self._runner.notices)

    @property
    def gives_identity(self) -> bool:
        """Whether the network has an identity branch."""
        return self._layout.identity

    def initial_state(self, faces: int) -> FaceState | None:
        """The state of faces without history, None where the weights have no temporal module."""
        return None if self._table is None else self._table.fresh(faces)

    def run(
        self, crops: NDArray[np.uint8], previous_px: NDArray[np.float32] | None = None, state: FaceState | None = None
    ) -> Estimate:
        """One frame of N faces.

        `crops`: N x S x S x 3 uint8 BGR with S = `crop_size_px`. `previous_px`: N x 68 x 2 float32, the previous
        frame's landmarks in pixels of these crops; a row with nan (or None for all) is a face without a previous frame.
        `state`: of the same faces in the same order, None for faces without history.

        Raises:
            ValueError: the arrays' shapes or types do not fit each other or the network.
        """
        faces, size_px = len(crops), self.crop_size_px
        if crops.shape != (faces, size_px, size_px, 3) or crops.dtype != np.uint8:
            raise ValueError(
                f"crops are {crops.shape} {crops.dtype}: this network takes N x {size_px} x {size_px} x 3 uint8"
            )
        known = _previous(previous_px, faces)
        if self.takes_frames:
            return self._answer(FrameBatch.of_crops(crops, known), state)
        return self._answer(CropBatch(torch.from_numpy(np.ascontiguousarray(crops)), known), state)

    def run_frames(
        self,
        images: Sequence[NDArray[np.uint8]],
        which: Sequence[int],
        transforms: NDArray[np.float32],
        previous_px: NDArray[np.float32] | None = None,
        state: FaceState | None = None,
    ) -> Estimate:
        """One frame of N faces in the images of one or several cameras, cut out by the device (`takes_frames`).

        `images`: H x W x 3 uint8 BGR each, of any sizes. `which`: for each face, the index of its image. `transforms`:
        N x 4 float32, its crop: x and y of the centre and the side in image pixels, and the roll in radians
        (`tracking.crops.CropTransform`). `previous_px`: as of `run`, in image pixels. Landmarks are in image pixels.

        Raises:
            ValueError: the arrays' shapes or types do not fit each other, or this engine takes crops.
        """
        if not self.takes_frames:
            raise ValueError("this engine takes crops: call run")
        faces = len(which)
        if transforms.shape != (faces, 4):
            raise ValueError(f"transforms are {transforms.shape}: {faces} faces need {faces} x 4")
        for image in images:
            if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
                raise ValueError(f"an image is {image.shape} {image.dtype}: it must be H x W x 3 uint8")
        rows = torch.from_numpy(np.ascontiguousarray(transforms, dtype=np.float32))
        batch = FrameBatch(images, which, rows, _previous(previous_px, faces), self.crop_size_px)
        return self._answer(batch, state)

    def _answer(self, batch: Batch, state: FaceState | None) -> Estimate:
        faces = len(batch)
        if state is not None and len(state) != faces:
            raise ValueError(f"the state is of {len(state)} faces, the crops are of {faces}")
        with torch.inference_mode():
            known = None if self._table is None or state is None else self._table.adopt(state)
            record, next_state = self._runner.run(batch, known)
        landmarks_px, confidence, presence, identity = self._layout.split(record)
        return Estimate(landmarks_px, confidence, identity, next_state, presence)


def _previous(previous_px: NDArray[np.float32] | None, faces: int) -> Tensor:
    """N x 68 x 2, nan where there is none. Raises ValueError for landmarks of another shape."""
    if previous_px is None:
        return torch.full((faces, LANDMARK_COUNT, 2), torch.nan)
    if previous_px.shape != (faces, LANDMARK_COUNT, 2):
        raise ValueError(f"previous landmarks are {previous_px.shape}: {faces} crops need {faces} x 68 x 2")
    return torch.from_numpy(np.ascontiguousarray(previous_px, dtype=np.float32))


def choose_device(device: str) -> str:
    """ "cpu" or "cuda" for a request of "auto", "cpu" or "cuda".

    Raises:
        InputError: the request is another word, or "cuda" where torch finds no GPU.
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("device is 'cuda', but torch finds no CUDA GPU here: check the driver, or use device 'cpu'")
    if device not in ("cpu", "cuda"):
        raise InputError(f"unknown device {device!r}: choose auto, cpu or cuda")
    return device
