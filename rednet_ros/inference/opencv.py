"""The step in OpenCV's DNN module, 4.6.0 or newer: runs on every CPU, with the OpenCV that is there anyway."""

from __future__ import annotations

from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from rednet_ros.inference.recurrence import StepOutput, feed, one_by_one, run_steps
from rednet_ros.inference.runtime import RuntimeUnavailableError
from rednet_ros.inference.step_file import StepFile, step_outputs
from rednet_ros.inference.threads import CpuThreads
from rednet_ros.inference.types import Estimate, FaceState, FloatArray


class OpenCvRuntime:
    """See `Runtime`. Faces go through the graph one by one: a batch is no faster, and another size of batch would
    allocate the graph anew."""

    name = "opencv float32"

    def __init__(self, file: StepFile, threads: CpuThreads) -> None:
        """Raises RuntimeUnavailableError where this OpenCV cannot read the graph."""
        self._description, self._threads = file.description, threads
        self._outputs = step_outputs(file.description.config)
        try:
            self._net = cv2.dnn.readNetFromONNX(np.frombuffer(file.graph, np.uint8))
        except cv2.error as error:
            raise RuntimeUnavailableError(f"OpenCV {cv2.__version__} cannot read the network: {error}") from error

    def run(self, crops: NDArray[np.uint8], previous_px: FloatArray, state: FaceState | None) -> Estimate:
        """See `Runtime`."""
        threads = self._threads.of(len(crops))
        if cv2.getNumThreads() != threads:
            cv2.setNumThreads(threads)
        return run_steps(partial(one_by_one, self._step), self._description, crops, previous_px, state)

    def _step(self, crops: FloatArray, z: FloatArray, state: FaceState | None) -> StepOutput:
        for name, value in feed(crops, z, state).items():
            self._net.setInput(value, name)
        return StepOutput.of(dict(zip(self._outputs, self._net.forward(self._outputs), strict=True)))
