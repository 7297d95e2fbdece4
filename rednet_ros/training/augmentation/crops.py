"""What is done to a training face: where the crop lies, how it looks, and what the previous frame claims."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from rednet_ros.tracking.crops import CropTransform, mirrored
from rednet_ros.tracking.types import FloatArray, ImageArray
from rednet_ros.training.config import AugmentationSettings

Rng = np.random.Generator


def disturb(crop: CropTransform, settings: AugmentationSettings, rng: Rng) -> CropTransform:
    """A crop as a detector or the previous frame would have placed it: shifted, scaled and turned."""
    shift_x, shift_y, scale, turn = rng.uniform(-1, 1, 4) if settings.spread == "uniform" else rng.normal(0, 1, 4)
    reach = settings.shift * crop.side_px
    return CropTransform(
        (crop.center_px[0] + float(reach * shift_x), crop.center_px[1] + float(reach * shift_y)),
        crop.side_px * float(np.exp(settings.log_scale * scale)),
        crop.roll_rad + float(np.deg2rad(settings.roll_deg * turn)),
        crop.size_px,
    )


def mirror(crop: ImageArray, points_px: FloatArray) -> tuple[ImageArray, FloatArray]:
    """The mirrored crop and its landmarks in their new order."""
    return cv2.flip(crop, 1), mirrored(points_px, crop.shape[1])


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
        crop = occlude(crop, rng)
    pixels = draw_looks(settings, crop.shape[0], rng)(crop)
    if rng.random() < settings.noise:
        pixels = pixels + np.float32(rng.uniform(2, 14)) * rng.standard_normal(pixels.shape, np.float32)
    return np.clip(pixels, 0, 255).astype(np.uint8)


@dataclass(frozen=True)
class Looks:
    """How a camera and a light show things: the same for all frames of a clip.

    `gamma`, `gain` (3 colours), `offset` (grey levels), `shade`: S x S x 1 factors of a light from one side, None for
    none; `small_px`: side of the image before it was enlarged, `blur_px`: of the blur, each None where there is none.
    """

    grey: bool
    gamma: float
    gain: FloatArray
    offset: float
    shade: FloatArray | None
    small_px: int | None
    blur_px: float | None

    def __call__(self, image: ImageArray) -> FloatArray:
        """An S x S x 3 image as it looks so: float32, not clipped to 0..255."""
        size = image.shape[0]
        if self.small_px is not None:
            small = (self.small_px, self.small_px)
            image = np.asarray(
                cv2.resize(cv2.resize(image, small, interpolation=cv2.INTER_AREA), (size, size)), np.uint8
            )
        elif self.blur_px is not None:
            image = np.asarray(cv2.GaussianBlur(image, (0, 0), self.blur_px), np.uint8)
        if self.grey:
            image = np.repeat(image.mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
        values = np.linspace(0, 1, 256)[:, None] ** self.gamma
        table = (255 * values * self.gain + self.offset).astype(np.float32)
        pixels = np.asarray(cv2.LUT(image, table[None]), np.float32)
        return pixels if self.shade is None else pixels * self.shade


def draw_looks(settings: AugmentationSettings, size_px: int, rng: Rng) -> Looks:
    """Looks at random, for images of `size_px` x `size_px` pixels."""
    small_px, blur_px = None, None
    if rng.random() < settings.blur:
        if rng.random() < 0.5:
            small_px = max(8, int(size_px * rng.uniform(0.3, 0.8)))
        else:
            blur_px = float(size_px * rng.uniform(0.004, 0.016))
    grey = bool(rng.random() < settings.grey)
    light = settings.light
    gain = np.exp(light * rng.normal(0, 0.2)) * np.exp(light * rng.normal(0, 0.06, 3))
    return Looks(
        grey=grey,
        gamma=float(np.exp(light * rng.normal(0, 0.25))),
        gain=gain.astype(np.float32),
        offset=float(light * rng.normal(0, 12)),
        shade=_shade(size_px, rng) if rng.random() < 0.25 * light else None,
        small_px=small_px,
        blur_px=blur_px,
    )


def _shade(size: int, rng: Rng) -> FloatArray:
    """Light from one side: size x size x 1 factors."""
    angle = rng.uniform(0, 2 * np.pi)
    axis = np.linspace(-1, 1, size, dtype=np.float32)
    ramp = np.cos(angle) * axis[None, :] + np.sin(angle) * axis[:, None]
    return (1 + rng.uniform(0.2, 0.6) * np.clip(ramp, -1, 1))[:, :, None].astype(np.float32)


def occlude(crop: ImageArray, rng: Rng) -> ImageArray:
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
