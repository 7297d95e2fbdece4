"""What a face does: strengths of facial actions (the ARKit names), one random expression at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rednet_ros.training.rendering.seeds import Rng, chance

KINDS = ("neutral", "smile", "laugh", "open", "surprise", "frown", "kiss", "sneer", "random", "speak", "press")
SHARES = (0.14, 0.22, 0.16, 0.10, 0.06, 0.06, 0.04, 0.04, 0.07, 0.09, 0.02)
MOUTH_OPENERS = (
    "jawOpen",
    "mouthUpperUpLeft",
    "mouthUpperUpRight",
    "mouthLowerDownLeft",
    "mouthLowerDownRight",
    "mouthFunnel",
    "mouthStretchLeft",
    "mouthSmileLeft",
    "noseSneerLeft",
)
TWO_SIDED = ("browDown", "browOuterUp", "cheekSquint", "eyeSquint", "eyeWide", "mouthDimple", "mouthFrown")
ONE_PIECE = ("browInnerUp", "cheekPuff", "jawForward", "mouthFunnel", "mouthPucker", "mouthRollLower")
MORE_TWO_SIDED = ("mouthLowerDown", "mouthPress", "mouthSmile", "mouthStretch", "mouthUpperUp", "noseSneer")
MORE_ONE_PIECE = ("mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "jawOpen")


@dataclass(frozen=True)
class Expression:
    """Facial actions and their strengths, 0..1; those not named rest."""

    actions: dict[str, float] = field(default_factory=dict)

    @property
    def targets(self) -> dict[str, float]:
        """The same with the rig's names."""
        return {f"fu/{name}": value for name, value in self.actions.items() if value > 0}

    @property
    def mouth_open(self) -> bool:
        """Whether teeth might be seen."""
        return sum(self.actions.get(name, 0.0) for name in MOUTH_OPENERS) > 0.12

    def blended(self, other: Expression, share: float) -> Expression:
        """This expression, `share` of the way to the other."""
        names = self.actions.keys() | other.actions.keys()
        return Expression(
            {
                name: (1 - share) * self.actions.get(name, 0.0) + share * other.actions.get(name, 0.0)
                for name in sorted(names)
            }
        )

    def with_actions(self, **actions: float) -> Expression:
        """This expression with some actions replaced."""
        return Expression({**self.actions, **actions})


class _Builder:
    """Collects actions; of two strengths for one action the greater counts."""

    def __init__(self, rng: Rng) -> None:
        self.rng = rng
        self.actions: dict[str, float] = {}

    def one(self, name: str, strength: float) -> None:
        self.actions[name] = max(self.actions.get(name, 0.0), float(np.clip(strength, 0, 1)))

    def both(self, name: str, strength: float, asymmetry: float = 0.1) -> None:
        for side in ("Left", "Right"):
            self.one(name + side, strength * (1 + self.rng.normal() * asymmetry))

    def some(self) -> float:
        return float(self.rng.random())


def sample_expression(rng: Rng, kind: str | None = None) -> Expression:
    """A random expression, of one of KINDS if named, with lids, brows and gaze of their own."""
    face = _Builder(rng)
    _MOODS.get(kind or str(rng.choice(KINDS, p=SHARES)), _neutral)(face, face.some())
    if chance(rng, 0.25):
        face.one(str(rng.choice(["jawLeft", "jawRight", "mouthLeft", "mouthRight"])), 0.4 * face.some())
    if chance(rng, 0.3):
        face.both("browDown", 0.6 * face.some())
    elif chance(rng, 0.4):
        face.both("browOuterUp", 0.6 * face.some())
        face.one("browInnerUp", 0.6 * face.some())
    _lids(face)
    _gaze(face)
    return Expression(face.actions)


def _neutral(face: _Builder, strength: float) -> None:
    face.one("jawOpen", 0.06 * strength)


def _smile(face: _Builder, strength: float) -> None:
    face.both("mouthSmile", 0.3 + 0.7 * strength)
    face.both("cheekSquint", 0.6 * strength)
    face.both("eyeSquint", 0.4 * strength * face.some())
    if chance(face.rng, 0.4):
        face.both("mouthUpperUp", 0.45 * face.some())
        face.both("mouthLowerDown", 0.3 * face.some())


def _laugh(face: _Builder, strength: float) -> None:
    face.both("mouthSmile", 0.5 + 0.5 * strength)
    face.one("jawOpen", 0.1 + 0.45 * face.some())
    face.both("mouthUpperUp", 0.5 * face.some())
    face.both("cheekSquint", 0.8 * strength)
    face.both("eyeSquint", 0.6 * face.some())
    face.both("mouthLowerDown", 0.4 * face.some())


def _open(face: _Builder, strength: float) -> None:
    face.one("jawOpen", 0.2 + 0.7 * strength)
    face.both("mouthStretch", 0.3 * face.some())


def _surprise(face: _Builder, strength: float) -> None:
    face.one("jawOpen", 0.2 + 0.5 * strength)
    face.one("browInnerUp", 0.8 * strength)
    face.both("browOuterUp", 0.8 * strength)
    face.both("eyeWide", 0.7 * strength)


def _frown(face: _Builder, strength: float) -> None:
    face.both("mouthFrown", 0.4 + 0.5 * strength)
    face.both("browDown", 0.8 * strength)
    face.both("mouthPress", 0.3 * face.some())


def _kiss(face: _Builder, strength: float) -> None:
    face.one("mouthPucker", 0.4 + 0.6 * strength)
    face.one("mouthFunnel", 0.4 * face.some())


def _sneer(face: _Builder, strength: float) -> None:
    face.both("noseSneer", 0.3 + 0.7 * strength)
    face.both("mouthUpperUp", 0.5 * strength)
    face.both("browDown", 0.7 * face.some())


def _press(face: _Builder, strength: float) -> None:
    face.both("mouthPress", 0.8 * strength)
    face.one("mouthRollLower", 0.6 * face.some())
    face.one("mouthRollUpper", 0.6 * face.some())


def _speak(face: _Builder, _: float) -> None:
    for name in ("jawOpen", "mouthFunnel", "mouthPucker", "mouthShrugUpper"):
        face.one(name, 0.35 * face.some())
    for name in ("mouthLowerDown", "mouthUpperUp", "mouthStretch"):
        face.both(name, 0.45 * face.some())


def _random(face: _Builder, _: float) -> None:
    for name in face.rng.choice(TWO_SIDED + MORE_TWO_SIDED, 3, replace=False):
        face.both(str(name), 0.6 * face.some(), 0.5)
    for name in face.rng.choice(ONE_PIECE + MORE_ONE_PIECE, 2, replace=False):
        face.one(str(name), 0.6 * face.some() * (0.5 if "jaw" in str(name) else 1))


_MOODS: dict[str, Any] = {
    "smile": _smile,
    "laugh": _laugh,
    "open": _open,
    "surprise": _surprise,
    "frown": _frown,
    "kiss": _kiss,
    "sneer": _sneer,
    "press": _press,
    "speak": _speak,
    "random": _random,
}


def _lids(face: _Builder) -> None:
    """Eyes as open as people hold them for a camera, which is wider than the rig's at rest; some half or quite shut."""
    draw = face.some()
    if draw < 0.06:
        face.both("eyeBlink", 1.0, 0.0)
    elif draw < 0.12:
        face.both("eyeBlink", 0.3 + 0.5 * face.some(), 0.05)
    elif draw < 0.16:
        face.one(str(face.rng.choice(["eyeBlinkLeft", "eyeBlinkRight"])), 1.0)
    else:
        wide = face.rng.normal(0.3, 0.35)
        face.both("eyeWide" if wide > 0 else "eyeBlink", abs(wide), 0.05)


def _gaze(face: _Builder) -> None:
    aside, up = face.rng.normal(size=2) * [0.35, 0.22]
    left, right = ("Out", "In") if aside > 0 else ("In", "Out")
    face.one(f"eyeLook{left}Left", abs(aside))
    face.one(f"eyeLook{right}Right", abs(aside))
    face.both("eyeLook" + ("Up" if up > 0 else "Down"), abs(up), 0.0)
