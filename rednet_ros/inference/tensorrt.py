"""A TensorRT engine of one step, built ahead of time by `rednet-export tensorrt` on the machine that runs it.

Written to torch-tensorrt's documented interface and not yet run on a GPU; how torch-tensorrt would cut the step was
looked at without one (docs/inference.md).
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rednet_ros.files import library_path, user_path
from rednet_ros.inference.export import StepGraph
from rednet_ros.inference.runtime import RuntimeUnavailableError
from rednet_ros.inference.step_file import file_sha256
from rednet_ros.inference.torch_runtime import BUCKETS, in_buckets, read_frame, two_steps
from rednet_ros.inference.types import Estimate, FaceState, FloatArray
from rednet_ros.landmarks import DETECTION_INDICES
from rednet_ros.network.rednet import REDNet, REDNetOutput, feedback, normalise, response_maps

CACHE_VARIABLE = "REDNET_ROS_CACHE"
"""Environment variable that names a folder for engine files, in place of ~/.cache/rednet_ros."""


class TensorRtRuntime:
    """See `Runtime`. `path`: the engine file."""

    def __init__(self, path: Path | None, weights: Path, network: REDNet) -> None:
        """Raises RuntimeUnavailableError where the engine is missing, damaged, of other weights or of another machine,
        or torch-tensorrt cannot load it."""
        if path is None:
            raise RuntimeUnavailableError(f"this user has no home folder for engines: set {CACHE_VARIABLE}")
        described = _checked(path, {**this_machine(), "weights_sha256": file_sha256(weights)})
        self.name, self.path = f"tensorrt {described['precision']}", path
        self._dtype = getattr(torch, described["precision"])
        self._network = network.to("cuda")
        try:
            with library_path(path) as plain:
                self._step = _torch_tensorrt().load(plain).module()
        except Exception as error:
            raise RuntimeUnavailableError(f"TensorRT cannot load {path}: {error}") from error

    def run(self, crops: NDArray[np.uint8], previous_px: FloatArray, state: FaceState | None) -> Estimate:
        """See `Runtime`."""
        with torch.inference_mode():
            return in_buckets(BUCKETS, self._frame, crops, previous_px, state)

    def _frame(self, inputs: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """A `torch_runtime.Frame` by K runs of the step."""
        pixels, previous_px, *state = inputs
        config = self._network.config
        crops = normalise(pixels.permute(0, 3, 1, 2).flip(1)).to(self._dtype)
        z = self._network.draw_z0(previous_px[:, list(DETECTION_INDICES)]).to(self._dtype)
        carried = [(part[:, :, None, None] if part.dim() == 2 else part).to(self._dtype) for part in state]

        def step(z: Tensor) -> REDNetOutput:
            detection, regression, *rest = self._step(crops, z.to(self._dtype), *carried)
            parts = [(value[:, :, 0, 0] if value.shape[2:] == (1, 1) else value).float() for value in rest]
            identity = parts.pop(0) if config.identity else None
            maps = response_maps(regression.float(), "regression", config)
            return REDNetOutput((maps,), tuple(parts) or None, identity, detection.float())

        if config.direct:
            return two_steps(step, z, previous_px, config)
        maps: list[Tensor] = []
        for kind in config.steps:
            output = step(z)
            assert output.seen is not None
            maps.append(output.seen if kind == "detection" else output.steps[0])
            z = feedback(maps[-1], kind)
        return read_frame(REDNetOutput(tuple(maps), output.state, output.identity), config)


def build(network: REDNet, dtype: torch.dtype, path: Path, weights: Path) -> None:
    """Compile one step for this machine's GPU and write it, with a JSON file that says what it is of. Takes minutes.

    Raises RuntimeUnavailableError without torch-tensorrt or a GPU.
    """
    trt, here = _torch_tensorrt(), this_machine()
    graph = StepGraph(network).eval().to("cuda", dtype)
    inputs = tuple(value.to("cuda", dtype) for value in graph.example_inputs(2))
    faces = torch.export.Dim("faces", min=BUCKETS[0], max=BUCKETS[-1])
    program = torch.export.export(graph, inputs, dynamic_shapes=tuple({0: faces} for _ in inputs))
    ranges = [
        trt.Input(
            min_shape=(BUCKETS[0], *value.shape[1:]),
            opt_shape=(4, *value.shape[1:]),
            max_shape=(BUCKETS[-1], *value.shape[1:]),
            dtype=dtype,
        )
        for value in inputs
    ]
    engine = trt.dynamo.compile(program, inputs=ranges, min_block_size=1, use_explicit_typing=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    with library_path(partial) as plain:
        trt.save(engine, plain, output_format="exported_program", arg_inputs=list(inputs))
    sidecar = path.with_suffix(".json")
    sidecar.unlink(missing_ok=True)  # an engine without one is not used: no half-written one ever is
    partial.replace(path)
    facts = {**here, "precision": str(dtype).removeprefix("torch."), "weights_sha256": file_sha256(weights)}
    sidecar.write_text(json.dumps({**facts, "engine_sha256": file_sha256(path)}, indent=1) + "\n", encoding="utf-8")


def engine_file(weights: Path, given: Path | None = None) -> Path | None:
    """Where the engine of a weights file lies: `given`, or in the user's cache; None without a home folder."""
    if given is not None:
        return given
    folder = cache_dir()
    if folder is None:
        return None
    return folder / f"{weights.stem}-{hashlib.sha256(str(weights.resolve()).encode()).hexdigest()[:8]}.tensorrt.ep"


def cache_dir() -> Path | None:
    """The folder of engine files that were not given another place; it need not exist yet.

    None for a user without a home folder, as in containers that run with an arbitrary user id, unless
    `REDNET_ROS_CACHE` or `XDG_CACHE_HOME` names one.
    """
    if named := os.environ.get(CACHE_VARIABLE):
        return user_path(named)
    if Path(named := os.environ.get("XDG_CACHE_HOME", "")).is_absolute():
        return Path(named) / "rednet_ros"
    try:
        return Path.home() / ".cache" / "rednet_ros"
    except RuntimeError:  # no HOME, and a user without an entry in the list of users
        return None


def this_machine() -> dict[str, Any]:
    """What an engine must have been built for to run here.

    Raises RuntimeUnavailableError without a GPU or torch-tensorrt.
    """
    trt = _torch_tensorrt()
    if not torch.cuda.is_available():
        raise RuntimeUnavailableError("TensorRT needs a CUDA GPU, and torch finds none")
    return {
        "gpu": torch.cuda.get_device_name(),
        "compute_capability": list(torch.cuda.get_device_capability()),
        "torch": torch.__version__,
        "torch_tensorrt": trt.__version__,
        "tensorrt": importlib.import_module("tensorrt").__version__,
    }


def _checked(path: Path, expected: dict[str, Any]) -> dict[str, Any]:
    """What the file beside an engine says, if it is whole and of `expected`."""
    sidecar = path.with_suffix(".json")
    try:
        described = json.loads(sidecar.read_text(encoding="utf-8"))
        whole = described["engine_sha256"] == file_sha256(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RuntimeUnavailableError(f"there is no engine with its description at {path}: {error}") from error
    differing = [
        f"{name} is {described.get(name)!r} in the file, {value!r} here"
        for name, value in expected.items()
        if described.get(name) != value
    ]
    if differing or not whole:
        reason = "; ".join(differing) or f"its checksum is not that in {sidecar.name}"
        raise RuntimeUnavailableError(f"{path} cannot be used: {reason}. Build it again: rednet-export tensorrt")
    return dict(described)


def _torch_tensorrt() -> Any:
    try:
        return importlib.import_module("torch_tensorrt")
    except ImportError as error:
        raise RuntimeUnavailableError(
            "torch-tensorrt is not installed: docs/inference.md names versions that fit; or choose another backend"
        ) from error
