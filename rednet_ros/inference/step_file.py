"""The files from which a CPU runs a network without PyTorch: NAME.onnx, the graph of one step, and NAME.json beside it.

`rednet-export` writes both from NAME.safetensors, which stays the truth.
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
    """A step that was checked: `graph`, the bytes of the ONNX file, and what it is of."""

    graph: bytes
    description: Description
    weights_sha256: str


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
    try:
        return StepFile(graph, Description.from_dict(values), str(values["weights_sha256"]))
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{json_path} does not describe a network of this version: {error}") from error


def write(weights: Path, graph: bytes, description: Description) -> None:
    """Writes the step of a weights file beside it; older files are replaced at once. Raises OSError."""
    values = {
        "format": FORMAT,
        **description.to_dict(),
        "weights_sha256": file_sha256(weights),
        "graph_sha256": hashlib.sha256(graph).hexdigest(),
    }
    text = json.dumps({**values, "sha256": _checksum(values)}, indent=1) + "\n"
    for path, content in ((weights.with_suffix(".onnx"), graph), (weights.with_suffix(".json"), text.encode())):
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
