"""A training run as a value, read from YAML: the network, the stages, the mix of data, the losses."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

import yaml

from rednet_ros.errors import InputError
from rednet_ros.network.config import REDNetConfig


@dataclass(frozen=True)
class LossWeights:
    """Factors of the losses' sum. `points` is ramped up over the stage's images `points_from`..`points_full`."""

    detection: float = 1.0
    regression: float = 30.0
    points: float = 0.3
    points_from: int = 0
    points_full: int = 0


@dataclass(frozen=True)
class AugmentationSettings:
    """Standard deviations and probabilities of what is done to a training face; see `augmentation`.

    `shift`: of the crop's centre, as a fraction of its side (each axis); `log_scale`: of its side; `roll_deg`: of its
    turn; `flip`, `occlude`, `blur`, `grey`, `noise`: probabilities; `previous`: share of faces whose z0 is drawn from
    disturbed landmarks, as in tracking, in place of the mean shape.
    """

    shift: float = 0.04
    log_scale: float = 0.09
    roll_deg: float = 10.0
    flip: float = 0.5
    occlude: float = 0.3
    blur: float = 0.2
    grey: float = 0.1
    noise: float = 0.2
    previous: float = 0.5


@dataclass(frozen=True)
class StageConfig:
    """One stage: `images` training faces at `crop_px`, AdamW from `learning_rate` by a cosine to `final_rate`.

    `mix`: source name (as in the labels) -> share of the batch; the name "background" stands for crops without a face.
    `average`: decay a step of the moving average of the weights, which is what is evaluated and shipped.
    """

    name: str
    crop_px: int
    images: int
    mix: dict[str, float]
    batch: int = 32
    learning_rate: float = 2e-3
    final_rate: float = 2e-5
    warmup_images: int = 2000
    weight_decay: float = 1e-2
    average: float = 0.998
    losses: LossWeights = field(default_factory=LossWeights)
    augmentation: AugmentationSettings = field(default_factory=AugmentationSettings)

    @property
    def steps(self) -> int:
        """Optimiser steps of the stage."""
        return max(1, self.images // self.batch)


@dataclass(frozen=True)
class TrainConfig:
    """A run: what is trained, on what, in which stages. `name`, `license` and `data` go into the weights file."""

    name: str
    license: str
    data: str
    network: REDNetConfig
    stages: tuple[StageConfig, ...]
    seed: int = 1
    log_every_images: int = 1600
    evaluate_every_images: int = 16000
    checkpoint_every_images: int = 8000


def read_config(path: str | Path) -> TrainConfig:
    """The run described by a YAML file.

    Raises:
        InputError: no such file, no YAML, or a name or value that is not understood; the message says which.
    """
    path = Path(path)
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as YAML: {error}") from error
    try:
        network = REDNetConfig.from_dict(values.pop("network"))
        stages = tuple(_stage(stage) for stage in values.pop("stages"))
        return _build(TrainConfig, {**values, "network": network, "stages": stages})
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: {error}") from error


T = TypeVar("T")


def _stage(values: dict[str, Any]) -> StageConfig:
    return _build(
        StageConfig,
        {
            **values,
            "losses": _build(LossWeights, values.get("losses", {})),
            "augmentation": _build(AugmentationSettings, values.get("augmentation", {})),
        },
    )


def _build(cls: type[T], values: dict[str, Any]) -> T:
    known = {item.name for item in fields(cls)}  # type: ignore[arg-type]
    if unknown := set(values) - known:
        raise ValueError(f"{cls.__name__}: unknown settings {sorted(unknown)}; known are {sorted(known)}")
    return cls(**values)
