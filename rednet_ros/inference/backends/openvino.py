"""OpenVINO on a CPU: the fastest way to run the network there (figures in docs/inference.md). An optional extra."""

from __future__ import annotations

import functools
import importlib
import logging
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rednet_ros.files import library_path
from rednet_ros.inference.backends.backend import BackendUnavailableError, prepared
from rednet_ros.inference.engine_file import EngineFile, EngineMismatchError
from rednet_ros.inference.graph import CropGraph
from rednet_ros.inference.threads import CpuThreads
from rednet_ros.network.rednet import REDNet

log = logging.getLogger(__name__)

NAME = "openvino float32"
MAX_FACES = 1024
"""Of the exported graph's first dimension; more than anybody has."""


class OpenVinoBackend:
    """See `Backend`. Takes crops, any number of them: the shapes follow the batch.

    OpenVINO fixes the number of threads when it compiles, so small and large batches have a compiled model each.
    """

    name = NAME
    device = "cpu"
    buckets: tuple[int, ...] | None = None

    def __init__(self, network: REDNet, threads: CpuThreads, file: EngineFile | None = None) -> None:
        """`file`: where the converted network lies or shall be kept; None: it is converted anew.

        Raises BackendUnavailableError where OpenVINO is not installed, or cannot convert the network.
        """
        self.threads = threads
        model, self.engine_path = _model(network, file)
        try:
            self._requests = {count: _request(model, count) for count in {threads.few, threads.many}}
        except Exception as error:
            raise BackendUnavailableError(f"OpenVINO cannot use the network: {error}") from error

    def run(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """See `Backend.run`."""
        arrays = [np.ascontiguousarray(value.numpy()) for value in inputs]
        # Copies of the results: what it shares is freed as soon as a batch of another size comes.
        request = self._requests[self.threads.of(len(arrays[0]))]
        results = request.infer(arrays, share_inputs=True, share_outputs=False)
        return tuple(torch.from_numpy(results[index]) for index in range(len(results)))


def _request(model: Any, threads: int) -> Any:
    """What runs a model with so many threads."""
    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": "f32",  # on newer CPUs it would take bfloat16 without being asked
        "ENABLE_CPU_PINNING": False,  # the detector and ROS want the same cores
    }
    return _core().compile_model(model, "CPU", settings).create_infer_request()


def convert(network: REDNet) -> Any:
    """The network as an OpenVINO model in float32, for any number of faces. Takes seconds.

    Raises BackendUnavailableError where OpenVINO is not installed, or cannot convert the network.
    """
    ov = _openvino()
    graph = CropGraph(prepared(network.float(), "cpu")).eval()
    inputs = graph.example_inputs(2)
    faces = torch.export.Dim("faces", min=1, max=MAX_FACES)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of the two about each other: nothing for users
            program = torch.export.export(graph, inputs, dynamic_shapes=_dynamic(len(inputs), faces))
            return ov.convert_model(program)
    except Exception as error:  # neither library's errors have a common base
        raise BackendUnavailableError(f"OpenVINO cannot convert the network: {error}") from error


def build(network: REDNet, file: EngineFile) -> Any:
    """Convert the network and keep it in `file`; returns the model. Raises BackendUnavailableError, or OSError where
    the file cannot be written."""
    model = convert(network)
    _keep(model, file)
    return model


def version() -> str:
    """Of the installed OpenVINO. Raises BackendUnavailableError without one."""
    return str(_openvino().get_version())


def _keep(model: Any, file: EngineFile) -> None:
    # Writes the numbers, too: a .bin beside the .xml.
    file.write(lambda path: _save(model, path), {"openvino": version(), "precision": "float32"})


def _save(model: Any, path: Path) -> None:
    with library_path(path.parent) as plain:
        _openvino().save_model(model, f"{plain}/{path.name}", compress_to_fp16=False)


def _model(network: REDNet, file: EngineFile | None) -> tuple[Any, Path | None]:
    """The network converted, and where it is kept."""
    if file is None:
        return convert(network), None
    try:
        file.check({"openvino": version()})
        with library_path(file.path) as xml, library_path(file.path.with_suffix(".bin")) as numbers:
            return _core().read_model(xml, numbers), file.path
    except (EngineMismatchError, RuntimeError) as error:
        log.info("converting the network for OpenVINO, once: %s", error)
    model = convert(network)
    try:
        _keep(model, file)
    except (OSError, RuntimeError) as error:  # OpenVINO's own error where it cannot write is a RuntimeError
        log.warning("the converted network cannot be kept in %s, every start converts it again: %s", file.path, error)
        return model, None
    return model, file.path


def _dynamic(count: int, faces: Any) -> tuple[Any, ...]:
    # As the star arguments of `CropGraph.forward` are named, in order.
    return tuple({0: faces} for _ in range(count))


def _core() -> Any:
    """The process's one `openvino.Core`, which lives as long as the process.

    OpenVINO's CPU plugin gives the thread that loads it an alternate signal stack, and frees that stack when its core
    and all that was compiled by it are gone. With a second core, or from another thread, the thread is left with freed
    memory for a signal stack, and the next signal that Python listens to kills the process (docs/inference.md).
    """
    with _CORE_LOCK:
        return _only_core()


_CORE_LOCK = threading.Lock()
"""`functools.cache` alone would let two threads make a core each."""


@functools.cache
def _only_core() -> Any:
    return _openvino().Core()


def _openvino() -> Any:
    """The package. Its companion openvino-telemetry, which reports every import to its makers, is kept out."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    try:
        return importlib.import_module("openvino")
    except ImportError as error:
        raise BackendUnavailableError(
            "OpenVINO is not installed: pip install 'rednet_ros[fast]', or choose another backend"
        ) from error
