"""The runs that test the paper's claims, the most important first: each changes one thing of a base configuration."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

BASES = Path(__file__).resolve().parents[2] / "config" / "train" / "experiments"
SEEDS = (1, 2)

WHOLE = "det_reg"
"""The experiment whose network every run on people or clips begins with, that of the same seed."""


@dataclass(frozen=True, eq=False)
class Experiment:
    """One configuration: `base` (a file of config/train/experiments), and what is different in its network, its losses,
    its augmentation and other settings of its `stage`. `question`: which comparisons it belongs to. `label`: how the
    tables call it."""

    name: str
    label: str
    question: tuple[str, ...]
    base: str = "stills"
    network: Mapping[str, Any] = field(default_factory=dict)
    losses: Mapping[str, Any] = field(default_factory=dict)
    augmentation: Mapping[str, Any] | None = None
    stage: Mapping[str, Any] = field(default_factory=dict)

    @property
    def finds_all_landmarks(self) -> bool:
        """Whether its networks find 68 landmarks, not the 7 of a detection step."""
        return self.network.get("steps", ["regression"])[-1] == "regression"


@dataclass(frozen=True)
class Run:
    """One experiment with one seed."""

    experiment: Experiment
    seed: int

    @property
    def name(self) -> str:
        """Of the run, of its folder and of its weights."""
        return f"{self.experiment.name}-{self.seed}"

    @property
    def begins_with(self) -> Run | None:
        """The run whose weights this one goes on with; None for one from scratch."""
        return None if self.experiment.base == "stills" else Run(by_name(WHOLE), self.seed)


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
    Experiment(
        WHOLE,
        "detection + regression",
        ("steps", "sharing", "count", "radius", "sigma", "maps", "augmentation", "optimizer"),
    ),
    Experiment("reg", "one-step regression", ("steps", "count"), network={"steps": ["regression"]}),
    Experiment("det", "one-step detection", ("steps",), network={"steps": ["detection"]}),
    Experiment("det_det", "detection + detection", ("steps",), network={"steps": ["detection", "detection"]}),
    Experiment("cascade", "cascade, own weights for each step", ("sharing",), network={"shared_steps": False}),
    Experiment("no_memory", "without temporal module", ("temporal",), base="clips", network={"temporal": "none"}),
    Experiment("residual", "temporal, residual e_p", ("temporal",), base="clips"),
    Experiment(
        "replace", "temporal, replaced e_p (the paper)", ("temporal",), base="clips", network={"temporal": "replace"}
    ),
    Experiment("with_identity", "with identity loss", ("identity",), base="identity"),
    Experiment("without_identity", "without identity loss", ("identity",), base="identity", losses={"identity": 0.0}),
    Experiment("radius_5", "radius 5 px (the paper)", ("radius",), network={"radius_px": 5.0}),
    Experiment("radius_20", "radius 20 px", ("radius",), network={"radius_px": 20.0}),
    Experiment("sigma_5", "sigma 5 px (the paper)", ("sigma",), network={"sigma_px": 5.0}),
    Experiment("sigma_12", "sigma 12 px", ("sigma",), network={"sigma_px": 12.0}),
    Experiment(
        "det_reg_reg",
        "detection + regression + regression",
        ("count",),
        network={"steps": ["detection", "regression", "regression"]},
    ),
    Experiment("adamw", "AdamW instead of Muon", ("optimizer",), stage={"optimizer": "adamw", "learning_rate": 2.0e-3}),
    Experiment(
        "smoothing", "temporal, residual, with smoothing", ("temporal",), base="clips", network={"smoothing": True}
    ),
    Experiment("calm", "temporal, residual, with jitter loss", ("temporal",), base="clips", losses={"jitter": 1.0}),
    Experiment(
        "linear",
        "linear maps, weighted squared error (the paper)",
        ("maps",),
        network={"regression_maps": "linear"},
        losses={"detection": 1.0, "regression": 30.0, "points": 0.3},
    ),
    Experiment("paper_augmentation", "the paper's augmentation", ("augmentation",), augmentation=PAPER_AUGMENTATION),
)
"""In the order in which they run."""


def by_name(name: str) -> Experiment:
    """The experiment of that name. Raises KeyError if there is none."""
    return {experiment.name: experiment for experiment in EXPERIMENTS}[name]


def of_question(question: str) -> list[Experiment]:
    """The experiments that a question compares."""
    return [experiment for experiment in EXPERIMENTS if question in experiment.question]


def plan(only: Collection[str] = (), seeds: Sequence[int] = SEEDS) -> list[Run]:
    """All runs, in their order, or those of the experiments or questions named and those that they begin with."""
    runs = [Run(experiment, seed) for experiment in EXPERIMENTS for seed in seeds]
    wanted = [run for run in runs if not only or set(only) & {run.experiment.name, *run.experiment.question}]
    needed = [run.begins_with for run in wanted]
    return [run for run in runs if run in wanted or run in needed]


def configuration(run: Run, images: int | None = None) -> dict[str, Any]:
    """The run's configuration as `rednet-train` reads it. `images`: to train on fewer, when the chain is tried."""
    experiment = run.experiment
    values: dict[str, Any] = yaml.safe_load((BASES / f"{experiment.base}.yaml").read_text(encoding="utf-8"))
    values["name"] = run.name
    values["seed"] = run.seed
    values["network"].update(experiment.network)
    stage = values["stages"][0]
    stage["losses"].update(experiment.losses)
    stage.update(experiment.stage)
    if experiment.augmentation is not None:
        stage["augmentation"] = dict(experiment.augmentation)
    if images is not None:
        stage["images"] = images
    return values
