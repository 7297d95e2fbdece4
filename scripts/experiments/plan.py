"""The runs that test the paper's claims: each changes one thing of a base configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

BASES = Path(__file__).resolve().parents[2] / "config" / "train" / "experiments"
SEEDS = (1, 2)


@dataclass(frozen=True)
class Experiment:
    """One configuration: `base` (a file of config/train/experiments), and what is different in its network, its losses
    and its augmentation. `question`: which comparisons it belongs to. `label`: how the tables call it."""

    name: str
    label: str
    question: tuple[str, ...]
    base: str = "stills"
    network: Mapping[str, Any] = field(default_factory=dict)
    losses: Mapping[str, Any] = field(default_factory=dict)
    augmentation: Mapping[str, Any] | None = None


PAPER_AUGMENTATION = {
    "spread": "uniform",
    "shift": 7 / 256,
    "log_scale": 0.1,
    "roll_deg": 15.0,
    "flip": 0.5,
    "occlude": 0.0,
    "blur": 0.0,
    "grey": 0.0,
    "noise": 0.0,
    "light": 0.0,
}

EXPERIMENTS = (
    Experiment("det", "one-step detection", ("steps",), network={"steps": ["detection"]}),
    Experiment("reg", "one-step regression", ("steps", "count"), network={"steps": ["regression"]}),
    Experiment("det_det", "detection + detection", ("steps",), network={"steps": ["detection", "detection"]}),
    Experiment(
        "det_reg",
        "detection + regression",
        ("steps", "sharing", "count", "radius", "sigma", "augmentation", "maps"),
    ),
    Experiment("cascade", "cascade, own weights for each step", ("sharing",), network={"shared_steps": False}),
    Experiment(
        "det_reg_reg",
        "detection + regression + regression",
        ("count",),
        network={"steps": ["detection", "regression", "regression"]},
    ),
    Experiment("radius_5", "radius 5 px", ("radius",), network={"radius_px": 5.0}),
    Experiment("radius_20", "radius 20 px", ("radius",), network={"radius_px": 20.0}),
    Experiment("sigma_5", "sigma 5 px", ("sigma",), network={"sigma_px": 5.0}),
    Experiment("sigma_12", "sigma 12 px", ("sigma",), network={"sigma_px": 12.0}),
    Experiment(
        "linear",
        "linear maps, weighted squared error (the paper)",
        ("maps",),
        network={"regression_maps": "linear"},
        losses={"detection": 1.0, "regression": 30.0, "points": 0.3},
    ),
    Experiment("paper_augmentation", "the paper's augmentation", ("augmentation",), augmentation=PAPER_AUGMENTATION),
    Experiment("with_identity", "with identity loss", ("identity",), base="identity"),
    Experiment("without_identity", "without identity loss", ("identity",), base="identity", losses={"identity": 0.0}),
    Experiment("no_memory", "without temporal module", ("temporal",), base="clips", network={"temporal": "none"}),
    Experiment("residual", "temporal, residual e_p", ("temporal",), base="clips"),
    Experiment("replace", "temporal, replaced e_p", ("temporal",), base="clips", network={"temporal": "replace"}),
    Experiment("calm", "temporal, residual, with jitter loss", ("temporal",), base="clips", losses={"jitter": 1.0}),
)


def configuration(experiment: Experiment, seed: int) -> dict[str, Any]:
    """The run's configuration as `rednet-train` reads it."""
    values: dict[str, Any] = yaml.safe_load((BASES / f"{experiment.base}.yaml").read_text(encoding="utf-8"))
    values["name"] = run_name(experiment, seed)
    values["seed"] = seed
    values["network"].update(experiment.network)
    stage = values["stages"][0]
    stage["losses"].update(experiment.losses)
    if experiment.augmentation is not None:
        stage["augmentation"] = dict(experiment.augmentation)
    return values


def run_name(experiment: Experiment, seed: int) -> str:
    """Name of a run and of its folder."""
    return f"{experiment.name}-{seed}"
