"""Weights files: safetensors whose header also holds the network's shape, name and licence. No pickle anywhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from rednet_ros.errors import WeightsError
from rednet_ros.files import library_path
from rednet_ros.network.config import REDNetConfig
from rednet_ros.network.rednet import REDNet
from rednet_ros.resources import resolve_weights

FORMAT = "rednet-1"
__all__ = ["FORMAT", "WeightsInfo", "load", "save", "set_info"]

_HEADER_KEY = "rednet_ros"


@dataclass(frozen=True)
class WeightsInfo:
    """What a weights file says of itself: `name` and `license` are shown to users, `data` is what it was trained on.

    `identity_threshold`: the cosine, above 0 and at most 1, from which on two identity vectors are taken for the same
    person's (docs/recognition.md); None where nobody measured it, and where there is no identity branch. `motion`:
    parameters of the tracker's motion filter (`tracking.motion`), plain values; None where none were fitted.

    Raises:
        ValueError: `identity_threshold` is out of range.
    """

    name: str
    license: str
    data: str
    identity_threshold: float | None = None
    motion: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.identity_threshold is not None and not 0 < self.identity_threshold <= 1:
            raise ValueError(f"identity_threshold is {self.identity_threshold}: it must be above 0 and at most 1")


def save(path: Path, network: REDNet, info: WeightsInfo) -> None:
    """Writes the network's parameters and buffers, its configuration and `info`; an older file is replaced at once."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    _write(path, tensors, {"format": FORMAT, "network": network.config.to_dict(), **asdict(info)})


def set_info(path: Path, **changes: Any) -> None:
    """Writes measured fields of `WeightsInfo` into a weights file; all else in it stays as it is.

    Raises:
        WeightsError: the file cannot be used.
        ValueError: a value is out of range.
    """
    _, info = load(path)
    tensors, header = _read(path)
    _write(path, tensors, {**header, **asdict(replace(info, **changes))})


def _write(path: Path, tensors: dict[str, torch.Tensor], header: dict[str, Any]) -> None:
    partial = path.with_suffix(".partial")
    save_file(tensors, partial, metadata={_HEADER_KEY: json.dumps(header)})  # takes any name, unlike `safe_open`
    partial.chmod(0o644)  # safetensors writes for the owner alone; whoever runs the node may be another user
    partial.replace(path)


def load(name_or_path: str | Path) -> tuple[REDNet, WeightsInfo]:
    """A network in eval mode on the CPU, in float32, and what its file says of itself.

    Raises:
        WeightsError: the file is missing, truncated, of another network, or holds nan or infinite values.
    """
    path = resolve_weights(name_or_path)
    tensors, header = _read(path)
    try:
        # Without memory for parameters: those of the file take their place, or there is an error before any is spent.
        settings = dict(header["network"])
        if settings.pop("smoothing", False):  # version 0.1 kept its filter of the landmarks inside the network
            tensors = {name: tensor for name, tensor in tensors.items() if not name.startswith("smoothing.")}
        with torch.device("meta"):
            network = REDNet(REDNetConfig.from_dict(settings))
        threshold = header.get("identity_threshold")  # older files do not say
        info = WeightsInfo(
            str(header["name"]),
            str(header["license"]),
            str(header["data"]),
            None if threshold is None else float(threshold),
            header.get("motion"),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{path} does not describe a network of this version: {error}") from error
    try:
        _fill(network, tensors)
    except ValueError as error:
        raise WeightsError(f"{path} holds {error}: the file is damaged, replace it") from error
    except RuntimeError as error:
        reason = str(error).splitlines()[1].strip() if "\n" in str(error) else str(error)
        raise WeightsError(f"{path} holds weights of another network than its header says: {reason}") from error
    return network.eval(), info


def _fill(network: REDNet, tensors: dict[str, torch.Tensor]) -> None:
    dtypes = {name: tensor.dtype for name, tensor in network.state_dict().items()}
    # Copied, since the file is mapped: whoever writes to it later must not reach into the network.
    copies = {name: tensor.to(dtypes.get(name, torch.float32), copy=True) for name, tensor in tensors.items()}
    for name, tensor in copies.items():
        if not torch.isfinite(tensor).all():
            raise ValueError(f"nan or infinite values in {name}")
    network.load_state_dict(copies, assign=True)


def _read(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    try:
        with library_path(path) as plain, safe_open(plain, framework="pt") as file:
            header = json.loads((file.metadata() or {}).get(_HEADER_KEY, "{}"))
            if not isinstance(header, dict) or header.get("format") != FORMAT:
                raise WeightsError(f"{path} is not a RED-Net weights file: its header lacks format {FORMAT!r}")
            return {name: file.get_tensor(name) for name in file.keys()}, header  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        raise WeightsError(f"{path} cannot be read, it is truncated or no safetensors file: {error}") from error
