"""What is done to a training face: where the crop lies, how it looks, and what the previous frame claims."""

from __future__ import annotations

import cv2
import numpy as np

from rednet_ros.landmarks import FLIP_ORDER
from rednet_ros.tracking.crops import CropTransform
from rednet_ros.tracking.types import FloatArray, ImageArray
from rednet_ros.training.config import AugmentationSettings

Rng = np.random.Generator


def disturb(crop: CropTransform, settings: AugmentationSettings, rng: Rng) -> CropTransform:
    """A crop as a detector or the previous frame would have placed it: shifted, scaled and turned."""
    shift_x, shift_y = rng.normal(0, settings.shift * crop.side_px, 2)
    return CropTransform(
        (crop.center_px[0] + shift_x, crop.center_px[1] + shift_y),
        crop.side_px * float(np.exp(rng.normal(0, settings.log_scale))),
        crop.roll_rad + float(np.deg2rad(rng.normal(0, settings.roll_deg))),
        crop.size_px,
    )


def mirror(crop: ImageArray, points_px: FloatArray) -> tuple[ImageArray, FloatArray]:
    """The mirrored crop and its landmarks in their new order."""
    mirrored = points_px[list(FLIP_ORDER)].copy()
    mirrored[:, 0] = crop.shape[1] - 1 - mirrored[:, 0]
    return cv2.flip(crop, 1), mirrored


def disturb_previous(points_px: FloatArray, size_px: int, rng: Rng) -> FloatArray:
    """Landmarks as a previous frame may have had them: moved as a whole, each with its own error, at times far off."""
    far = 3.0 if rng.random() < 0.15 else 1.0
    middle = points_px.mean(axis=0)
    scale = np.exp(rng.normal(0, 0.04 * far))
    moved = middle + (points_px - middle) * scale + rng.normal(0, 0.025 * far * size_px, 2)
    return (moved + rng.normal(0, 0.012 * far * size_px, points_px.shape)).astype(np.float32)


def change_looks(crop: ImageArray, settings: AugmentationSettings, rng: Rng) -> ImageArray:
    """Light, colour, sharpness, noise and occlusion. Returns a new crop of the same shape."""
    if rng.random() < settings.occlude:
        crop = _occlude(crop, rng)
    pixels = crop.astype(np.float32)
    if rng.random() < settings.blur:
        pixels = _lose_sharpness(pixels, rng)
    if rng.random() < settings.grey:
        pixels = np.repeat(pixels.mean(axis=2, keepdims=True), 3, axis=2)
    gamma = np.exp(rng.normal(0, 0.25))
    pixels = 255 * (np.clip(pixels, 0, 255) / 255) ** gamma
    pixels = pixels * (np.exp(rng.normal(0, 0.2)) * np.exp(rng.normal(0, 0.06, 3))) + rng.normal(0, 12)
    if rng.random() < 0.25:
        pixels = pixels * _shade(crop.shape[0], rng)
    if rng.random() < settings.noise:
        pixels = pixels + rng.normal(0, rng.uniform(2, 14), pixels.shape)
    return np.clip(pixels, 0, 255).astype(np.uint8)


def _lose_sharpness(pixels: FloatArray, rng: Rng) -> FloatArray:
    size = pixels.shape[0]
    if rng.random() < 0.5:
        small = max(8, int(size * rng.uniform(0.3, 0.8)))
        return cv2.resize(cv2.resize(pixels, (small, small), interpolation=cv2.INTER_AREA), (size, size))
    return cv2.GaussianBlur(pixels, (0, 0), size * rng.uniform(0.004, 0.016))


def _shade(size: int, rng: Rng) -> FloatArray:
    """Light from one side: size x size x 1 factors."""
    angle = rng.uniform(0, 2 * np.pi)
    axis = np.linspace(-1, 1, size, dtype=np.float32)
    ramp = np.cos(angle) * axis[None, :] + np.sin(angle) * axis[:, None]
    return (1 + rng.uniform(0.2, 0.6) * np.clip(ramp, -1, 1))[:, :, None]


def _occlude(crop: ImageArray, rng: Rng) -> ImageArray:
    """One to three patches: a plain colour, noise, or a piece of the crop itself from somewhere else."""
    crop = crop.copy()
    size = crop.shape[0]
    for _ in range(rng.integers(1, 4)):
        width, height = (rng.uniform(0.08, 0.35, 2) * size).astype(int) + 1
        left, top = rng.integers(0, size - width), rng.integers(0, size - height)
        kind = rng.random()
        if kind < 0.4:
            patch = np.full((height, width, 3), rng.integers(0, 256, 3), np.uint8)
        elif kind < 0.6:
            patch = rng.integers(0, 256, (height, width, 3)).astype(np.uint8)
        else:
            from_left, from_top = rng.integers(0, size - width), rng.integers(0, size - height)
            patch = crop[from_top : from_top + height, from_left : from_left + width].copy()
        mask = np.zeros((height, width), np.uint8)
        if rng.random() < 0.5:
            cv2.ellipse(mask, (width // 2, height // 2), (width // 2, height // 2), 0, 0, 360, 1, -1)
        else:
            mask[:] = 1
        region = crop[top : top + height, left : left + width]
        region[mask > 0] = patch[mask > 0]
    return crop
