"""A run's checkpoint: tensors and JSON in one safetensors file, no pickle. A resumed run goes on exactly."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from rednet_ros.errors import InputError
from rednet_ros.network.rednet import REDNet


@dataclass(frozen=True)
class Progress:
    """Where a run stands: the stage's index and the steps done in it."""

    stage_index: int = 0
    step: int = 0


def save(path: Path, network: REDNet, average: REDNet, optimizer: torch.optim.Optimizer, progress: Progress) -> None:
    """Writes the checkpoint; an older one is replaced at once, so a crash leaves one of the two whole."""
    tensors = {f"network.{name}": tensor for name, tensor in network.state_dict().items()}
    tensors |= {f"average.{name}": tensor for name, tensor in average.state_dict().items()}
    for index, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": moment for name, moment in moments.items()}
    partial = path.with_suffix(".partial")
    contiguous = {name: tensor.contiguous() for name, tensor in tensors.items()}
    save_file(contiguous, partial, {"progress": json.dumps(asdict(progress))})
    partial.replace(path)


def read_progress(path: Path) -> Progress:
    """Where the checkpoint's run stood.

    Raises:
        InputError: the file is missing or damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            return Progress(**json.loads(file.metadata()["progress"]))
    except (OSError, SafetensorError, TypeError, KeyError, ValueError) as error:
        raise InputError(f"cannot resume from {path}: {error}") from error


def load(path: Path, network: REDNet, average: REDNet, optimizer: torch.optim.Optimizer) -> None:
    """Puts the checkpoint's tensors into both networks and the optimiser.

    Raises:
        InputError: the checkpoint is of another network.
    """
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    try:
        network.load_state_dict(_below("network.", tensors))
        average.load_state_dict(_below("average.", tensors))
    except RuntimeError as error:
        raise InputError(f"{path} is of another network than the configuration: {error}") from error
    moments: dict[int, dict[str, Tensor]] = {}
    for name, tensor in _below("optimizer.", tensors).items():
        index, moment = name.split(".")
        moments.setdefault(int(index), {})[moment] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name[len(prefix) :]: tensor for name, tensor in tensors.items() if name.startswith(prefix)}
