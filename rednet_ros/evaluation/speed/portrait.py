"""A picture of one face to compose scenes of: a photograph where scikit-image is installed, else one drawn here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rednet_ros.media.images import read_image
from rednet_ros.tracking.types import ImageArray

_DRAWN_PX = 512

Color = tuple[int, int, int]
"""Blue, green, red."""

_SKIN, _SHADE, _LIGHT, _HAIR = (135, 165, 215), (80, 105, 155), (175, 205, 245), (30, 38, 48)


@dataclass(frozen=True)
class _Spot:
    """A soft ellipse; middle and half axes are fractions of the picture.

    `softness`: width of its edge in half axes, `strength`: 0..1, of its colour in the middle.
    """

    middle: tuple[float, float]
    axes: tuple[float, float]
    color: Color
    softness: float
    strength: float = 1.0


_HEAD = (
    _Spot((0.5, 0.46), (0.33, 0.42), _HAIR, 0.1),
    _Spot((0.5, 0.95), (0.36, 0.14), (90, 60, 50), 0.1),
    _Spot((0.5, 0.84), (0.13, 0.16), _SHADE, 0.15),
    _Spot((0.5, 0.54), (0.265, 0.36), _SKIN, 0.12),
    _Spot((0.5, 0.40), (0.2, 0.12), (160, 190, 235), 0.6, 0.5),
)
_SIDE = (  # drawn on both; x counts from the middle of the face
    _Spot((0.2, 0.62), (0.1, 0.25), _SHADE, 0.7, 0.5),
    _Spot((0.115, 0.615), (0.07, 0.06), (150, 170, 235), 0.8, 0.6),  # cheek
    _Spot((0.11, 0.465), (0.085, 0.055), _SHADE, 0.6, 0.7),  # socket of the eye
    _Spot((0.11, 0.475), (0.055, 0.022), (215, 220, 225), 0.15),
    _Spot((0.11, 0.474), (0.022, 0.022), (40, 40, 35), 0.2),
    _Spot((0.11, 0.455), (0.06, 0.007), (25, 25, 30), 0.4),
    _Spot((0.115, 0.41), (0.07, 0.013), (45, 55, 70), 0.4),  # brow
    _Spot((0.045, 0.49), (0.02, 0.07), _SHADE, 0.7, 0.6),
    _Spot((0.03, 0.64), (0.016, 0.01), (40, 50, 80), 0.4),  # nostril
    _Spot((0.045, 0.625), (0.02, 0.025), _SHADE, 0.6, 0.6),
)
_MIDDLE = (
    _Spot((0.5, 0.53), (0.018, 0.1), _LIGHT, 0.6, 0.8),  # ridge and tip of the nose
    _Spot((0.5, 0.615), (0.03, 0.025), _LIGHT, 0.6, 0.7),
    _Spot((0.5, 0.665), (0.06, 0.012), _SHADE, 0.6, 0.6),
    _Spot((0.5, 0.735), (0.085, 0.02), (80, 80, 170), 0.25),  # lips
    _Spot((0.5, 0.76), (0.07, 0.02), (105, 105, 195), 0.3),
    _Spot((0.5, 0.745), (0.08, 0.006), (35, 30, 70), 0.4),
    _Spot((0.5, 0.80), (0.06, 0.015), _SHADE, 0.6, 0.6),
)


@dataclass(frozen=True)
class Portrait:
    """`picture`: H x W x 3 uint8 BGR with one face, whose middle is `face_px` (x, y) and height `face_height_px`."""

    name: str
    picture: ImageArray
    face_px: tuple[float, float]
    face_height_px: float


def load_portrait() -> Portrait:
    """The astronaut of scikit-image, or where that is not installed the drawing."""
    path = _astronaut()
    return drawn_portrait() if path is None else Portrait("photograph", read_image(path), (224.0, 112.0), 95.0)


def _astronaut() -> Path | None:
    """Her picture inside the package, which is not imported."""
    spec = find_spec("skimage")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder, "data/astronaut.png")
        if path.is_file():
            return path
    return None


def drawn_portrait() -> Portrait:
    """A face of soft ellipses, like enough for detector and network to follow it."""
    canvas = np.full((_DRAWN_PX, _DRAWN_PX, 3), (120, 110, 100), np.float32)
    mirrored = [
        replace(spot, middle=(0.5 + side * spot.middle[0], spot.middle[1])) for side in (-1, 1) for spot in _SIDE
    ]
    for spot in (*_HEAD, *mirrored, *_MIDDLE):
        _paint(canvas, spot)
    light = np.linspace(1.12, 0.8, _DRAWN_PX, dtype=np.float32)[None, :, None]
    grain = np.random.default_rng(0).normal(0, 4, canvas.shape)
    picture = np.clip(canvas * light + grain, 0, 255).astype(np.uint8)
    return Portrait("drawing", picture, (0.5 * _DRAWN_PX, 0.58 * _DRAWN_PX), 0.55 * _DRAWN_PX)


def _paint(canvas: NDArray[np.float32], spot: _Spot) -> None:
    y, x = np.mgrid[0:_DRAWN_PX, 0:_DRAWN_PX] / _DRAWN_PX
    distance = np.hypot((x - spot.middle[0]) / spot.axes[0], (y - spot.middle[1]) / spot.axes[1])
    inside = spot.strength * np.clip((1 + spot.softness - distance) / (2 * spot.softness), 0, 1)
    weight = (inside**2 * (3 - 2 * inside))[..., None]
    canvas[:] = canvas * (1 - weight) + np.array(spot.color) * weight
