"""A run's checkpoint: tensors and JSON in one safetensors file, no pickle. A resumed run goes on exactly."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from rednet_ros.errors import InputError
from rednet_ros.files import library_path
from rednet_ros.training.schedule import Plateau

Tensors = dict[str, Tensor]


@dataclass(frozen=True)
class Progress:
    """Where a run stands: the stage's index and the steps done in it.

    `plateau`: of the learning rate. `means`: of the loss balance. `losses`, `since`: sums since the last line of the
    log, and over how many steps.
    """

    stage_index: int = 0
    step: int = 0
    plateau: Plateau = field(default_factory=Plateau)
    means: tuple[float, ...] = ()
    losses: tuple[float, ...] = ()
    since: int = 0


@dataclass(frozen=True)
class Parts:
    """What a checkpoint holds the tensors of. `later`: what the run knows of modules that this stage does not have."""

    network: nn.Module
    average: nn.Module
    classifier: nn.Module | None
    optimizer: torch.optim.Optimizer
    later: Tensors


def save(path: Path, parts: Parts, progress: Progress) -> None:
    """Writes the checkpoint; an older one is replaced at once, so a crash leaves one of the two whole."""
    tensors = _above("network.", parts.network.state_dict()) | _above("average.", parts.average.state_dict())
    tensors |= _above("later.", parts.later)
    if parts.classifier is not None:
        tensors |= _above("classifier.", parts.classifier.state_dict())
    for index, moments in parts.optimizer.state_dict()["state"].items():
        kept: Tensors = {name: moment for name, moment in moments.items() if isinstance(moment, Tensor)}
        tensors |= _above(f"optimizer.{index}.", kept)
    partial = path.with_suffix(".partial")
    # Copied, since no two tensors of a file may share their memory.
    apart = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    save_file(apart, partial, {"progress": json.dumps(asdict(progress))})
    partial.replace(path)


def read_progress(path: Path) -> Progress:
    """Where the checkpoint's run stood.

    Raises:
        InputError: the file is missing or damaged.
    """
    try:
        with library_path(path) as plain, safe_open(plain, framework="pt") as file:
            values: dict[str, Any] = json.loads(file.metadata()["progress"])
        for name in ("means", "losses"):
            values[name] = tuple(values.get(name, ()))
        values["plateau"] = Plateau(**values.get("plateau", {}))
        return Progress(**values)
    except (OSError, SafetensorError, TypeError, KeyError, ValueError) as error:
        raise InputError(f"cannot resume from {path}: {error}") from error


def load(path: Path, parts: Parts) -> None:
    """Puts the checkpoint's tensors into the networks and the optimiser; `parts.later` is filled.

    Raises:
        InputError: the checkpoint is of another network, or of other people.
    """
    with library_path(path) as plain, safe_open(plain, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    try:
        parts.network.load_state_dict(_below("network.", tensors))
        parts.average.load_state_dict(_below("average.", tensors))
    except RuntimeError as error:
        raise InputError(f"{path} is of another network than the configuration: {error}") from error
    if parts.classifier is not None:
        try:
            parts.classifier.load_state_dict(_below("classifier.", tensors))
        except RuntimeError as error:
            raise InputError(f"{path} was trained on other people than the labels name: {error}") from error
    moments: dict[int, Tensors] = {}
    for name, tensor in _below("optimizer.", tensors).items():
        index, moment = name.split(".")
        moments.setdefault(int(index), {})[moment] = tensor
    parts.optimizer.load_state_dict({**parts.optimizer.state_dict(), "state": moments})
    parts.later.update(_below("later.", tensors))


def _above(prefix: str, tensors: Tensors) -> Tensors:
    return {f"{prefix}{name}": tensor for name, tensor in tensors.items()}


def _below(prefix: str, tensors: Tensors) -> Tensors:
    return {name[len(prefix) :]: tensor for name, tensor in tensors.items() if name.startswith(prefix)}
