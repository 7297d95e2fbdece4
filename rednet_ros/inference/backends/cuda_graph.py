"""A recorded CUDA graph for each bucket: the launches of some hundred kernels become one.

Written to PyTorch's documented interface (torch.cuda.CUDAGraph) and not yet run on a GPU.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rednet_ros.inference.backends.backend import BUCKETS, prepared
from rednet_ros.inference.backends.eager import graph_of
from rednet_ros.network.rednet import REDNet

PIXELS = 4 * 1920 * 1080
"""Room for the cameras' images, in pixels: the graph reads them where it was recorded. 24 MB."""

WARM_UP_RUNS = 3
"""Before recording: cuDNN chooses its kernels, and the allocator its blocks, in the first runs."""


class CudaGraphBackend:
    """See `Backend`. In half precision: float16 keeps three more bits than bfloat16 (parity in docs/inference.md)."""

    threads = None
    engine_path = None

    def __init__(self, network: REDNet, device: str = "cuda", dtype: torch.dtype = torch.float16) -> None:
        self.name = f"cuda graph {str(dtype).removeprefix('torch.')}"
        self.device = device
        self._graph = graph_of(prepared(network, device, dtype), from_frames=True)
        self._recorded: dict[int, _Recording] = {}
        self._pixels = torch.zeros(PIXELS, 3, dtype=torch.uint8, device=device)
        fitting: list[int] = []
        for bucket in BUCKETS:
            try:
                self._recorded[bucket] = self._record(bucket)
            except torch.OutOfMemoryError:
                if not fitting:
                    raise
                break
            fitting.append(bucket)
        self.buckets: tuple[int, ...] | None = tuple(fitting)

    @torch.inference_mode()
    def run(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """See `Backend.run`."""
        pixels, *rows = inputs
        if len(pixels) > PIXELS:  # more than four full-HD cameras: as it comes
            results: tuple[Tensor, ...] = self._graph(*inputs)
            return results
        self._pixels[: len(pixels)].copy_(pixels, non_blocking=True)
        return self._recorded[len(rows[0])].replay(rows)

    @torch.inference_mode()
    def _record(self, faces: int) -> _Recording:
        _, *rows = self._graph.example_inputs(faces)
        inputs = (self._pixels, *rows)
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP_RUNS):
                self._graph(*inputs)
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            results = self._graph(*inputs)
        return _Recording(graph, tuple(rows), results)


class _Recording:
    """A recorded run: where its arguments must be put, and where its results will be."""

    def __init__(self, graph: torch.cuda.CUDAGraph, rows: tuple[Tensor, ...], results: tuple[Tensor, ...]) -> None:
        self._graph, self._rows, self._results = graph, rows, results

    def replay(self, rows: list[Tensor]) -> tuple[Tensor, ...]:
        for place, value in zip(self._rows, rows, strict=True):
            place.copy_(value, non_blocking=True)
        self._graph.replay()
        return self._results
