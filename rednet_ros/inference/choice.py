"""Which runtimes may serve a weights file on a device, best first. Each is imported when it is built: a machine need
not have what the others take, and PyTorch takes seconds and 200 MB."""

from __future__ import annotations

import ctypes
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from rednet_ros.errors import InputError, WeightsError
from rednet_ros.inference import step_file
from rednet_ros.inference.runtime import Candidate, Runtime
from rednet_ros.inference.step_file import Description
from rednet_ros.inference.threads import CpuThreads

if TYPE_CHECKING:
    from rednet_ros.network.rednet import REDNet
    from rednet_ros.network.weights import WeightsInfo

BACKENDS = ("auto", "opencv", "openvino", "torch", "tensorrt")
"""What `backend` may be. "auto": the first that can be used of openvino, opencv, torch on a CPU; of tensorrt (where an
engine was built) and torch on a GPU."""


def choose_device(device: str, backend: str = "auto") -> str:
    """ "cpu" or "cuda" for a request of "auto", "cpu" or "cuda". PyTorch is loaded only with an NVIDIA driver.

    Raises:
        InputError: a request is another word, "cuda" where torch finds no GPU, or a backend of another device.
    """
    if backend not in BACKENDS:
        raise InputError(f"unknown backend {backend!r}: choose one of {', '.join(BACKENDS)}")
    if device not in ("auto", "cpu", "cuda"):
        raise InputError(f"unknown device {device!r}: choose auto, cpu or cuda")
    needed = {"opencv": "cpu", "openvino": "cpu", "tensorrt": "cuda"}.get(backend)
    if needed and device not in ("auto", needed):
        raise InputError(f"backend {backend!r} runs on {needed}, not on {device}: choose another, or auto")
    device = needed or device
    if device == "cpu" or (device == "auto" and not _has_gpu()):
        return "cpu"
    if not _has_gpu():
        raise InputError("device is 'cuda', but torch finds no CUDA GPU here: check the driver, or use device 'cpu'")
    return "cuda"


def _has_gpu() -> bool:
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    if not _is_installed("torch"):
        return False
    import torch

    return bool(torch.cuda.is_available())


def _is_installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def candidates_for(
    weights: Path, device: str, backend: str, threads: CpuThreads, engine_file: Path | None
) -> tuple[Description, list[Candidate], str | None]:
    """What the weights are of, and the runtimes for them, best first, what was asked for before the rest; and what is
    wrong with the step beside them."""
    with_torch = _WithTorch(weights, threads, engine_file) if weights.exists() and _is_installed("torch") else None
    problem = None
    try:
        description, found = step_file.read(weights).description, _without_torch(weights, threads, backend)
    except WeightsError as error:
        if with_torch is None or backend in ("opencv", "openvino"):
            raise
        description, found = with_torch.description(), []
        problem = str(error) if weights.with_suffix(".onnx").exists() else None
    if with_torch is None and backend in ("torch", "tensorrt"):
        problem = f"backend {backend} cannot be used: PyTorch is not installed, or {weights} is missing"
    if with_torch is not None:
        found = [*(with_torch.on_gpu(backend) if device == "cuda" else []), *found, with_torch.on_cpu()]
    return description, sorted(found, key=lambda each: each.name != backend), problem


def _without_torch(weights: Path, threads: CpuThreads, backend: str) -> list[Candidate]:
    # Each reads the file for itself: kept for those that never serve, it would stay in memory.
    def openvino() -> Runtime:
        from rednet_ros.inference.openvino import OpenVinoRuntime

        return OpenVinoRuntime(step_file.read(weights), threads)

    def opencv() -> Runtime:
        from rednet_ros.inference.opencv import OpenCvRuntime

        return OpenCvRuntime(step_file.read(weights), threads)

    found = [Candidate("openvino", openvino), Candidate("opencv", opencv)]
    return found if backend == "openvino" or _is_installed("openvino") else found[1:]


class _WithTorch:
    """The runtimes that need PyTorch; the weights are loaded when the first is built."""

    def __init__(self, weights: Path, threads: CpuThreads, engine_file: Path | None) -> None:
        self._weights, self._threads, self._engine_file = weights, threads, engine_file
        self._loaded: tuple[REDNet, WeightsInfo] | None = None

    def description(self) -> Description:
        from rednet_ros.inference.torch_runtime import describe

        return describe(*self._load())

    def on_cpu(self) -> Candidate:
        def build() -> Runtime:
            from rednet_ros.inference.torch_runtime import TorchRuntime

            return TorchRuntime(self._load()[0], "cpu", self._threads)

        return Candidate("torch", build)

    def on_gpu(self, backend: str) -> list[Candidate]:
        from rednet_ros.inference import tensorrt
        from rednet_ros.inference.torch_runtime import CudaGraphRuntime, TorchRuntime

        engine = tensorrt.engine_file(self._weights, self._engine_file)
        result = [
            Candidate("torch", lambda: CudaGraphRuntime(self._load()[0])),
            Candidate("torch", lambda: TorchRuntime(self._load()[0], "cuda")),
        ]
        if backend == "tensorrt" or (engine is not None and engine.exists()):
            mine = Candidate("tensorrt", lambda: tensorrt.TensorRtRuntime(engine, self._weights, self._load()[0]))
            result.insert(0, mine)
        return result

    def _load(self) -> tuple[REDNet, WeightsInfo]:
        from rednet_ros.network import weights

        self._loaded = self._loaded or weights.load(self._weights)
        return self._loaded
