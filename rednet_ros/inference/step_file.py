"""The files from which a CPU runs a network without PyTorch: NAME.onnx, the graph of one step, and NAME.json beside it.

`rednet-export` writes both from NAME.safetensors, which stays the truth. `rednet-export int8` may add NAME.int8.xml and
NAME.int8.bin, the same step in 8 bits, as OpenVINO keeps it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rednet_ros.errors import WeightsError
from rednet_ros.network.config import REDNetConfig
from rednet_ros.resources import is_file

FORMAT = "rednet-step-1"

NEXT = "next_"
"""Before the name of a part of the state: the output of that name."""


@dataclass(frozen=True)
class Description:
    """What a runtime needs of a network besides its numbers.

    `mean_points`: 7 x 2 float32, where the detection landmarks lie on average, as fractions of the crop.
    `motion`: parameters of the tracker's motion filter, as plain values; None where none were fitted. The others as of
    `network.weights.WeightsInfo`.
    """

    name: str
    license: str
    data: str
    config: REDNetConfig
    mean_points: NDArray[np.float32]
    identity_threshold: float | None = None
    motion: Mapping[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "name": self.name,
            "license": self.license,
            "data": self.data,
            "network": self.config.to_dict(),
            "mean_points": np.asarray(self.mean_points).tolist(),
            "identity_threshold": self.identity_threshold,
            "motion": self.motion,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Description:
        """The inverse of `to_dict`. Raises KeyError, TypeError or ValueError for values that do not fit."""
        mean_points = np.array(values["mean_points"], np.float32)
        if mean_points.shape != (7, 2) or not np.isfinite(mean_points).all():
            raise ValueError("mean_points are not 7 x 2 numbers")
        threshold = values["identity_threshold"]
        return cls(
            str(values["name"]),
            str(values["license"]),
            str(values["data"]),
            REDNetConfig.from_dict(values["network"]),
            mean_points,
            None if threshold is None else float(threshold),
            values["motion"],
        )


@dataclass(frozen=True)
class StepFile:
    """A step that was checked: `graph`, the bytes of the ONNX file, and what it is of. `int8`: the bytes of OpenVINO's
    graph and of its numbers, where the step lies there in 8 bits, too."""

    graph: bytes
    description: Description
    weights_sha256: str
    int8: tuple[bytes, bytes] | None = None


def read(weights: Path) -> StepFile:
    """The step beside a weights file (of `resources.resolve_weights`), both of its files checked whole.

    Raises:
        WeightsError: a file is missing, damaged, of another version, or of other weights than lie beside it.
    """
    graph_path, json_path = weights.with_suffix(".onnx"), weights.with_suffix(".json")
    try:
        graph, values = graph_path.read_bytes(), json.loads(json_path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WeightsError(f"{error.filename} cannot be read: {error.strerror}. rednet-export writes it") from error
    except ValueError as error:
        raise WeightsError(f"{json_path} is damaged: {error}. rednet-export writes it anew") from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise WeightsError(f"{json_path} does not describe a step of this version: its format is not {FORMAT!r}")
    checksum = values.pop("sha256", None)
    if checksum != _checksum(values) or values.get("graph_sha256") != hashlib.sha256(graph).hexdigest():
        raise WeightsError(f"{graph_path} or {json_path.name} is damaged: rednet-export writes them anew")
    if is_file(weights) and values.get("weights_sha256") != file_sha256(weights):
        raise WeightsError(f"{graph_path} is of other weights than {weights.name}: run rednet-export on them")
    int8 = _read_int8(weights, values["int8_sha256"]) if "int8_sha256" in values else None
    try:
        return StepFile(graph, Description.from_dict(values), str(values["weights_sha256"]), int8)
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{json_path} does not describe a network of this version: {error}") from error


def _read_int8(weights: Path, expected_sha256: object) -> tuple[bytes, bytes] | None:
    """None where neither file is there: the wheel leaves out those of the weights that are not the default."""
    paths = _int8_paths(weights)
    if not any(is_file(path) for path in paths):
        return None
    try:
        graph, numbers = (path.read_bytes() for path in paths)
    except OSError as error:
        raise WeightsError(
            f"{error.filename} cannot be read: {error.strerror}. rednet-export int8 writes it"
        ) from error
    if hashlib.sha256(graph + numbers).hexdigest() != expected_sha256:
        raise WeightsError(f"{paths[0]} or {paths[1].name} is damaged: rednet-export int8 writes them anew")
    return graph, numbers


def _int8_paths(weights: Path) -> tuple[Path, Path]:
    return weights.with_suffix(".int8.xml"), weights.with_suffix(".int8.bin")


def write(weights: Path, graph: bytes, description: Description) -> None:
    """Writes the step of a weights file beside it; older files are replaced at once, those in 8 bits go.

    Raises OSError.
    """
    values = {
        "format": FORMAT,
        **description.to_dict(),
        "weights_sha256": file_sha256(weights),
        "graph_sha256": hashlib.sha256(graph).hexdigest(),
    }
    _replace(weights.with_suffix(".onnx"), graph)
    _write_json(weights, values)
    for path in _int8_paths(weights):
        path.unlink(missing_ok=True)


def write_int8(weights: Path, graph: bytes, numbers: bytes) -> None:
    """Adds the step in 8 bits, as OpenVINO's two files, to the step that lies there. Raises OSError, WeightsError."""
    read(weights)
    values = json.loads(weights.with_suffix(".json").read_text(encoding="utf-8"))
    del values["sha256"]
    for path, content in zip(_int8_paths(weights), (graph, numbers), strict=True):
        _replace(path, content)
    _write_json(weights, {**values, "int8_sha256": hashlib.sha256(graph + numbers).hexdigest()})


def _write_json(weights: Path, values: Mapping[str, Any]) -> None:
    text = json.dumps({**values, "sha256": _checksum(values)}, indent=1) + "\n"
    _replace(weights.with_suffix(".json"), text.encode())


def _replace(path: Path, content: bytes) -> None:
    partial = path.with_name(f"{path.name}.partial")
    partial.write_bytes(content)
    partial.replace(path)


def file_sha256(path: Path) -> str:
    """Of a file's content, as hexadecimal digits. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else _sha256(file)


def _sha256(file: Any) -> str:
    digest = hashlib.sha256()  # Python 3.10 has no `file_digest`
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def _checksum(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def step_inputs(config: REDNetConfig) -> list[str]:
    """Names of the inputs of the graph of one step, in its order."""
    return ["crops", "z", *config.state_shapes]


def step_outputs(config: REDNetConfig) -> list[str]:
    """Names of the outputs of the graph of one step, in its order."""
    state = [f"{NEXT}{name}" for name in config.state_shapes]
    return ["detection", "regression", *(["identity"] if config.identity else []), *state]
