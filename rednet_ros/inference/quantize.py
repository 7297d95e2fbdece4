"""A step in 8 bits, for OpenVINO on processors that do not multiply bfloat16 (docs/inference.md): NNCF's quantisation
after training, calibrated on faces. What the small numbers would hurt stays in floating point: the first convolution,
which sees the image; the heads; identity and memory."""

from __future__ import annotations

import importlib.util
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rednet_ros.errors import InputError
from rednet_ros.inference.openvino import OpenVinoRuntime, core
from rednet_ros.inference.recurrence import StepOutput, feed, run_steps
from rednet_ros.inference.step_file import StepFile
from rednet_ros.inference.threads import CpuThreads
from rednet_ros.inference.types import FaceState, FloatArray

FLOAT = ("/c0/c0.0/", "/regression/", "/detection/", "/identity/", "/temporal/")
"""Beginnings of the names of what stays in floating point, of a mobile network: all of it. Rounding the memory's sums
and products alone would move landmarks by as much as rounding everything else."""

SHIFT_PX = 2.0
"""Standard deviation of how far a face has moved between the two frames of a calibration."""

HIDDEN_FRAMES, HIDDEN_SIDE = 0.3, 0.5
"""Share of the second frames in which a square hides a part of the face; its side, as a share of the crop's."""


def quantize(file: StepFile, crops: NDArray[np.uint8], seed: int = 1) -> tuple[bytes, bytes]:
    """OpenVINO's two files of a mobile network's step in 8 bits, the same for the same crops.

    `crops`: N x S x S x 3 uint8 BGR of faces; some hundreds.

    Raises:
        InputError: NNCF is not installed, or the network is not a mobile one.
        RuntimeUnavailableError: OpenVINO is not installed.
    """
    if importlib.util.find_spec("nncf") is None:
        raise InputError("NNCF is not installed: pip install 'rednet_ros[int8]'")
    if file.description.config.backbone != "mobile":
        raise InputError(f"only mobile networks are quantised, not {file.description.config.backbone}")
    openvino = core()  # before NNCF, so that its converter is kept out
    import nncf

    samples = calibration(file, crops, seed)
    model = openvino.read_model(file.graph, b"")
    kept = [operation.get_friendly_name() for operation in model.get_ordered_ops() if _stays_float(operation)]
    quantized = nncf.quantize(
        model,
        nncf.Dataset(samples),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(samples),
        ignored_scope=nncf.IgnoredScope(names=kept),
    )
    return _saved(quantized)


def calibration(file: StepFile, crops: NDArray[np.uint8], seed: int) -> list[dict[str, FloatArray]]:
    """What the steps of two frames of each crop see, in arrays by input of the graph (`recurrence.feed`).

    In the second frame the face has moved a little; in some of them a part of it is hidden.
    """
    runtime = OpenVinoRuntime(StepFile(file.graph, file.description, file.weights_sha256), CpuThreads(1, 1))
    rng = np.random.default_rng(seed)
    seen: list[dict[str, FloatArray]] = []

    def step(crops: FloatArray, z: FloatArray, state: FaceState | None) -> StepOutput:
        seen.append({name: value.copy() for name, value in feed(crops, z, state).items()})
        return runtime.step(crops, z, state)

    nothing_px = np.full((1, 68, 2), np.nan, np.float32)
    shapes = file.description.config.state_shapes
    start = FaceState.zeros(shapes, 1) if shapes else None
    for crop in crops:
        first = run_steps(step, file.description, crop[None], nothing_px, start)
        before_px = first.landmarks_px + rng.normal(0, SHIFT_PX, (1, 1, 2)).astype(np.float32)
        run_steps(step, file.description, _perhaps_hidden(crop, rng)[None], before_px, first.state)
    return seen


def _perhaps_hidden(crop: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    if rng.random() >= HIDDEN_FRAMES:
        return crop
    hidden, side = crop.copy(), int(HIDDEN_SIDE * len(crop))
    top, left = rng.integers(0, len(crop) - side, 2)
    hidden[top : top + side, left : left + side] = rng.integers(0, 256, 3)
    return hidden


def _stays_float(operation: Any) -> bool:
    kinds = ("Constant", "Parameter", "Result", "Convert")
    return operation.get_friendly_name().startswith(FLOAT) and operation.get_type_name() not in kinds


def _saved(model: Any) -> tuple[bytes, bytes]:
    import openvino

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "step.xml"
        openvino.save_model(model, path, compress_to_fp16=True)
        return path.read_bytes(), path.with_suffix(".bin").read_bytes()
