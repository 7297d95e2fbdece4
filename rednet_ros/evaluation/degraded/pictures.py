"""What a burst does to a frame: things before the face, and what cameras do in bad moments.

Sizes are in parts of the face's longer side, its reach, so that small and large faces suffer alike. Things before the
face follow it, swaying; they are painted near the face only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rednet_ros.evaluation.degraded.bursts import OCCLUSIONS, Burst
from rednet_ros.tracking.types import Box, FloatArray, ImageArray
from rednet_ros.training.rendering import occluders
from rednet_ros.training.rendering.degradation import motion_blur
from rednet_ros.training.rendering.seeds import Rng

SWAY, SWAY_RAD = 0.06, 0.35
"""How far a thing moves to and fro over the face, and by how much of the period in a frame."""

PATCH_REACH = 2.0
"""Things are painted in a square of this half side about the face: more than the network sees."""

HELD_BEFORE = (30, 36, 45, 48, 51, 54)
"""Landmarks that a hand is held before."""

THINGS = ("mug", "patch", "phone")
"""The renderer's that hide something; its bars and microphones leave most of a face to be seen."""

BLUR, LOW_PX, GAIN, DARK_NOISE, NOISE = (0.15, 0.35), (12.0, 22.0), (0.04, 0.12), 3.0, (30.0, 70.0)
"""Length of the blur in parts of the reach; the face's reach at low resolution, pixels; share of the light that is left
in the dark, and the noise there, grey levels; noise elsewhere, grey levels."""

GRAIN = 96.0
"""The face has so many grains of noise along its reach, or as many as it has pixels."""


@dataclass(frozen=True)
class _Scene:
    """A face in a picture, 68 x 2 pixels; `sway`: -1..1, where what moves to and fro is in this frame."""

    image: ImageArray
    points_px: FloatArray
    sway: float
    frame_rng: Rng

    @property
    def reach_px(self) -> float:
        box = Box.around(self.points_px)
        return max(box.width, box.height, 8.0)

    @property
    def middle_px(self) -> NDArray[np.floating]:
        return np.array(Box.around(self.points_px).center)


def degraded(image: ImageArray, points_px: FloatArray, burst: Burst, frame: int) -> ImageArray | None:
    """A frame of the burst, H x W x 3, as it is seen; None where it is missing.

    `points_px`: 68 x 2, the face that suffers. Equal arguments give equal bytes.
    """
    if burst.kind == "drop":
        return None
    rng = burst.rng()
    sway = float(np.sin(SWAY_RAD * (frame - burst.start) + rng.uniform(0, 2 * np.pi)))
    scene = _Scene(image, points_px, sway, burst.frame_rng(frame))
    return _in_patch(scene, burst.kind, rng) if burst.kind in OCCLUSIONS else _CAMERAS[burst.kind](scene, rng)


def _in_patch(scene: _Scene, kind: str, rng: Rng) -> ImageArray:
    """The thing before the face, painted in a square about it whose border repeats where the image ends."""
    height, width = scene.image.shape[:2]
    half = round(PATCH_REACH * scene.reach_px)
    left, top = (round(float(value)) - half for value in scene.middle_px)
    x0, y0, x1, y1 = max(0, left), max(0, top), min(width, left + 2 * half), min(height, top + 2 * half)
    if x0 >= x1 or y0 >= y1:
        return scene.image
    borders = (y0 - top, top + 2 * half - y1, x0 - left, left + 2 * half - x1)
    patch = cv2.copyMakeBorder(scene.image[y0:y1, x0:x1], *borders, borderType=cv2.BORDER_REPLICATE)
    points_px = (scene.points_px - (left, top)).astype(np.float32)
    painted = _THINGS[kind](_Scene(np.asarray(patch, np.uint8), points_px, scene.sway, scene.frame_rng), rng)
    image = scene.image.copy()
    image[y0:y1, x0:x1] = painted[y0 - top : y1 - top, x0 - left : x1 - left]
    return image


def _hand(scene: _Scene, rng: Rng) -> ImageArray:
    """A flat hand in the colour of the face's skin, its middle before a landmark, the arm from below or from a side.

    Not the renderer's: its mesh needs assets that only those who render have.
    """
    reach = scene.reach_px
    direction = rng.choice([-1.0, 1.0]) * rng.uniform(0.1, 1.2)
    along = np.array([np.sin(direction), -np.cos(direction)])
    across = np.array([-along[1], along[0]])
    place = scene.points_px[rng.choice(HELD_BEFORE)] + SWAY * reach * scene.sway * across
    palm, spread, thumb = place - 0.15 * reach * along, rng.uniform(0.03, 0.16), rng.choice([-1.0, 1.0])
    knuckles = [palm + reach * (0.22 * along + 0.13 * side * across) for side in (-1.5, -0.5, 0.5, 1.5)]
    lengths = reach * np.array([0.4, 0.46, 0.44, 0.35]) * rng.uniform(0.6, 1.0)
    ways = [along + spread * side * across for side in (-1.5, -0.5, 0.5, 1.5)]
    limbs = [(palm, palm - 3 * reach * along, 0.34), (palm - 0.15 * reach * along, palm + 0.15 * reach * along, 0.5)]
    limbs += [(start, start + length * way, 0.125) for start, length, way in zip(knuckles, lengths, ways, strict=True)]
    root = palm + reach * (0.22 * thumb * across - 0.12 * along)
    limbs.append((root, root + 0.36 * reach * (0.75 * along + 0.66 * thumb * across), 0.14))
    skin, shadow = _skin(scene) * rng.uniform(0.8, 1.1), 0.55
    image = scene.image
    for factor, wider in ((shadow, 0.025), (1.0, 0.0)):  # an edge about each limb, then the limb
        for start, end, thickness in limbs:
            mask = np.zeros(image.shape[:2], np.float32)
            ends = [tuple(round(16 * float(value)) for value in point) for point in (start, end)]
            cv2.line(mask, ends[0], ends[1], 1.0, max(2, round((thickness + wider) * reach)), cv2.LINE_AA, 4)
            image = _covered(image, mask, factor * skin, softness_px=0.008 * reach)
    return image


def _object(scene: _Scene, rng: Rng) -> ImageArray:
    """A phone, a mug or something unknown, as the renderer paints them."""
    reach = scene.reach_px
    place = scene.middle_px + reach * (rng.normal(0, 0.12, 2) + np.array([SWAY * scene.sway, 0]))
    if (kind := str(rng.choice(THINGS))) == "mug":
        place = scene.points_px[51] + [SWAY * scene.sway * reach, -0.05 * reach]
    angle, size = float(rng.uniform(0, 2 * np.pi)), float(rng.uniform(1.0, 1.5))
    thing = occluders.Occluder(kind, (float(place[0]), float(place[1])), size * reach, angle, int(rng.integers(2**31)))
    return np.asarray(occluders.occlude(scene.image, (thing,), ())[0], np.uint8)


def _half(scene: _Scene, rng: Rng) -> ImageArray:
    """One half of the face behind a board: left, right, upper or lower."""
    reach, middle = scene.reach_px, scene.points_px[[27, 28, 29, 30]].mean(axis=0)
    down = scene.points_px[8] - scene.points_px[27]
    down = down / max(float(np.linalg.norm(down)), 1e-3)
    outwards = [down, -down, np.array([-down[1], down[0]]), np.array([down[1], -down[0]])][rng.integers(4)]
    beside = np.array([-outwards[1], outwards[0]])
    edge = SWAY * scene.sway
    corners = [(edge, -1), (edge, 1), (1.1, 1), (1.1, -1)]
    return _board(scene, np.array([middle + reach * (away * outwards + side * beside) for away, side in corners]), rng)


def _face(scene: _Scene, rng: Rng) -> ImageArray:
    """All of the face behind something."""
    sides = rng.uniform(0.68, 0.8, 2) * scene.reach_px
    around = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    # Between an ellipse and a rectangle.
    ring = np.stack([np.cos(around), np.sin(around)], axis=1)
    rounded = np.sign(ring) * abs(ring) ** rng.uniform(0.3, 1.0)
    return _board(scene, scene.middle_px + sides * rounded + [0, SWAY * scene.sway * scene.reach_px], rng)


def _board(scene: _Scene, corners: NDArray[np.floating], rng: Rng) -> ImageArray:
    """A polygon of some stuff: clouds of light on one colour."""
    shape = scene.image.shape[:2]
    mask = np.zeros(shape, np.float32)
    cv2.fillPoly(mask, [np.round(16 * corners).astype(np.int32)], 1.0, cv2.LINE_AA, 4)
    clouds = cv2.resize(rng.normal(0, 1, (8, 8)).astype(np.float32), shape[::-1], interpolation=cv2.INTER_CUBIC)
    light = float(np.clip(scene.image.mean() / 110, 0.25, 1.3))
    colour = light * rng.uniform(20, 200) * np.exp(rng.normal(0, 0.3, 3))
    stuff = colour.astype(np.float32) * (1 + 0.25 * clouds[:, :, None])
    return _covered(scene.image, mask, stuff, softness_px=0.01 * scene.reach_px)


def _blur(scene: _Scene, rng: Rng) -> ImageArray:
    """The whole picture smeared, by a shake of the camera."""
    length_px = rng.uniform(*BLUR) * scene.reach_px * scene.frame_rng.uniform(0.8, 1.2)
    angle_rad = rng.uniform(0, np.pi) + scene.frame_rng.normal(0, 0.1)
    return np.asarray(motion_blur(scene.image, max(2.0, length_px), angle_rad), np.uint8)


def _dark(scene: _Scene, rng: Rng) -> ImageArray:
    """Little light is left, and the sensor's noise."""
    return _noisy(scene, scene.image * np.float32(rng.uniform(*GAIN)), DARK_NOISE)


def _noise(scene: _Scene, rng: Rng) -> ImageArray:
    return _noisy(scene, scene.image.astype(np.float32), rng.uniform(*NOISE))


def _noisy(scene: _Scene, pixels: NDArray[np.floating], deviation: float) -> ImageArray:
    height, width = pixels.shape[:2]
    scale = min(1.0, GRAIN / scene.reach_px)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    grains = scene.frame_rng.standard_normal((size[1], size[0], 3), np.float32)
    grown = grains if scale == 1 else cv2.resize(grains, (width, height), interpolation=cv2.INTER_NEAREST)
    return np.clip(pixels + np.float32(deviation) * grown, 0, 255).astype(np.uint8)


def _low(scene: _Scene, rng: Rng) -> ImageArray:
    """As if the face were far away."""
    height, width = scene.image.shape[:2]
    scale = min(1.0, rng.uniform(*LOW_PX) / scene.reach_px)
    small = cv2.resize(scene.image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _skin(scene: _Scene) -> NDArray[np.floating]:
    """Blue, green, red of the face about its nose."""
    height, width = scene.image.shape[:2]
    columns, rows = np.rint(scene.points_px[[28, 29, 30, 31, 35]]).astype(int).T
    return np.median(scene.image[rows.clip(0, height - 1), columns.clip(0, width - 1)], axis=0)


def _covered(image: ImageArray, mask: FloatArray, colours: NDArray[np.floating], softness_px: float) -> ImageArray:
    alpha = cv2.GaussianBlur(mask, (0, 0), max(0.4, softness_px))[:, :, None]
    return np.clip(image * (1 - alpha) + colours * alpha, 0, 255).astype(np.uint8)


_THINGS: dict[str, Callable[[_Scene, Rng], ImageArray]] = {
    "hand": _hand,
    "object": _object,
    "half": _half,
    "face": _face,
}
_CAMERAS: dict[str, Callable[[_Scene, Rng], ImageArray]] = {
    "blur": _blur,
    "dark": _dark,
    "noise": _noise,
    "low": _low,
}
