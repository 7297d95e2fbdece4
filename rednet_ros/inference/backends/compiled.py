"""torch.compile: fewer and larger steps. Minutes to build, every time a process starts; needs a C++ compiler."""

from __future__ import annotations

import shutil

import torch
from torch import Tensor

from rednet_ros.inference.backends.backend import BackendUnavailableError, prepared
from rednet_ros.inference.backends.eager import graph_of
from rednet_ros.network.rednet import REDNet

WARM_UP_FACES = (1, 2, 3)
"""One face has code of its own, all other numbers share one."""


class CompiledBackend:
    """See `Backend`."""

    buckets: tuple[int, ...] | None = None
    threads = None
    engine_path = None

    def __init__(self, network: REDNet, device: str, from_frames: bool) -> None:
        """Compiles at once, so that no frame has to wait for it. Raises BackendUnavailableError where that fails."""
        if device == "cpu" and not (shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")):
            raise BackendUnavailableError("torch.compile needs a C++ compiler here: install g++, or choose another")
        self.name = f"compiled {str(network.dtype).removeprefix('torch.')}"
        self.device = device
        graph = graph_of(prepared(network, device), from_frames)
        # With `freezing` the weights are constants, laid out as the device's convolutions like them.
        self._graph = torch.compile(graph, options={"freezing": True})
        try:
            for faces in WARM_UP_FACES:
                self.run(graph.example_inputs(faces))
        except Exception as error:  # the compiler's own errors have no common base
            raise BackendUnavailableError(f"torch.compile failed: {_first_line(error)}") from error

    def run(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """See `Backend.run`."""
        with torch.inference_mode(False), torch.no_grad():  # freezing wants these, and no tensors of inference_mode
            plain = (value.clone() if value.is_inference() else value for value in inputs)
            results: tuple[Tensor, ...] = self._graph(*plain)
        return results


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
