"""How a face moves and what happens around it in a clip: head, speech, blinks, light, things that pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rednet_ros.training.rendering.expression import Expression, sample_expression
from rednet_ros.training.rendering.geometry import FloatArray
from rednet_ros.training.rendering.hand import Hand, sample_hand
from rednet_ros.training.rendering.occluders import Occluder
from rednet_ros.training.rendering.scene import MAX_PITCH_RAD, MAX_YAW_RAD, Lighting, Pose, sample_lighting
from rednet_ros.training.rendering.seeds import Rng, chance

FRAME_S = 1 / 30
SPEECH = ("jawOpen", "mouthFunnel", "mouthPucker", "mouthLowerDownLeft", "mouthUpperUpLeft", "mouthStretchLeft")
BLINK_S = 0.28


@dataclass(frozen=True, eq=False)
class Sway:
    """A smooth wandering of some values: the sum of slow sines. `amplitudes`, `frequencies_hz`, `phases`: waves x n."""

    amplitudes: FloatArray
    frequencies_hz: FloatArray
    phases: FloatArray

    def at(self, time_s: float) -> FloatArray:
        """The n values at a time."""
        return (self.amplitudes * np.sin(2 * np.pi * self.frequencies_hz * time_s + self.phases)).sum(axis=0)


def sample_sway(rng: Rng, sizes: tuple[float, ...], fastest_hz: float) -> Sway:
    """A wandering in which value i strays by about sizes[i]."""
    shape = (3, len(sizes))
    return Sway(
        amplitudes=np.array(sizes) * rng.uniform(0.2, 1.0, shape),
        frequencies_hz=rng.uniform(0.1, fastest_hz, shape),
        phases=rng.uniform(0, 2 * np.pi, shape),
    )


@dataclass(frozen=True, eq=False)
class HeadMotion:
    """Pose around a mean one; the face's way through the picture and its size."""

    around: Pose
    turn: Sway
    drift: Sway

    def pose(self, time_s: float) -> Pose:
        """The pose at a time, within the limits of stills."""
        yaw, pitch, roll = self.turn.at(time_s)
        return Pose(
            yaw_rad=float(np.clip(self.around.yaw_rad + yaw, -MAX_YAW_RAD, MAX_YAW_RAD)),
            pitch_rad=float(np.clip(self.around.pitch_rad + pitch, -MAX_PITCH_RAD, MAX_PITCH_RAD)),
            roll_rad=float(self.around.roll_rad + roll),
            body_share=self.around.body_share,
        )

    def place(self, time_s: float) -> tuple[float, float, float]:
        """How far the face is moved right and down (parts of the picture) and how much it is larger."""
        right, down, closer = self.drift.at(time_s)
        return float(right), float(down), float(np.exp(closer))


def sample_head_motion(rng: Rng, around: Pose) -> HeadMotion:
    """From hardly moving to shaking one's head."""
    vigour = float(rng.choice([0.25, 0.7, 1.2], p=[0.3, 0.45, 0.25]))
    degrees = np.deg2rad([13, 6, 4]) * vigour
    return HeadMotion(
        around,
        turn=sample_sway(rng, (float(degrees[0]), float(degrees[1]), float(degrees[2])), 0.4 + vigour),
        drift=sample_sway(rng, (0.025 * vigour, 0.02 * vigour, 0.03 * vigour), 0.3 + vigour),
    )


@dataclass(frozen=True, eq=False)
class FaceMotion:
    """One expression turns into another; perhaps the person speaks; now and then the eyes blink."""

    before: Expression
    after: Expression
    change_s: float
    loudness: float
    speech: Sway
    blinks_s: tuple[float, ...]

    def expression(self, time_s: float) -> Expression:
        """The expression at a time."""
        share = float(np.clip((time_s - self.change_s) / 0.5 + 0.5, 0, 1))
        face = self.before.blended(self.after, share * share * (3 - 2 * share))
        return face.with_actions(**self._speech(face, time_s), **self._blink(face, time_s))

    def _speech(self, face: Expression, time_s: float) -> dict[str, float]:
        said = self.loudness * np.clip(self.speech.at(time_s), 0, 1)
        moved: dict[str, float] = {}
        for name, strength in zip(SPEECH, said, strict=True):
            sides = (name, name.replace("Left", "Right")) if name.endswith("Left") else (name,)
            moved |= {side: float(np.clip(face.actions.get(side, 0.0) + strength, 0, 1)) for side in sides}
        return moved if self.loudness > 0 else {}

    def _blink(self, face: Expression, time_s: float) -> dict[str, float]:
        shut = max((1 - abs(time_s - blink) / (BLINK_S / 2) for blink in self.blinks_s), default=0.0)
        if shut <= 0:
            return {}
        return {side: max(face.actions.get(side, 0.0), min(1.0, 1.6 * shut)) for side in BLINKS}


BLINKS = ("eyeBlinkLeft", "eyeBlinkRight")


def sample_face_motion(rng: Rng, length_s: float) -> FaceMotion:
    """Motion of a face for a clip of this length."""
    before = sample_expression(rng)
    return FaceMotion(
        before=before,
        after=sample_expression(rng) if chance(rng, 0.6) else before,
        change_s=rng.uniform(0, length_s),
        loudness=rng.uniform(0.2, 0.55) if chance(rng, 0.55) else 0.0,
        speech=sample_sway(rng, (0.6,) * len(SPEECH), 5.0),
        blinks_s=tuple(float(blink) for blink in rng.uniform(0, length_s, rng.poisson(0.5 * length_s + 0.2))),
    )


@dataclass(frozen=True, eq=False)
class LightMotion:
    """Light that stays, fades into another, or is switched."""

    before: Lighting
    after: Lighting
    change_s: float
    lasting_s: float

    def lighting(self, time_s: float) -> Lighting:
        """The light at a time."""
        share = float(np.clip((time_s - self.change_s) / self.lasting_s + 0.5, 0, 1))
        return self.before if share == 0 else self.before.blended(self.after, share)


def sample_light_motion(rng: Rng, before: Lighting, length_s: float) -> LightMotion:
    """Three clips in ten have changing light."""
    changes = chance(rng, 0.3)
    return LightMotion(
        before=before,
        after=sample_lighting(rng) if changes else before,
        change_s=rng.uniform(0, length_s),
        lasting_s=1e-3 if chance(rng, 0.4) else rng.uniform(0.1, 0.8),
    )


@dataclass(frozen=True, eq=False)
class HandMotion:
    """A hand that comes to the face, moves before it and leaves: `speed_dm_s` (right, up), in place at `at_s`."""

    hand: Hand
    speed_dm_s: tuple[float, float]
    at_s: float
    waving: Sway

    def at(self, time_s: float) -> Hand:
        """The hand at a time."""
        since = time_s - self.at_s
        right, up, bent = self.waving.at(time_s)
        return self.hand.moved(
            self.speed_dm_s[0] * since + float(right), self.speed_dm_s[1] * since + float(up), float(bent)
        )


def sample_hand_motion(rng: Rng, length_s: float) -> HandMotion:
    """From a hand that is held still to one that sweeps across."""
    speed = rng.normal(size=2) * float(rng.choice([0.2, 2.0, 6.0]))
    waving = sample_sway(rng, (0.08, 0.08, 0.15), 2.5)
    return HandMotion(sample_hand(rng), (float(speed[0]), float(speed[1])), rng.uniform(0, length_s), waving)


@dataclass(frozen=True)
class Passing:
    """A thing that crosses the picture: `speed_px_s` (x, y); it is at its own place at `at_s`."""

    thing: Occluder
    speed_px_s: tuple[float, float]
    at_s: float

    def occluder(self, time_s: float) -> Occluder:
        """The thing at a time."""
        since = time_s - self.at_s
        return self.thing.moved((self.speed_px_s[0] * since, self.speed_px_s[1] * since))


def sample_passing(rng: Rng, thing: Occluder, length_s: float) -> Passing:
    """Something that comes and goes, or is held still."""
    speed = rng.normal(size=2) * thing.reach_px * float(rng.choice([0.1, 1.5, 3.0], p=[0.3, 0.4, 0.3]))
    return Passing(thing, (float(speed[0]), float(speed[1])), rng.uniform(0, length_s))
