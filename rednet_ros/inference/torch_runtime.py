"""The network in PyTorch: on a CPU for experiments and as the reference, on an NVIDIA GPU as a recorded CUDA graph.

The CUDA graph is written to PyTorch's documented interface and has not been run on a GPU.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rednet_ros.inference.step_file import Description
from rednet_ros.inference.threads import CpuThreads
from rednet_ros.inference.types import Estimate, FaceState, FloatArray
from rednet_ros.landmarks import DETECTION_INDICES, LANDMARK_COUNT
from rednet_ros.network.config import REDNetConfig
from rednet_ros.network.rednet import (
    REDNet,
    REDNetOutput,
    feedback,
    is_settled,
    normalise,
    read_landmarks,
    read_presence,
)
from rednet_ros.network.weights import WeightsInfo

BUCKETS = (1, 2, 4, 8, 16, 32)
"""Numbers of faces that a graph of fixed shapes is recorded for. A batch is filled up to the next one."""

WARM_UP_RUNS = 3
"""Before recording, as PyTorch asks: libraries choose their kernels and allocate."""

Frame = Callable[..., dict[str, Tensor]]
"""Crops N x S x S x 3 uint8, previous landmarks N x 68 x 2, the parts of the state -> the fields of `Estimate` and the
parts of the next state, all on the device."""


class TorchRuntime:
    """See `Runtime`. Eager, in the precision of the network that is given; takes networks of experiments, too."""

    def __init__(self, network: REDNet, device: str, threads: CpuThreads | None = None) -> None:
        """`threads`: of a CPU; None leaves PyTorch's number as it is."""
        self.name = f"torch {str(network.dtype).removeprefix('torch.')}"
        self._frame, self._device, self._threads = frame_of(network.eval().to(device)), device, threads

    def run(self, crops: NDArray[np.uint8], previous_px: FloatArray, state: FaceState | None) -> Estimate:
        """See `Runtime`."""
        if self._threads is not None and torch.get_num_threads() != self._threads.of(len(crops)):
            torch.set_num_threads(self._threads.of(len(crops)))
        with torch.inference_mode():
            return to_host(self._frame(*to_device(crops, previous_px, state, self._device)))


class CudaGraphRuntime:
    """See `Runtime`. One CUDA graph for each of `BUCKETS`; launching it costs what one kernel costs."""

    def __init__(self, network: REDNet, dtype: torch.dtype = torch.float16) -> None:
        """float16 keeps three more bits than bfloat16 (parity in docs/inference.md)."""
        self.name = f"torch {str(dtype).removeprefix('torch.')}, CUDA graph"
        self._config = network.config
        self._frame = frame_of(copy.deepcopy(network).eval().to("cuda", dtype))
        self._recorded: dict[int, _Recording] = {}
        for bucket in BUCKETS:
            try:
                self._recorded[bucket] = self._record(bucket)
            except torch.OutOfMemoryError:
                if not self._recorded:
                    raise
                break

    def run(self, crops: NDArray[np.uint8], previous_px: FloatArray, state: FaceState | None) -> Estimate:
        """See `Runtime`."""
        with torch.inference_mode():
            return in_buckets(tuple(self._recorded), self._replay, crops, previous_px, state)

    def _replay(self, inputs: tuple[Tensor, ...]) -> dict[str, Tensor]:
        return self._recorded[len(inputs[0])].replay(inputs)

    @torch.inference_mode()
    def _record(self, faces: int) -> _Recording:
        size_px = self._config.crop_px
        unknown = np.full((faces, LANDMARK_COUNT, 2), np.nan, np.float32)
        shapes = self._config.state_shapes
        state = FaceState.zeros(shapes, faces) if shapes else None
        inputs = to_device(np.zeros((faces, size_px, size_px, 3), np.uint8), unknown, state, "cuda")
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP_RUNS):
                self._frame(*inputs)
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            results = self._frame(*inputs)
        return _Recording(graph, inputs, results)


class _Recording:
    """A recorded run: where its arguments must be put, and where its results will be."""

    def __init__(self, graph: torch.cuda.CUDAGraph, inputs: tuple[Tensor, ...], results: dict[str, Tensor]):
        self._graph, self._inputs, self._results = graph, inputs, results

    def replay(self, inputs: tuple[Tensor, ...]) -> dict[str, Tensor]:
        for place, value in zip(self._inputs, inputs, strict=True):
            place.copy_(value, non_blocking=True)
        self._graph.replay()
        return self._results


def describe(network: REDNet, info: WeightsInfo) -> Description:
    """What a weights file holds besides the network's parameters, in the form that all runtimes take."""
    mean_points = network.mean_points.float().cpu().numpy()
    return Description(
        info.name, info.license, info.data, network.config, mean_points, info.identity_threshold, info.motion
    )


def frame_of(network: REDNet) -> Frame:
    """A frame by the network's own forward pass."""

    def frame(crops: Tensor, previous_px: Tensor, *parts: Tensor) -> dict[str, Tensor]:
        z0 = network.draw_z0(previous_px[:, list(DETECTION_INDICES)])
        state = tuple(part.to(network.dtype) for part in parts) or network.initial_state(len(crops))
        images = normalise(crops.permute(0, 3, 1, 2).flip(1)).to(network.dtype)
        if not network.config.direct:
            return read_frame(network(images, z0, state), network.config)
        features = network.body.stem(images)
        return two_steps(lambda z: network.one_step(features, z, state), z0, previous_px, network.config)

    return frame


def two_steps(
    step: Callable[[Tensor], REDNetOutput], z0: Tensor, previous_px: Tensor, config: REDNetConfig
) -> dict[str, Tensor]:
    """A frame of a direct network: two steps for all faces, the first one's result for those that it settles."""
    first = step(z0)
    assert first.seen is not None
    results, after = read_frame(first, config), read_frame(step(feedback(first.seen, "detection")), config)
    is_enough = is_settled(results["landmarks_px"], results["presence"], previous_px, config)
    return {
        name: torch.where(is_enough.reshape(-1, *[1] * (value.dim() - 1)), value, after[name])
        for name, value in results.items()
    }


def read_frame(output: REDNetOutput, config: REDNetConfig) -> dict[str, Tensor]:
    """The fields of `Estimate`, with the parts of the state, from what the last step of a network left."""
    landmarks_px, confidence = read_landmarks(output, config)
    results = {"landmarks_px": landmarks_px, "confidence": confidence}
    presence = read_presence(output, landmarks_px, config)
    if presence is not None:
        results["presence"] = presence
    if output.identity is not None:
        results["identity"] = torch.nn.functional.normalize(output.identity.float())
    if output.state is not None:
        results |= zip(config.state_shapes, output.state, strict=True)
    return results


def in_buckets(
    buckets: tuple[int, ...],
    run: Callable[[tuple[Tensor, ...]], dict[str, Tensor]],
    crops: NDArray[np.uint8],
    previous_px: FloatArray,
    state: FaceState | None,
) -> Estimate:
    """Run a frame of any number of faces by runs of fixed numbers: filled up with the first, and in parts."""
    parts = []
    for start in range(0, len(crops), buckets[-1]):
        rows = np.arange(start, min(start + buckets[-1], len(crops)))
        bucket = next(size for size in buckets if size >= len(rows))
        filled = np.concatenate([rows, np.full(bucket - len(rows), rows[0])])
        carried = None if state is None else state.rows(filled)
        results = run(to_device(crops[filled], previous_px[filled], carried, "cuda"))
        parts.append({name: value[: len(rows)].clone() for name, value in results.items()})
    return to_host({name: torch.cat([part[name] for part in parts]) for name in parts[0]})


def to_device(
    crops: NDArray[np.uint8], previous_px: FloatArray, state: FaceState | None, device: str
) -> tuple[Tensor, ...]:
    """The arguments of a `Frame`."""
    arrays = (crops, previous_px, *(state.parts.values() if state else ()))
    return tuple(torch.from_numpy(np.ascontiguousarray(array)).to(device) for array in arrays)


def to_host(results: dict[str, Tensor]) -> Estimate:
    """An `Estimate` of the results of a `Frame`."""
    return Estimate.of({name: value.float().cpu().numpy() for name, value in results.items()})
