"""Which backends may serve a network on a device, best first."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rednet_ros.errors import InputError
from rednet_ros.inference.backends.backend import Backend, BackendUnavailableError
from rednet_ros.inference.backends.eager import EagerBackend
from rednet_ros.inference.engine_file import EngineFile, file_sha256, usual_file
from rednet_ros.inference.runner import Candidate
from rednet_ros.inference.threads import CpuThreads, usual_threads
from rednet_ros.network.rednet import REDNet

BACKENDS = ("auto", "eager", "compiled", "openvino", "cuda_graph", "tensorrt")
"""What `backend` may be. "auto" takes the first of `AUTOMATIC` that can be used, or else "eager"."""

AUTOMATIC = {"cpu": ("openvino",), "cuda": ("tensorrt", "cuda_graph")}
"""By device, best first. "compiled" is not among them: it takes minutes to start."""

DEVICE_OF = {"openvino": "cpu", "cuda_graph": "cuda", "tensorrt": "cuda"}
"""Backends that run on one kind of device only."""


@dataclass(frozen=True)
class Wanted:
    """A network, and how it is to be run: on `device` "cpu" or "cuda", from crops or from images, with `threads` of
    a CPU.

    `weights_file`: what it was loaded from; None: it was made otherwise, and there are no engine files of it.
    `engine_file`: one in another place than `engine_file.usual_file`.
    """

    network: REDNet
    device: str
    from_frames: bool
    threads: CpuThreads = field(default_factory=usual_threads)
    weights_file: Path | None = None
    engine_file: Path | None = None

    def engine(self, backend: str) -> EngineFile | None:
        """Where the engine for `backend` is, if these weights have any."""
        if self.weights_file is None:
            return None
        if self.engine_file is not None:
            return EngineFile(self.engine_file, file_sha256(self.weights_file))
        return usual_file(self.weights_file, backend)


def candidates(wanted: Wanted, backend: str = "auto") -> list[Candidate]:
    """The backends for a request of one of `BACKENDS`, best first. Behind what was asked for come those of "auto".

    The last ones are eager PyTorch in float32, on the device and then on the CPU, where anything runs. What "auto" does
    not find installed or built is left out; what was asked for by name is not, so that somebody says why it is missing.

    Raises:
        InputError: `backend` is another word, or runs on the other kind of device.
    """
    if backend not in BACKENDS:
        raise InputError(f"unknown backend {backend!r}: choose one of {', '.join(BACKENDS)}")
    device = DEVICE_OF.get(backend, wanted.device)
    if device != wanted.device:
        raise InputError(f"backend {backend!r} runs on {device}, not on {wanted.device}: choose another, or auto")
    if backend == "eager":
        names = []
    else:
        asked = [] if backend == "auto" else [backend]
        names = asked + [name for name in AUTOMATIC[wanted.device] if name not in asked and _is_there(name, wanted)]
    result = [Candidate(name, _maker(name, wanted)) for name in names]
    for place in dict.fromkeys((wanted.device, "cpu")):
        result.append(Candidate("eager", _eager(wanted, place)))
    return result


def _is_there(backend: str, wanted: Wanted) -> bool:
    """Whether a backend that nobody asked for by name is worth a try."""
    if backend == "openvino":
        return importlib.util.find_spec("openvino") is not None
    if backend == "tensorrt":
        engine = wanted.engine(backend)
        return engine is not None and engine.path.exists()
    return True


def _eager(wanted: Wanted, device: str) -> Callable[[], Backend]:
    return lambda: EagerBackend(wanted.network, device, wanted.from_frames)


def _maker(backend: str, wanted: Wanted) -> Callable[[], Backend]:
    # Imported when built: a machine without a GPU or without OpenVINO need not have what the others take.
    def openvino() -> Backend:
        from rednet_ros.inference.backends.openvino import OpenVinoBackend

        if wanted.from_frames:
            raise BackendUnavailableError("openvino takes crops, and this engine was made for images")
        return OpenVinoBackend(wanted.network, wanted.threads, wanted.engine(backend))

    def compiled() -> Backend:
        from rednet_ros.inference.backends.compiled import CompiledBackend

        return CompiledBackend(wanted.network, wanted.device, wanted.from_frames)

    def cuda_graph() -> Backend:
        from rednet_ros.inference.backends.cuda_graph import CudaGraphBackend

        return CudaGraphBackend(wanted.network, wanted.device)

    def tensorrt() -> Backend:
        from rednet_ros.inference.backends.tensorrt import TensorRtBackend

        engine = wanted.engine(backend)
        if engine is None:
            raise BackendUnavailableError(
                "an engine needs weights in a file, and a folder for it: REDNET_ROS_CACHE where there is no home folder"
            )
        return TensorRtBackend(engine)

    makers: dict[str, Callable[[], Backend]] = {
        "openvino": openvino,
        "compiled": compiled,
        "cuda_graph": cuda_graph,
        "tensorrt": tensorrt,
    }
    return makers[backend]
