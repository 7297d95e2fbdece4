"""How a person looks: skin, hair, brows, beard, make-up, glasses, hat, clothes.

What belongs to the person (`Person`) is drawn from the identity's seed; what a person changes from day to day
(`Outfit`) is drawn anew for every picture or clip. Colours are linear RGB, 0..1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rednet_ros.training.rendering.geometry import FloatArray
from rednet_ros.training.rendering.identity import Identity
from rednet_ros.training.rendering.rig import Rig
from rednet_ros.training.rendering.seeds import Rng, chance, generator

Colour = tuple[float, float, float]

SKIN_TONES = np.array(
    [
        (0.70, 0.49, 0.40),
        (0.62, 0.40, 0.29),
        (0.50, 0.30, 0.20),
        (0.36, 0.20, 0.125),
        (0.23, 0.12, 0.072),
        (0.125, 0.064, 0.040),
        (0.062, 0.034, 0.024),
    ]
)
"""Albedo of skin from the lightest to the darkest."""
HAIR_COLOURS = np.array(
    [
        (0.012, 0.009, 0.008),
        (0.020, 0.012, 0.008),
        (0.050, 0.028, 0.015),
        (0.110, 0.060, 0.028),
        (0.280, 0.170, 0.080),
        (0.420, 0.300, 0.160),
        (0.160, 0.050, 0.020),
        (0.250, 0.250, 0.260),
        (0.550, 0.550, 0.560),
    ]
)
FAIR_HAIR = np.array([4, 4, 3, 2, 1.4, 1.1, 0.8, 0.6, 0.5])
DARK_HAIR = np.array([8, 4, 0.6, 0.15, 0.1, 0.1, 0.1, 0.4, 0.4])
GREY = (7, 8)
LONG_FRINGES, FRINGE_SHARE = ("bob02", "braid01", "short03"), 0.35
"""Hair styles that cover half of the face, worn less often than others."""


@dataclass(frozen=True)
class Person:
    """What stays with an identity. `tone`: its skin's albedo; `skin`, `eye`: numbers of textures."""

    skin: int
    tone: Colour
    contrast: float
    blotches: float
    freckles: float
    bumps: float
    wrinkles: float
    eye: int
    brow: str
    brow_colour: Colour
    brow_density: float
    lash: str
    lash_density: float
    teeth: str
    teeth_tint: Colour
    lip_tint: Colour
    hair_colour: Colour


@dataclass(frozen=True)
class Glasses:
    """Frames and lenses. Lengths in decimetres; `squareness` 2 is an ellipse, 4 nearly a rectangle."""

    half_width: float
    half_height: float
    squareness: float
    thickness: float
    colour: Colour
    lens_opacity: float
    forward: float
    lower: float


@dataclass(frozen=True)
class Mask:
    """A face mask from the bridge of the nose to below the chin. `top`: where it ends, 0 the nose's tip, 1 its root."""

    colour: Colour
    stripe_colour: Colour
    top: float


@dataclass(frozen=True)
class Outfit:
    """What changes between two pictures of a person. `hair` and `hat` are the rig's names, None for without."""

    hair: str | None
    hair_volume: float
    buzz: float
    buzz_length: float
    stubble: float
    beard_length: float
    hat: str | None
    hat_colour: Colour
    glasses: Glasses | None
    mask: Mask | None
    lip_paint: float
    lip_colour: Colour
    lid_paint: float
    lid_colour: Colour
    gloss: float
    roughness: float
    scattering: float
    cloth: Colour
    cloth_second: Colour
    stripes: float
    neckline: float


@dataclass(frozen=True)
class Wardrobe:
    """What there is to choose from: the skin and eye textures' names, and the rig's accessories."""

    skin_names: tuple[str, ...]
    eye_names: tuple[str, ...]
    rig: Rig


def sample_person(wardrobe: Wardrobe, identity: Identity) -> Person:
    """Looks of the identity, always the same."""
    rng = generator(identity.seed, "person", identity.number)
    darkness = _darkness(rng, identity)
    hair = _hair_colour(rng, darkness, identity.age == "old")
    male = identity.male > 0.5
    lip = np.clip(rng.normal(1, 0.1, 3) * [1.0, 0.75 + 0.25 * darkness, 0.8 + 0.2 * darkness], 0.3, 1.3)
    return Person(
        skin=_choose_skin(rng, wardrobe.skin_names, identity),
        tone=_tone(rng, darkness),
        contrast=float(np.clip(np.exp(rng.normal() * 0.15), 0.75, 1.5)),
        blotches=0.25 * rng.random(),
        freckles=0.6 * rng.random() if chance(rng, 0.15) else 0.0,
        bumps=0.04 + 0.16 * rng.random(),
        wrinkles=rng.random() * {"old": 1.0, "young": 0.3, "child": 0.05}[identity.age],
        eye=_choose_eye(rng, wardrobe.eye_names, darkness),
        brow=str(rng.choice(wardrobe.rig.of_kind("brow"))),
        brow_colour=_colour(hair * (0.4 + 0.6 * rng.random())),
        brow_density=0.5 + 0.5 * rng.random(),
        lash=str(rng.choice(wardrobe.rig.of_kind("lash"))),
        lash_density=0.6 * rng.random() if male else 0.5 + 0.5 * rng.random(),
        teeth=str(rng.choice(wardrobe.rig.of_kind("teeth"))),
        teeth_tint=_colour(np.array([1, 0.97 - 0.1 * rng.random(), 0.9 - 0.25 * rng.random()]) * rng.uniform(0.7, 1.1)),
        lip_tint=_colour(lip),
        hair_colour=_colour(hair),
    )


def sample_outfit(wardrobe: Wardrobe, identity: Identity, rng: Rng) -> Outfit:
    """What the person wears in one picture or clip."""
    male = identity.male > 0.5
    grown = identity.age != "child"
    hair, buzz, hat = _headwear(rng, wardrobe.rig, male)
    stubble, beard = _beard(rng) if male and grown else (0.0, 0.0)
    painted = not male and grown and chance(rng, 0.45)
    cloth, second = _cloth_colour(rng), _cloth_colour(rng)
    return Outfit(
        hair=hair,
        hair_volume=float(np.clip(rng.normal(1.0, 0.12), 0.75, 1.35)),
        buzz=buzz,
        buzz_length=0.02 + 0.1 * rng.random(),
        stubble=stubble,
        beard_length=beard,
        hat=hat,
        hat_colour=_colour(rng.random(3) ** 2),
        glasses=_glasses(rng) if chance(rng, 0.18) else None,
        mask=_mask(rng) if chance(rng, 0.035) else None,
        lip_paint=0.3 + 0.6 * rng.random() if painted else 0.0,
        lip_colour=_colour(np.array([rng.uniform(0.25, 0.8), rng.uniform(0.01, 0.2), rng.uniform(0.03, 0.25)])),
        lid_paint=0.6 * rng.random() if painted else 0.0,
        lid_colour=_colour(rng.random(3) ** 2 * 0.4),
        gloss=0.2 + 1.1 * rng.random(),
        roughness=0.32 + 0.3 * rng.random(),
        scattering=rng.random(),
        cloth=_colour(cloth),
        cloth_second=_colour(cloth if chance(rng, 0.7) else second),
        stripes=2 + 14 * rng.random(),
        neckline=rng.uniform(0.55, 1.1),
    )


def _colour(values: FloatArray) -> Colour:
    return float(values[0]), float(values[1]), float(values[2])


def _cloth_colour(rng: Rng) -> FloatArray:
    """Mostly dull: grey, black, white, with some colour."""
    grey = rng.random() ** 2
    return grey + (rng.random(3) ** 2 - grey) * rng.choice([0.1, 0.4, 0.9])


def _darkness(rng: Rng, identity: Identity) -> float:
    """0 the lightest skin, 1 the darkest: drawn widely around what the ethnicity suggests."""
    caucasian, african, asian = identity.ethnicity
    middle = 0.2 * caucasian + 0.78 * african + 0.34 * asian
    return float(np.clip(rng.normal(middle, 0.16), 0, 1))


def _tone(rng: Rng, darkness: float) -> Colour:
    steps = np.linspace(0, 1, len(SKIN_TONES))
    tone = np.array([np.interp(darkness, steps, SKIN_TONES[:, channel]) for channel in range(3)])
    return _colour(tone * np.exp(rng.normal(size=3) * [0.03, 0.05, 0.09]))


def _choose_skin(rng: Rng, names: tuple[str, ...], identity: Identity) -> int:
    """A texture of the same gender and, mostly, of that age. The tone is set apart from it."""
    female = identity.male < 0.5
    fitting = [number for number, name in enumerate(names) if ("female" in name) == female]
    if identity.age == "old" and chance(rng, 0.7):
        fitting = [number for number in fitting if names[number].startswith(("old", "middleage"))] or fitting
    if chance(rng, 0.12):
        fitting = []
    return int(rng.choice(fitting or range(len(names))))


def _choose_eye(rng: Rng, names: tuple[str, ...], darkness: float) -> int:
    """Brown eyes for most, for nearly all with dark skin."""
    brown = [number for number, name in enumerate(names) if "brown" in name]
    if brown and chance(rng, 0.35 + 0.65 * min(1.0, darkness * 1.8)):
        return int(rng.choice(brown))
    return int(rng.integers(len(names)))


def _hair_colour(rng: Rng, darkness: float, old: bool) -> FloatArray:
    shares = (1 - darkness) * FAIR_HAIR + darkness * DARK_HAIR
    if old:
        shares[list(GREY)] *= 6
    return HAIR_COLOURS[rng.choice(len(shares), p=shares / shares.sum())] * np.exp(rng.normal() * 0.2)


def _headwear(rng: Rng, rig: Rig, male: bool) -> tuple[str | None, float, str | None]:
    """Hair, how densely the scalp is covered, hat."""
    if rig.of_kind("hat") and chance(rng, 0.07):
        return None, 0.7, str(rng.choice(rig.of_kind("hat")))
    draw = rng.random()
    bald, buzzed = (0.09, 0.28) if male else (0.02, 0.07)
    if draw < bald:
        return None, 0.0, None
    styles = rig.of_kind("hair")
    if draw < buzzed or not styles:
        return None, 0.5 + 0.5 * rng.random(), None
    if chance(rng, 0.8):
        styles = [style for style in styles if ("short" in style) == male] or styles
    shares = np.array([FRINGE_SHARE if style in LONG_FRINGES else 1.0 for style in styles])
    return str(rng.choice(styles, p=shares / shares.sum())), 0.6, None


def _beard(rng: Rng) -> tuple[float, float]:
    """Stubble 0..1 and length of a beard."""
    draw = rng.random()
    if draw < 0.35:
        return 0.15 + 0.6 * rng.random(), 0.0
    if draw < 0.6:
        return 0.6 + 0.4 * rng.random(), 0.03 + 0.14 * rng.random()
    return 0.0, 0.0


def _glasses(rng: Rng) -> Glasses:
    return Glasses(
        half_width=rng.uniform(0.2, 0.26),
        half_height=rng.uniform(0.12, 0.2),
        squareness=float(rng.choice([2.0, 2.6, 4.0])),
        thickness=rng.uniform(0.006, 0.026),
        colour=_colour(rng.random(3) ** 2 * rng.choice([0.1, 0.6])),
        lens_opacity=rng.uniform(0.75, 0.97) if chance(rng, 0.3) else rng.uniform(0.03, 0.12),
        forward=0.04 * rng.random(),
        lower=0.05 * rng.random(),
    )


def _mask(rng: Rng) -> Mask:
    plain = chance(rng, 0.6)
    first = np.array(((0.35, 0.55, 0.7), (0.8, 0.8, 0.8), (0.02, 0.02, 0.02), tuple(rng.random(3)))[rng.integers(4)])
    return Mask(
        colour=_colour(first),
        stripe_colour=_colour(first if plain else rng.random(3) ** 2),
        top=rng.uniform(0.25, 0.75),
    )
