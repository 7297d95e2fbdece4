"""What all backends have in common."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from rednet_ros.errors import RednetError
from rednet_ros.inference.folding import fold_batch_norm
from rednet_ros.inference.graph import CropGraph, FrameGraph
from rednet_ros.inference.threads import CpuThreads
from rednet_ros.network.rednet import REDNet

Graph = CropGraph | FrameGraph

BUCKETS = (1, 2, 4, 8, 16, 32)
"""Numbers of faces that a backend of fixed shapes is built for. A batch is filled up to the next one."""


class BackendUnavailableError(RednetError):
    """A backend cannot be used here; the message says what is missing and what to do."""


class Backend(Protocol):
    """Computes a graph.

    `name`: with its precision, as people are told. `device`: where its arguments must lie. `buckets`: the numbers of
    faces that it takes, ascending; None: any number. `threads`: of the CPU; None: PyTorch's, or a GPU does it.
    `engine_path`: the file that the computation was read from or is kept in; None: there is none.
    """

    name: str
    device: str
    buckets: tuple[int, ...] | None

    @property
    def threads(self) -> CpuThreads | None: ...

    @property
    def engine_path(self) -> Path | None: ...

    def run(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The graph's results for its arguments. May raise whatever the device raises. What comes back may be
        overwritten by the next run."""
        ...


def prepared(network: REDNet, device: str, dtype: torch.dtype | None = None) -> REDNet:
    """A copy of `network` on `device` that gives the same numbers faster; in `dtype`, if given, to its rounding.

    Batch norm is folded into the convolutions before it, and weights are in channels_last. What reads coordinates
    stays in float32: half precision tells no pixel of a large crop from the next.
    """
    network = copy.deepcopy(network).eval()
    fold_batch_norm(network)
    if dtype is not None:
        network = network.to(dtype)
        network.mean_points = network.mean_points.float()
        if network.smoothing is not None:
            network.smoothing.float()
    return network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def bucket_of(faces: int, buckets: tuple[int, ...] | None) -> int:
    """The bucket that holds so many faces: the smallest that does, or the largest there is."""
    if buckets is None:
        return faces
    return next((bucket for bucket in buckets if bucket >= faces), buckets[-1])
