"""A TensorRT engine that `rednet-export` has built on this machine. Never built while frames wait.

Written to torch-tensorrt's documented interface and not yet run on a GPU; how torch-tensorrt would cut the graph was
looked at without one (docs/inference.md).
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rednet_ros.files import library_path
from rednet_ros.inference.backends.backend import BUCKETS, BackendUnavailableError, prepared
from rednet_ros.inference.engine_file import EngineFile
from rednet_ros.inference.graph import FrameGraph
from rednet_ros.network.rednet import REDNet

PIXELS = (64 * 64, 1920 * 1080, 4 * 1920 * 1080)
"""Pixels of all cameras' images: least, usual, most."""

USUAL_FACES = 4


class TensorRtBackend:
    """See `Backend`."""

    threads = None

    def __init__(self, file: EngineFile) -> None:
        """Raises EngineMismatchError where the file is damaged or of something else, BackendUnavailableError where
        torch-tensorrt is missing or cannot load it."""
        told = file.check(this_machine())
        self.name = f"tensorrt {told['precision']}"
        self.device = "cuda"
        self.engine_path = file.path
        self.buckets: tuple[int, ...] | None = tuple(told["buckets"])
        try:
            with library_path(file.path) as plain:
                self._engine = _torch_tensorrt().load(plain).module()
        except Exception as error:
            raise BackendUnavailableError(f"TensorRT cannot load {file.path}: {error}") from error

    @torch.inference_mode()
    def run(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """See `Backend.run`."""
        results: tuple[Tensor, ...] = self._engine(*inputs)
        return results


def build(network: REDNet, dtype: torch.dtype, file: EngineFile) -> None:
    """Compile the network for this machine's GPU and write it, with its sidecar. Takes minutes.

    Raises BackendUnavailableError without torch-tensorrt or a GPU.
    """
    trt, here = _torch_tensorrt(), this_machine()
    graph = FrameGraph(prepared(network, "cuda", dtype)).eval()
    inputs = graph.example_inputs(2)
    faces = torch.export.Dim("faces", min=BUCKETS[0], max=BUCKETS[-1])
    pixels = torch.export.Dim("pixels", min=PIXELS[0], max=PIXELS[-1])
    shapes = ({0: pixels}, *({0: faces} for _ in inputs[1:]))
    program = torch.export.export(graph, inputs, dynamic_shapes=shapes)
    faces_range = (BUCKETS[0], USUAL_FACES, BUCKETS[-1])
    specifications = [_range(trt, value, faces_range if at else PIXELS) for at, value in enumerate(inputs)]
    engine = trt.dynamo.compile(program, inputs=specifications, min_block_size=1, use_explicit_typing=True)
    precision = str(dtype).removeprefix("torch.")

    def save(path: Path) -> None:
        with library_path(path) as plain:
            trt.save(engine, plain, output_format="exported_program", arg_inputs=list(inputs))

    file.write(save, {**here, "precision": precision, "buckets": list(BUCKETS)})


def this_machine() -> dict[str, Any]:
    """What an engine must have been built for to run here.

    Raises BackendUnavailableError without a GPU or torch-tensorrt.
    """
    trt = _torch_tensorrt()
    if not torch.cuda.is_available():
        raise BackendUnavailableError("TensorRT needs a CUDA GPU, and torch finds none")
    major, minor = torch.cuda.get_device_capability()
    return {
        "gpu": torch.cuda.get_device_name(),
        "compute_capability": f"{major}.{minor}",
        "driver": _driver(),
        "torch": torch.__version__,
        "torch_tensorrt": trt.__version__,
        "tensorrt": importlib.import_module("tensorrt").__version__,
    }


def _range(trt: Any, value: Tensor, counts: tuple[int, int, int]) -> Any:
    """What torch-tensorrt is told of an argument whose first dimension is least, usually and at most so long."""
    least, usual, most = ((count, *value.shape[1:]) for count in counts)
    return trt.Input(min_shape=least, opt_shape=usual, max_shape=most, dtype=value.dtype)


def _driver() -> str:
    """Version of the NVIDIA driver: the engine's kernels are translated by it."""
    try:
        told = Path("/proc/driver/nvidia/version").read_text(encoding="utf-8")
        return told.splitlines()[0].split("Module")[-1].split()[0]
    except (OSError, IndexError):
        return "unknown"


def _torch_tensorrt() -> Any:
    try:
        return importlib.import_module("torch_tensorrt")
    except ImportError as error:
        raise BackendUnavailableError(
            "torch-tensorrt is not installed: docs/inference.md names versions that fit; or choose another backend"
        ) from error
