"""The network as one graph of tensors: from pixels to landmarks, for eager code, `torch.export` and TensorRT alike."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rednet_ros.inference.sampling import sample_crops, to_crop, to_frame
from rednet_ros.landmarks import DETECTION_INDICES, LANDMARK_COUNT
from rednet_ros.network.config import STATE_SIZE, REDNetConfig
from rednet_ros.network.rednet import REDNet, normalise, read_landmarks, read_presence

GRAPH_VERSION = 2
"""Counts changes of these graphs' inputs, results or arithmetic: engine files of another version are not used."""


@dataclass(frozen=True)
class RecordLayout:
    """What the numbers of a face's row in a graph's `record` are: one tensor, so that one copy brings it to the host.

    In order: 68 x 2 landmarks, 68 confidences, 7 presences (`presence`), 256 of the identity vector (`identity`).
    """

    presence: bool
    identity: bool

    @classmethod
    def of(cls, config: REDNetConfig) -> RecordLayout:
        """The layout of a network's records."""
        return cls("detection" in config.steps, config.identity)

    @property
    def length(self) -> int:
        """Numbers in a row."""
        return 3 * LANDMARK_COUNT + self.presence * len(DETECTION_INDICES) + self.identity * STATE_SIZE

    def split(self, record: Tensor) -> tuple[Tensor, Tensor, Tensor | None, Tensor | None]:
        """Landmarks N x 68 x 2, confidences N x 68, presences N x 7 and identities N x 256 of records N x length."""
        landmarks_px, confidence, rest = record.split(
            [2 * LANDMARK_COUNT, LANDMARK_COUNT, self.length - 3 * LANDMARK_COUNT], dim=1
        )
        presence = rest[:, : len(DETECTION_INDICES)] if self.presence else None
        identity = rest[:, -STATE_SIZE:] if self.identity else None
        return landmarks_px.reshape(-1, LANDMARK_COUNT, 2), confidence, presence, identity


class CropGraph(nn.Module):
    """One frame of N faces, from crops.

    Takes `crops`, N x S x S x 3 BGR 0..255, uint8 or float; `previous_px`, N x 68 x 2 float, the landmarks of the frame
    before in pixels of these crops (a row with nan: none); and of a network with a temporal module `hidden` and `cell`,
    N x `REDNetConfig.state_size` each. Returns `record`, N x `RecordLayout.length` float with landmarks in crop pixels,
    and, of a network with a temporal module, the next hidden and cell state.
    """

    def __init__(self, network: REDNet) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, crops: Tensor, previous_px: Tensor, hidden: Tensor | None = None, cell: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        return self.read(crops.permute(0, 3, 1, 2).flip(1), previous_px, hidden, cell)

    def read(self, rgb: Tensor, previous_px: Tensor, hidden: Tensor | None, cell: Tensor | None) -> tuple[Tensor, ...]:
        """`forward` for crops N x 3 x S x S in RGB."""
        network = self.network
        state = None if hidden is None or cell is None else (hidden.to(network.dtype), cell.to(network.dtype))
        z0 = network.draw_z0(previous_px[:, list(DETECTION_INDICES)])
        output = network(normalise(rgb).to(network.dtype), z0, state, previous_px)
        landmarks_px, confidence = read_landmarks(output, network.config)
        parts = [landmarks_px.flatten(1), confidence]
        presence = read_presence(output.steps, landmarks_px, network.config)
        if presence is not None:
            parts.append(presence)
        if output.identity is not None:
            parts.append(nn.functional.normalize(output.identity.float()))
        record = torch.cat([part.to(parts[0].dtype) for part in parts], dim=1)
        return (record, *(output.state or ()))

    def example_inputs(self, faces: int) -> tuple[Tensor, ...]:
        """Arguments of `forward` for faces without history, on the network's device: noise for crops."""
        network, size_px = self.network, self.network.config.crop_px
        crops = torch.randint(0, 256, (faces, size_px, size_px, 3), dtype=torch.uint8, device=network.device)
        unknown = torch.full((faces, LANDMARK_COUNT, 2), torch.nan, device=network.device)
        return crops, unknown, *(network.initial_state(faces) or ())


class FrameGraph(nn.Module):
    """One frame of N faces of all cameras, from the cameras' images: `CropGraph` with the crops cut inside.

    Takes `pixels`, P x 3 uint8 BGR, the pixels of all images one after the other; `sources`, N x 4 int64, and
    `transforms`, N x 4 float, which say where in them a face's crop lies (`sampling`); `previous_px` and the landmarks
    of `record` are in image pixels; the rest as of `CropGraph`.
    """

    def __init__(self, network: REDNet) -> None:
        super().__init__()
        self.crop_graph = CropGraph(network)

    def forward(
        self,
        pixels: Tensor,
        sources: Tensor,
        transforms: Tensor,
        previous_px: Tensor,
        hidden: Tensor | None = None,
        cell: Tensor | None = None,
    ) -> tuple[Tensor, ...]:
        size_px = self.crop_graph.network.config.crop_px
        rgb = sample_crops(pixels, sources, transforms, size_px).flip(1)
        previous_px = to_crop(previous_px, transforms, size_px)
        record, *state = self.crop_graph.read(rgb, previous_px, hidden, cell)
        landmarks_px = record[:, : 2 * LANDMARK_COUNT].reshape(-1, LANDMARK_COUNT, 2)
        landmarks_px = to_frame(landmarks_px, transforms.to(record.dtype), size_px)
        return (torch.cat([landmarks_px.flatten(1), record[:, 2 * LANDMARK_COUNT :]], dim=1), *state)

    def example_inputs(self, faces: int, width_px: int = 640, height_px: int = 480) -> tuple[Tensor, ...]:
        """Arguments of `forward`: faces without history in the middle of one image of noise."""
        crops, previous_px, *state = self.crop_graph.example_inputs(faces)
        device = crops.device
        pixels = torch.randint(0, 256, (width_px * height_px, 3), dtype=torch.uint8, device=device)
        sources = torch.tensor([[0, width_px, height_px, 1]], device=device).repeat(faces, 1)
        transform = [width_px / 2, height_px / 2, height_px / 3, 0.0]
        return pixels, sources, torch.tensor([transform], device=device).repeat(faces, 1), previous_px, *state
