"""How a face is seen: pose of head and body, camera, light."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rednet_ros.training.rendering.geometry import FloatArray, unit
from rednet_ros.training.rendering.seeds import Rng, chance

MAX_YAW_RAD = np.deg2rad(90)
MAX_PITCH_RAD = np.deg2rad(35)
MAX_ROLL_RAD = np.deg2rad(20)


@dataclass(frozen=True)
class Pose:
    """Turn of the head in radians (geometry.rotation) and the share of the yaw that the body turns with it."""

    yaw_rad: float
    pitch_rad: float
    roll_rad: float
    body_share: float


@dataclass(frozen=True)
class Camera:
    """`distance_dm`: camera to face. `framing`: side of the picture over the side of the landmarks' box.

    `shift`: where the box's middle lies, in parts of the picture from its middle (x right, y down).
    """

    distance_dm: float
    framing: float
    shift: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Lighting:
    """One key light with shadow, one fill light, and ambient light as nine spherical harmonics (9 x 3)."""

    key_direction: FloatArray
    key_colour: FloatArray
    fill_direction: FloatArray
    fill_colour: FloatArray
    ambient: FloatArray
    exposure: float

    def exposed_for(self, tone: tuple[float, float, float]) -> Lighting:
        """The same light, taken by a camera that measured skin of this albedo: it goes half of the way."""
        return replace(self, exposure=self.exposure * (0.38 / max(sum(tone) / 3, 0.02)) ** 0.35)

    def blended(self, other: Lighting, share: float) -> Lighting:
        """This light, `share` of the way to another."""
        mix = lambda a, b: (1 - share) * a + share * b  # noqa: E731
        return Lighting(
            key_direction=unit(mix(self.key_direction, other.key_direction)),
            key_colour=mix(self.key_colour, other.key_colour),
            fill_direction=unit(mix(self.fill_direction, other.fill_direction)),
            fill_colour=mix(self.fill_colour, other.fill_colour),
            ambient=mix(self.ambient, other.ambient),
            exposure=float(mix(self.exposure, other.exposure)),
        )


@dataclass(frozen=True)
class Scene:
    """Pose, camera and light of one picture."""

    pose: Pose
    camera: Camera
    lighting: Lighting


def sample_scene(rng: Rng) -> Scene:
    """A scene: yaw mostly within 45 degrees with a tail to 90, pitch within 35, little roll."""
    return Scene(sample_pose(rng), sample_camera(rng), sample_lighting(rng))


def sample_pose(rng: Rng) -> Pose:
    """A pose of head and body."""
    yaw = np.deg2rad(rng.normal() * 20) if chance(rng, 0.85) else rng.uniform(-1, 1) * MAX_YAW_RAD
    return Pose(
        yaw_rad=float(np.clip(yaw, -MAX_YAW_RAD, MAX_YAW_RAD)),
        pitch_rad=float(np.clip(np.deg2rad(rng.normal() * 11), -MAX_PITCH_RAD, MAX_PITCH_RAD)),
        roll_rad=float(np.clip(np.deg2rad(rng.normal() * 6), -MAX_ROLL_RAD, MAX_ROLL_RAD)),
        body_share=float(rng.uniform(0, 0.8)),
    )


def sample_camera(rng: Rng) -> Camera:
    """From a webcam held close to a long lens; framed as a detector or a tracker crops faces."""
    return Camera(
        distance_dm=float(np.exp(rng.uniform(np.log(3.2), np.log(30)))),
        framing=float(rng.uniform(1.75, 2.25)),
        shift=(float(np.clip(rng.normal() * 0.035, -0.08, 0.08)), float(np.clip(rng.normal() * 0.035, -0.08, 0.08))),
    )


def sample_lighting(rng: Rng) -> Lighting:
    """Soft rooms, hard sun, light from below or behind, dark scenes."""
    ambient_colour = np.exp(rng.normal() * 0.12 * np.array([1, 0, -1]) + rng.normal(size=3) * 0.02) * np.exp(
        rng.uniform(np.log(0.1), np.log(0.9))
    )
    ambient = np.zeros((9, 3))
    ambient[0] = ambient_colour
    ambient[1:4] = ambient_colour * (rng.normal(size=(3, 1)) * 0.28 + rng.normal(size=(3, 3)) * 0.06)
    ambient[1] += 0.25 * ambient_colour
    ambient[4:] = ambient_colour * rng.normal(size=(5, 1)) * 0.08
    hard = chance(rng, 0.25)
    key_colour = _light_colour(rng) * np.exp(rng.uniform(np.log(1.0), np.log(3.0)) if hard else rng.uniform(-2.3, 0.4))
    if hard:
        ambient *= rng.uniform(0.3, 0.9)
    total = ambient[0].mean() + 0.75 * key_colour.mean()
    dark = rng.uniform(0.25, 0.6) if chance(rng, 0.12) else 1.0
    return Lighting(
        key_direction=_key_direction(rng),
        key_colour=key_colour,
        fill_direction=unit(rng.normal(size=3)),
        fill_colour=_light_colour(rng) * rng.choice([0, 0.15, 0.5]) * rng.random(),
        ambient=ambient,
        exposure=float(1.1 / total * np.exp(rng.normal() * 0.28) * dark),
    )


def _key_direction(rng: Rng) -> FloatArray:
    """Towards the light: mostly from above and in front."""
    from_behind = chance(rng, 0.06)
    forward = rng.uniform(-1.0, 0.1) if from_behind else rng.uniform(0.15, 1.3)
    return unit(np.array([rng.normal() * 0.9, rng.uniform(-0.2, 1.2), forward]))


def _light_colour(rng: Rng) -> FloatArray:
    """From warm to cold, seldom coloured."""
    colour = np.exp(rng.normal() * 0.13 * np.array([1, 0, -1]) + rng.normal(size=3) * 0.015)
    if chance(rng, 0.05):
        colour = colour * np.exp(rng.normal(size=3) * 0.5)
    return colour
