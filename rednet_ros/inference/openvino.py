"""The step in OpenVINO: faster than OpenCV on processors with AVX-512 (docs/inference.md). The extra [fast]."""

from __future__ import annotations

import functools
import importlib
import sys
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rednet_ros.inference.recurrence import MEANS, REGRESSION, StepOutput, cells, feed, one_by_one, run_steps
from rednet_ros.inference.runtime import RuntimeUnavailableError
from rednet_ros.inference.step_file import StepFile
from rednet_ros.inference.threads import MANY_FACES, CpuThreads
from rednet_ros.inference.types import Estimate, FaceState, FloatArray
from rednet_ros.network.config import SOFTMAX_SHARPNESS


class OpenVinoRuntime:
    """See `Runtime`. Fewer than MANY_FACES faces go one by one through a graph for one face, which takes OpenVINO a
    seventh less time than one for any number. That one, with more threads, is compiled when more faces come."""

    def __init__(self, file: StepFile, threads: CpuThreads) -> None:
        """Raises RuntimeUnavailableError where OpenVINO is not installed, or cannot use the network."""
        self._description, self._threads = file.description, threads
        openvino = core()
        self._precision = "bf16" if file.description.config.direct and _multiplies_bf16(openvino) else "f32"
        kind, (graph, numbers) = "float32", (file.graph, b"")
        if self._precision == "bf16":
            kind = "bfloat16"
        elif file.int8 is not None:
            kind, (graph, numbers) = "int8", file.int8
        self.name = f"openvino {kind}"
        try:
            self._model = openvino.read_model(graph, numbers)
            config = file.description.config
            if config.direct and config.regression_maps == "softmax" and self._precision == "f32":
                _read_means(self._model)
            self._one = self._request(1, threads.few)
            self._inputs = {port.any_name: self._one.get_tensor(port).data for port in self._one.model_inputs}
            self._many: Any = None
        except Exception as error:  # the library's errors have no common base
            raise RuntimeUnavailableError(f"OpenVINO cannot use the network: {error}") from error

    def run(self, crops: NDArray[np.uint8], previous_px: FloatArray, state: FaceState | None) -> Estimate:
        """See `Runtime`."""
        return run_steps(self.step, self._description, crops, previous_px, state)

    def step(self, crops: FloatArray, z: FloatArray, state: FaceState | None) -> StepOutput:
        """See `Step`."""
        if len(crops) < MANY_FACES:
            return one_by_one(self._step_of_one, crops, z, state)
        if self._many is None:
            self._many = self._request(-1, self._threads.many)
        return _output(self._many.infer(feed(crops, z, state), share_inputs=True, share_outputs=False))

    def _step_of_one(self, crops: FloatArray, z: FloatArray, state: FaceState | None) -> StepOutput:
        for name, value in feed(crops, z, state).items():
            self._inputs[name][...] = value
        return _output(self._one.infer(share_outputs=False))

    def _request(self, faces: int, threads: int) -> Any:
        """For batches of so many faces; -1: of any number."""
        self._model.reshape({port.any_name: [faces, *list(port.shape)[1:]] for port in self._model.inputs})
        return request(self._model, threads, self._precision)


def _output(results: Any) -> StepOutput:
    # Of copies (share_outputs=False): what OpenVINO shares changes with the next batch.
    return StepOutput.of({port.any_name: value for port, value in results.items()})


def _read_means(model: Any) -> None:
    """Have the graph give `StepOutput.means` in place of its regression maps, for nearly nothing: NumPy takes 0.2 ms a
    face. Not in bfloat16, in which means would be whole cells."""
    ops = importlib.import_module("openvino.opset13")
    (old,) = (result for result in model.get_results() if REGRESSION in result.output(0).names)
    maps = old.input_value(0)
    size = maps.get_partial_shape()[3].get_length()
    flat = ops.reshape(maps, np.array([0, 0, size**2]), special_zero=True)
    shares = ops.softmax(ops.multiply(flat, np.float32(SOFTMAX_SHARPNESS)), axis=2)
    places = ops.matmul(shares, ops.constant(cells(size)[:, :2]), transpose_a=False, transpose_b=False)
    means = ops.concat([places, ops.reduce_max(shares, np.array([2]), keep_dims=True)], axis=2)
    means.output(0).get_tensor().set_names({MEANS})
    model.remove_result(old)
    model.add_results([ops.result(means)])


def request(model: Any, threads: int, precision: str = "f32") -> Any:
    """A model of `core`, compiled for so many threads, as something that infers. `precision`: "f32" or "bf16"."""
    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": precision,
        "ENABLE_CPU_PINNING": False,  # the detector and ROS want the same cores
    }
    return core().compile_model(model, "CPU", settings).create_infer_request()


def _multiplies_bf16(openvino: Any) -> bool:
    """Whether the processor has instructions for it: it then moves a direct network's landmarks by 0.02 px, in the mean
    (docs/inference.md)."""
    return "BF16" in openvino.get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def core() -> Any:
    """The process's one `openvino.Core`, which lives as long as the process. Raises RuntimeUnavailableError without
    OpenVINO.

    OpenVINO's CPU plugin gives the thread that loads it an alternate signal stack, and frees that stack when its core
    and all that was compiled by it are gone. With a second core, or from another thread, the thread is left with freed
    memory for a signal stack, and the next signal that Python handles kills the process (docs/inference.md).
    """
    with _CORE_LOCK:
        return _only_core()


_CORE_LOCK = threading.Lock()
"""`functools.cache` alone would let two threads make a core each."""


@functools.cache
def _only_core() -> Any:
    # Its converter of other formats is kept out, which takes 8 MB and a tenth of a second, and with it its companion
    # openvino-telemetry, which reports every import to its makers.
    sys.modules.setdefault(_CONVERTER, None)  # type: ignore[arg-type]
    try:
        return importlib.import_module("openvino").Core()
    except ImportError as error:
        raise RuntimeUnavailableError(
            "OpenVINO is not installed: pip install 'rednet_ros[fast]', or choose another backend"
        ) from error
    finally:
        if sys.modules[_CONVERTER] is None:
            del sys.modules[_CONVERTER]  # others may want it


_CONVERTER = "openvino.tools.ovc"
