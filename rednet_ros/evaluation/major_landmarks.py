"""Networks of experiments whose last step is a detection: they find 7 landmarks, and can be measured by these."""

from __future__ import annotations

import numpy as np
import torch

from rednet_ros.inference.types import Estimate, FaceState
from rednet_ros.landmarks import DETECTION_INDICES, LANDMARK_COUNT
from rednet_ros.network.rednet import REDNet, normalise, read_landmarks
from rednet_ros.tracking.types import FloatArray, ImageArray
from rednet_ros.training.datasets.geometry import complete

MAJOR = list(DETECTION_INDICES)


class MajorEngine:
    """A `rednet_ros.tracking.sighting.Engine` of such a network.

    The 61 landmarks that it does not find are those of the mean shape placed upon the 7: good for the next crop, and
    not to be counted.
    """

    identity_threshold: float | None = None
    gives_identity = False

    def __init__(self, network: REDNet, weights_name: str, device: str) -> None:
        self.weights_name = weights_name
        self.crop_size_px = network.config.crop_px
        self._network = network.eval().to(device)

    def initial_state(self, faces: int) -> FaceState | None:
        """See `Engine.initial_state`."""
        shapes = self._network.config.state_shapes
        return FaceState.zeros(shapes, faces) if shapes else None

    @torch.inference_mode()
    def run(self, crops: ImageArray, previous_px: FloatArray, state: FaceState | None) -> Estimate:
        """See `Engine.run`."""
        network = self._network
        pixels = torch.from_numpy(np.ascontiguousarray(crops)).to(network.device).permute(0, 3, 1, 2).flip(1)
        known = torch.from_numpy(np.ascontiguousarray(previous_px[:, MAJOR])).to(network.device)
        carried = None
        if state is not None:
            carried = tuple(torch.from_numpy(part).to(network.device, network.dtype) for part in state.parts.values())
        output = network(normalise(pixels).to(network.dtype), network.draw_z0(known), carried)
        points_px, sureness = (values.float().cpu() for values in read_landmarks(output, network.config))
        landmarks_px = np.full((len(crops), LANDMARK_COUNT, 2), np.nan, np.float32)
        landmarks_px[:, MAJOR] = points_px.numpy()
        confidence = np.zeros((len(crops), LANDMARK_COUNT), np.float32)
        confidence[:, MAJOR] = sureness.numpy()
        completed = np.stack([complete(points) for points in landmarks_px])
        if output.state is None:
            return Estimate(completed, confidence, None, None)
        parts = (part.float().cpu().numpy() for part in output.state)
        return Estimate(
            completed, confidence, None, FaceState(dict(zip(network.config.state_shapes, parts, strict=True)))
        )
