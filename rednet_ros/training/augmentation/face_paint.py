"""What photographed faces have and rendered ones lack, painted onto a crop by its landmarks.

Light from one side, glare, beards, clothes or hands about the chin, the picture's edge through the face: the worst of
the validation faces had these in common (docs/experiments.md). All functions take a crop, S x S x 3 uint8 BGR, and the
face's landmarks in it, 68 x 2 crop pixels, all of them finite, and give a new crop of the same kind.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from rednet_ros.tracking.types import FloatArray, ImageArray
from rednet_ros.training.config import PaintSettings

Rng = np.random.Generator

RIDGE = [27, 28, 29, 30, 33, 51, 57, 8]
"""Down the middle of the face: where light from one side turns to shade."""

BRIGHT = 255.0


def paint(
    crop: ImageArray, points_px: FloatArray, other: Callable[[], ImageArray], settings: PaintSettings, rng: Rng
) -> ImageArray:
    """A crop, S x S x 3 uint8 BGR, with what its settings' probabilities choose; the landmarks stay where they are.

    `points_px`: 68 x 2 crop pixels; a face with a NaN is left as it is. `other`: gives another picture, of which a
    piece may become what is beside the face.
    """
    chances = (settings.beard, settings.surround, settings.side_light, settings.glare, settings.edge)
    if not any(chances):
        return crop
    chosen = rng.random(len(chances)) < chances
    if not chosen.any() or not np.isfinite(points_px).all():
        return crop
    beard, surround, side_light, glare, edge = chosen
    if beard:
        crop = grow_beard(crop, points_px, rng)
    if surround:
        crop = surround_chin(crop, points_px, other, rng)
    if side_light:
        crop = light_from_one_side(crop, points_px, rng)
    if glare:
        crop = add_glare(crop, points_px, rng)
    return cut_by_edge(crop, points_px, rng) if edge else crop


def light_from_one_side(crop: ImageArray, points_px: FloatArray, rng: Rng) -> ImageArray:
    """One side of the face bright, the other in shade, soft or hard, each with its own colour."""
    down = points_px[8] - points_px[27]
    down = down / max(float(np.linalg.norm(down)), 1e-3)
    across = np.array([down[1], -down[0]]) * rng.choice([-1.0, 1.0])
    width_px = _face_width_px(points_px)
    rows, columns = np.mgrid[: crop.shape[0], : crop.shape[1]].astype(np.float32)
    along, aside = (columns * axis[0] + rows * axis[1] for axis in (down, across))
    from_top = points_px[RIDGE][np.argsort(points_px[RIDGE] @ down)]
    ridge = np.interp(along, from_top @ down, from_top @ across)
    softness_px = width_px * np.exp(rng.uniform(np.log(0.02), np.log(0.4)))
    lit = 1 / (1 + np.exp(-np.clip((aside - ridge + rng.normal(0, 0.2) * width_px) / softness_px, -30, 30)))
    shade, light = rng.uniform(0.1, 0.6) * _tint(rng), rng.uniform(1.0, 1.9) * _tint(rng)
    return _as_image(crop * (shade + (light - shade) * lit[:, :, None]))


def add_glare(crop: ImageArray, points_px: FloatArray, rng: Rng) -> ImageArray:
    """One to three bright spots on the skin."""
    width_px = _face_width_px(points_px)
    rows, columns = np.mgrid[: crop.shape[0], : crop.shape[1]].astype(np.float32)
    pixels = crop.astype(np.float32)
    for _ in range(rng.integers(1, 4)):
        x, y = rng.dirichlet([1.0, 1.0, 1.0]) @ points_px[rng.choice(68, 3, replace=False)]
        reach_x_px, reach_y_px = width_px * rng.uniform(0.03, 0.2, 2)
        spot = np.exp(-(((columns - x) / reach_x_px) ** 2 + ((rows - y) / reach_y_px) ** 2))
        pixels += (rng.uniform(40, 220) * _tint(rng, 0.05)) * spot[:, :, None]
    return _as_image(pixels)


def grow_beard(crop: ImageArray, points_px: FloatArray, rng: Rng) -> ImageArray:
    """A full beard, or one around mouth and chin, in the colour of hair; stubble where it is thin."""
    size = crop.shape[0]
    middle = points_px[51]
    length = rng.uniform(0.97, 1.2) if rng.random() < 0.6 else rng.uniform(0.95, 1.05)
    lip = 0.5 * (points_px[[35, 33, 31]] + points_px[[52, 51, 50]])
    if rng.random() < 0.65:
        first = int(rng.integers(1, 5))
        jaw = middle + (points_px[first : 17 - first] - middle) * length
        left, right = (
            points_px[corner] + rng.uniform(0.25, 0.45) * (points_px[cheek] - points_px[corner])
            for cheek, corner in ((16 - first, 54), (first, 48))
        )
        outline = np.concatenate([jaw, [left], lip, [right]])
    else:
        chin = middle + (points_px[6:11] - middle) * length
        corners = middle + (points_px[[54, 48]] - middle) * rng.uniform(1.1, 1.5)
        outline = np.concatenate([chin, corners[:1], lip, corners[1:]])
    mask = _polygon(size, outline)
    mask *= 1 - _polygon(size, points_px[48:60])
    mask = cv2.GaussianBlur(mask, (0, 0), size * rng.uniform(0.008, 0.03))
    grain = cv2.GaussianBlur(rng.standard_normal((size, size)).astype(np.float32), (0, 0), 0.7, sigmaY=1.6)
    value = rng.choice([rng.uniform(5, 60), rng.uniform(40, 120), rng.uniform(120, 220)], p=[0.6, 0.25, 0.15])
    hair = value * _tint(rng, 0.12) + (0.25 * value + 10) * grain[:, :, None]
    cover = mask * np.clip(rng.uniform(0.4, 1.0) + 0.25 * grain, 0, 1)
    return _as_image(crop + cover[:, :, None] * (hair - crop))


def surround_chin(crop: ImageArray, points_px: FloatArray, other: Callable[[], ImageArray], rng: Rng) -> ImageArray:
    """What lies below and beside the jaw becomes cloth, skin as of an arm, or a piece of another picture."""
    size = crop.shape[0]
    right, left = int(rng.integers(0, 7)), int(rng.integers(10, 17))
    middle = points_px[30]
    jaw = middle + (points_px[right : left + 1] - middle) * rng.uniform(1.0, 1.12)
    far = 2.0 * size
    outline = np.concatenate([[[-far, jaw[0, 1]]], jaw, [[far, jaw[-1, 1]], [far, far], [-far, far]]])
    mask = cv2.GaussianBlur(_polygon(size, outline), (0, 0), size * rng.uniform(0.003, 0.02))[:, :, None]
    return _as_image(crop + mask * (_matter(crop, points_px, other, rng) - crop))


def cut_by_edge(crop: ImageArray, points_px: FloatArray, rng: Rng) -> ImageArray:
    """The crop as if the picture ended near the face's rim: from there on its border repeats, as in `CropTransform`."""
    size = crop.shape[0]
    low, high = points_px.min(axis=0), points_px.max(axis=0)
    reach = rng.uniform(-0.12, 0.1) * (high - low)
    side = rng.choice(["left", "right", "top", "bottom"], p=[0.25, 0.25, 0.1, 0.4])
    at = {"left": low - reach, "right": high + reach, "top": low - reach, "bottom": high + reach}[side]
    column, row = (int(np.clip(value, 1, size - 2)) for value in at)
    crop = crop.copy()
    if side == "left":
        crop[:, :column] = crop[:, column : column + 1]
    elif side == "right":
        crop[:, column:] = crop[:, column - 1 : column]
    elif side == "top":
        crop[:row] = crop[row : row + 1]
    else:
        crop[row:] = crop[row - 1 : row]
    return crop


def _matter(crop: ImageArray, points_px: FloatArray, other: Callable[[], ImageArray], rng: Rng) -> FloatArray:
    """An S x S x 3 picture to put beside a face."""
    size, kind = crop.shape[0], rng.random()
    if kind < 0.5:
        top, bottom = rng.uniform(0, 1) ** 1.5 * BRIGHT * _tint(rng), rng.uniform(0, 1) ** 1.5 * BRIGHT * _tint(rng)
        ramp = np.linspace(0, 1, size, dtype=np.float32)[:, None, None]
        plain = top + (bottom - top) * ramp * rng.uniform(0, 1)
        return np.broadcast_to(plain, crop.shape).astype(np.float32)
    if kind < 0.75:
        x, y = np.clip(points_px[[2, 14, 30]][rng.integers(3)], 0.15 * size, 0.85 * size).astype(int)
        reach = max(2, int(0.12 * size))
        piece = crop[max(0, y - reach) : y + reach, max(0, x - reach) : x + reach]
    else:
        picture = other()
        side = int(rng.uniform(0.2, 0.6) * min(picture.shape[:2]))
        top_px, left_px = (int(rng.integers(0, extent - side)) for extent in picture.shape[:2])
        piece = picture[top_px : top_px + side, left_px : left_px + side]
    turned = np.ascontiguousarray(np.rot90(piece, int(rng.integers(4))))
    return np.asarray(cv2.resize(turned, (size, size)), np.float32) * np.float32(rng.uniform(0.5, 1.3))


def _face_width_px(points_px: FloatArray) -> float:
    """From one end of the jaw line to the other, at least one pixel."""
    return float(np.linalg.norm(points_px[16] - points_px[0])) + 1.0


def _tint(rng: Rng, spread: float = 0.2) -> FloatArray:
    """Factors of the three colours."""
    return np.exp(rng.normal(0, spread * rng.random(), 3)).astype(np.float32)


def _polygon(size: int, outline: NDArray[np.floating]) -> FloatArray:
    mask = np.zeros((size, size), np.float32)
    cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], 1.0)
    return mask


def _as_image(pixels: NDArray[np.floating]) -> ImageArray:
    return np.clip(np.rint(pixels), 0, BRIGHT).astype(np.uint8)
