"""A picture of one face to compose scenes of: a photograph where scikit-image is installed, else one drawn here."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np

from rednet_ros.images import read_image
from rednet_ros.tracking.types import ImageArray

_DRAWN_PX = 512
_SKIN, _SHADE, _HAIR, _LIP = (140, 175, 220), (105, 135, 180), (40, 50, 60), (90, 95, 190)  # BGR


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
    """A face of ellipses, like enough for detector and network to follow it."""
    canvas = np.full((_DRAWN_PX, _DRAWN_PX, 3), (120, 110, 100), np.uint8)
    _oval(canvas, (0.5, 0.45), (0.36, 0.43), _HAIR)
    _oval(canvas, (0.5, 0.82), (0.16, 0.2), _SHADE)
    _oval(canvas, (0.5, 0.52), (0.29, 0.38), _SKIN)
    for side in (-1, 1):
        _eye(canvas, 0.5 + side * 0.13)
        _oval(canvas, (0.5 + side * 0.035, 0.635), (0.018, 0.012), (70, 90, 130))
    _oval(canvas, (0.5, 0.56), (0.03, 0.09), (150, 190, 235))
    _oval(canvas, (0.5, 0.745), (0.10, 0.035), _LIP)
    _oval(canvas, (0.5, 0.742), (0.085, 0.008), (50, 40, 90))
    soft = cv2.GaussianBlur(canvas, (0, 0), _DRAWN_PX / 120).astype(np.float32)
    light = np.linspace(1.1, 0.85, _DRAWN_PX, dtype=np.float32)[None, :, None]
    grain = np.random.default_rng(0).normal(0, 4, soft.shape).astype(np.float32)
    picture = np.clip(soft * light + grain, 0, 255).astype(np.uint8)
    return Portrait("drawing", picture, (0.5 * _DRAWN_PX, 0.54 * _DRAWN_PX), 0.6 * _DRAWN_PX)


def _eye(canvas: ImageArray, x: float) -> None:
    _oval(canvas, (x, 0.45), (0.06, 0.028), (235, 240, 245))
    _oval(canvas, (x, 0.45), (0.026, 0.026), (60, 50, 40))
    _oval(canvas, (x, 0.45), (0.011, 0.011), (10, 10, 10))
    _oval(canvas, (x, 0.372), (0.075, 0.012), _HAIR)


def _oval(
    canvas: ImageArray, middle: tuple[float, float], axes: tuple[float, float], color: tuple[int, int, int]
) -> None:
    """A filled ellipse; all lengths are fractions of the canvas."""
    center = round(middle[0] * _DRAWN_PX), round(middle[1] * _DRAWN_PX)
    half = max(1, round(axes[0] * _DRAWN_PX)), max(1, round(axes[1] * _DRAWN_PX))
    cv2.ellipse(canvas, center, half, 0, 0, 360, color, -1, cv2.LINE_AA)
