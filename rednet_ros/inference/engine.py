"""Runs RED-Net on a batch of face crops: arrays in, landmarks and states out."""

from __future__ import annotations

import copy
import logging
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rednet_ros.errors import InputError, WeightsError
from rednet_ros.inference.folding import fold_batch_norm
from rednet_ros.inference.types import Estimate, FaceState
from rednet_ros.landmarks import DETECTION_INDICES, LANDMARK_COUNT
from rednet_ros.network import weights
from rednet_ros.network.rednet import REDNet, normalise, read_landmarks, read_presence

log = logging.getLogger(__name__)

CPU_THREADS = 1
"""Threads of PyTorch on a CPU. One face's small network gains little from more, and they wait for each other whenever
the detector, a decoder or ROS wants a core (figures in docs/training.md)."""


class LandmarkEngine:
    """A network on a device. It remembers no face: states go in and come out.

    `weights_name`, `license` and `identity_threshold` are those of the weights file; `device` is "cpu" or "cuda".
    """

    def __init__(self, network: REDNet, info: weights.WeightsInfo, device: str = "cpu") -> None:
        """Raises WeightsError for a network of an experiment that finds the 7 major landmarks only."""
        if not network.config.finds_all_landmarks:
            raise WeightsError(f"weights {info.name} find 7 landmarks, not 68: their last step is a detection")
        self.device = device
        self.weights_name = info.name
        self.license = info.license
        self.identity_threshold = info.identity_threshold
        self.crop_size_px = network.config.crop_px
        self._network = _prepared(network, device)

    @classmethod
    def load(cls, name_or_path: str | Path, device: str = "auto", threads: int = CPU_THREADS) -> LandmarkEngine:
        """An engine for shipped weights (by name) or a weights file, on "cpu", "cuda", or the best there is ("auto").

        `threads`: of PyTorch in this process, set where the device is the CPU.

        Raises:
            WeightsError: the weights cannot be used.
            InputError: `device` is unknown, or "cuda" where torch finds no GPU.
        """
        chosen = choose_device(device)
        if chosen == "cpu":
            torch.set_num_threads(threads)
        network, info = weights.load(name_or_path)
        engine = cls(network, info, chosen)
        log.info("weights %s (%s) on %s, crops of %d px", info.name, info.license, chosen, engine.crop_size_px)
        return engine

    @property
    def gives_identity(self) -> bool:
        """Whether the network has an identity branch."""
        return self._network.config.identity

    def initial_state(self, faces: int) -> FaceState | None:
        """The state of faces without history, None where the weights have no temporal module."""
        state = self._network.initial_state(faces)
        return None if state is None else FaceState(*state)

    @torch.inference_mode()
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
        if previous_px is not None and previous_px.shape != (faces, LANDMARK_COUNT, 2):
            raise ValueError(f"previous landmarks are {previous_px.shape}: {faces} crops need {faces} x 68 x 2")
        if state is not None and len(state) != faces:
            raise ValueError(f"the state is of {len(state)} faces, the crops are of {faces}")
        previous = self._previous(previous_px, faces).to(self.device)
        pixels = torch.from_numpy(np.ascontiguousarray(crops)).to(self.device).permute(0, 3, 1, 2).flip(1)
        output = self._network(
            normalise(pixels).to(self._network.dtype),
            self._network.draw_z0(previous[:, list(DETECTION_INDICES)]),
            None if state is None else (state.hidden, state.cell),
            previous,
        )
        landmarks_px, confidence = read_landmarks(output, self._network.config)
        presence = read_presence(output.steps, landmarks_px, self._network.config)
        return Estimate(
            landmarks_px=landmarks_px.cpu(),
            confidence=confidence.cpu(),
            presence=None if presence is None else presence.cpu(),
            identity=None if output.identity is None else torch.nn.functional.normalize(output.identity.float()).cpu(),
            state=None if output.state is None else FaceState(*output.state),
        )

    @staticmethod
    def _previous(previous_px: NDArray[np.float32] | None, faces: int) -> Tensor:
        if previous_px is None:
            return torch.full((faces, LANDMARK_COUNT, 2), torch.nan)
        return torch.from_numpy(np.ascontiguousarray(previous_px))


def _prepared(network: REDNet, device: str) -> REDNet:
    """A copy of `network` on `device` that gives the same numbers faster.

    Batch norm is folded into the convolutions before it, and weights are in channels_last.
    """
    network = copy.deepcopy(network).eval()
    fold_batch_norm(network)
    return network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


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
