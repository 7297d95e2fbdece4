"""Who a face is: the shape of a head that never moved, drawn from a seed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rednet_ros.training.rendering.geometry import FloatArray
from rednet_ros.training.rendering.rig import ETHNICITIES, Rig
from rednet_ros.training.rendering.seeds import Rng, chance, generator

AGES = ("child", "young", "old")
AGE_SHARES = (0.12, 0.63, 0.25)
MUSCLES = ("minmuscle", "averagemuscle", "maxmuscle")
WEIGHTS = ("minweight", "averageweight", "maxweight")
OPPOSITES = (
    ("-decr", "-incr"),
    ("-down", "-up"),
    ("-in", "-out"),
    ("-backward", "-forward"),
    ("-concave", "-convex"),
    ("-compress", "-uncompress"),
)
DETAIL_SPREAD = {"asym": 0.35, "head": 0.5, "ears": 0.7}
DETAIL_SPREAD_ELSE = 0.75
NOT_FOR_FACES = ("head-trans", "head-angle", "head-back", "head-age")

TargetPair = tuple[str, ...]
"""One target, or two that are each other's opposite."""


@dataclass(frozen=True, eq=False)
class Identity:
    """A person. `male` and each of `ethnicity` (parts of caucasian, african, asian) lie in 0..1; `shape` is V x 3."""

    seed: int
    number: int
    male: float
    age: str
    ethnicity: tuple[float, float, float]
    shape: FloatArray

    @property
    def name(self) -> str:
        """Its name in labels."""
        return f"render-{self.seed}-{self.number:06d}"


def sample_identity(rig: Rig, seed: int, number: int) -> Identity:
    """The person of this seed and number, always the same."""
    rng = generator(seed, "identity", number)
    ethnicity = rng.dirichlet([0.45] * len(ETHNICITIES))
    male = float(rng.beta(0.5, 0.5))
    age = str(rng.choice(AGES, p=AGE_SHARES))
    weights: dict[str, float] = {}
    _add_build(weights, rng, ethnicity, male, age)
    _add_details(weights, rng, rig)
    shape = rig.displaced(rig.base.reshape(-1, 3), weights)
    modes = np.clip(rng.normal(size=len(rig.modes)) * rng.choice([0.6, 0.9, 1.1]), -2.3, 2.3)
    shape = shape + (modes.astype(np.float32) @ rig.modes).reshape(-1, 3)
    return Identity(
        seed=seed,
        number=number,
        male=male,
        age=age,
        ethnicity=(float(ethnicity[0]), float(ethnicity[1]), float(ethnicity[2])),
        shape=shape.astype(np.float32),
    )


def _add_build(weights: dict[str, float], rng: Rng, ethnicity: FloatArray, male: float, age: str) -> None:
    """Ethnicity, gender, age, weight and muscles: products of weights that sum to one, as in MakeHuman."""
    older = AGES[min(AGES.index(age) + 1, len(AGES) - 1)]
    past = rng.random() * 0.6
    ages = {age: 1 - past}
    ages[older] = ages.get(older, 0) + past
    muscle, weight = (_thirds(rng.random()) for _ in range(2))
    for gender, of_gender in (("male", male), ("female", 1 - male)):
        for stage, of_stage in ages.items():
            for name, part in zip(ETHNICITIES, ethnicity, strict=True):
                weights[f"macro/{name}-{gender}-{stage}"] = float(part * of_gender * of_stage)
            for strength, of_strength in zip(MUSCLES, muscle, strict=True):
                for mass, of_mass in zip(WEIGHTS, weight, strict=True):
                    name = f"macro/universal-{gender}-{stage}-{strength}-{mass}"
                    weights[name] = float(of_gender * of_stage * of_strength * of_mass)


def _thirds(value: float) -> tuple[float, float, float]:
    """0..1 as parts of its least, middle and greatest: piecewise linear, they sum to one."""
    return max(0.0, 1 - 2 * value), 1 - abs(2 * value - 1), max(0.0, 2 * value - 1)


def _add_details(weights: dict[str, float], rng: Rng, rig: Rig) -> None:
    """Nose, eyes, mouth, chin, ...: left and right alike, but for a little."""
    strength = rng.choice([0.35, 0.6, 0.85])
    for (region, _), sides in _detail_groups(rig.target_names):
        if not chance(rng, 0.3 if region == "asym" else 0.55):
            continue
        spread = DETAIL_SPREAD.get(region, DETAIL_SPREAD_ELSE)
        value = float(np.clip(rng.normal() * 0.45, -1, 1) * strength * spread)
        for pair in sides:
            of_side = value + rng.normal() * 0.05
            name = pair[0] if of_side < 0 else pair[-1]
            weights[name] = weights.get(name, 0.0) + abs(of_side)


@lru_cache(maxsize=4)
def _detail_groups(names: tuple[str, ...]) -> tuple[tuple[tuple[str, str], tuple[TargetPair, ...]], ...]:
    """Targets of the same detail: ((region, detail), its sides, each one target or a pair of opposites)."""
    pairs: dict[str, list[str]] = {}
    for name in names:
        region, detail = name.split("/")
        if region in ("macro", "fu", "eu", "neck") or detail.startswith(NOT_FOR_FACES):
            continue
        pairs.setdefault(_without_direction(name), []).append(name)
    groups: dict[tuple[str, str], list[TargetPair]] = {}
    for stem, members in pairs.items():
        region, detail = stem.split("/")
        symmetric = detail[2:] if detail[:2] in ("l-", "r-") else detail
        groups.setdefault((region, symmetric), []).append(tuple(members))
    return tuple((key, tuple(sides)) for key, sides in groups.items())


def _without_direction(name: str) -> str:
    for less, more in OPPOSITES:
        for ending in (less, more):
            if name.endswith(ending):
                return name[: -len(ending)]
    return name
