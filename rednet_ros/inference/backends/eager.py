"""PyTorch as it is: runs everywhere, and is what the other backends are measured against."""

from __future__ import annotations

import torch
from torch import Tensor

from rednet_ros.inference.backends.backend import Graph, prepared
from rednet_ros.inference.graph import CropGraph, FrameGraph
from rednet_ros.network.rednet import REDNet


class EagerBackend:
    """See `Backend`. In the precision of the network that is given."""

    buckets: tuple[int, ...] | None = None
    threads = None
    engine_path = None

    def __init__(self, network: REDNet, device: str, from_frames: bool) -> None:
        self.name = f"eager {str(network.dtype).removeprefix('torch.')}"
        self.device = device
        self._graph = graph_of(prepared(network, device), from_frames)

    @torch.inference_mode()
    def run(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """See `Backend.run`."""
        results: tuple[Tensor, ...] = self._graph(*inputs)
        return results


def graph_of(network: REDNet, from_frames: bool) -> Graph:
    """The graph that takes images (`FrameGraph`) or crops (`CropGraph`)."""
    return FrameGraph(network) if from_frames else CropGraph(network)
