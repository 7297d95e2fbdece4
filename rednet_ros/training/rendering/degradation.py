"""What cameras and networks do to pictures: low resolution, blur, noise, little light, strong compression."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from rednet_ros.training.rendering.geometry import ImageArray
from rednet_ros.training.rendering.seeds import Rng, chance


@dataclass(frozen=True)
class Degradation:
    """One camera. `downscale`: pixels lost, 1 for none; blurs in pixels of a 224 px picture; `noise` in grey levels.

    `jpeg_quality`: of a compression before the file's own, None for none.
    """

    downscale: float
    blur_px: float
    motion_px: float
    motion_rad: float
    contrast: float
    brightness: float
    grey: bool
    noise: float
    jpeg_quality: int | None


def sample_degradation(rng: Rng) -> Degradation:
    """A camera; about four in ten are good ones."""
    kind = rng.random()
    return Degradation(
        downscale=float(rng.uniform(1.2, 4.0)) if kind < 0.25 else 1.0,
        blur_px=float(rng.uniform(0.4, 2.0)) if 0.25 <= kind < 0.4 else 0.0,
        motion_px=float(rng.uniform(2, 12)) if 0.4 <= kind < 0.5 else 0.0,
        motion_rad=float(rng.uniform(0, np.pi)),
        contrast=float(np.exp(rng.normal() * 0.15)),
        brightness=float(rng.normal() * 10),
        grey=chance(rng, 0.06),
        noise=float(rng.uniform(1, 9)) if chance(rng, 0.45) else 0.0,
        jpeg_quality=int(rng.integers(25, 92)) if chance(rng, 0.4) else None,
    )


def degrade(image: ImageArray, camera: Degradation, rng: Rng) -> ImageArray:
    """The picture as that camera hands it on; `rng` draws the noise."""
    size_px = image.shape[0]
    pixels = image
    if camera.downscale > 1:
        small = max(24, round(size_px / camera.downscale))
        pixels = cv2.resize(pixels, (small, small), interpolation=cv2.INTER_AREA)
        pixels = cv2.resize(pixels, (size_px, size_px), interpolation=cv2.INTER_LINEAR)
    if camera.blur_px > 0:
        pixels = cv2.GaussianBlur(pixels, (0, 0), camera.blur_px * size_px / 224)
    if camera.motion_px > 1:
        pixels = motion_blur(pixels, camera.motion_px * size_px / 224, camera.motion_rad)
    if camera.grey:
        pixels = cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    levels = (pixels.astype(np.float32) - 128) * camera.contrast + (128 + camera.brightness)
    if camera.noise > 0:
        levels += rng.standard_normal(levels.shape, np.float32) * camera.noise
    result = np.clip(levels, 0, 255).astype(np.uint8)
    if camera.jpeg_quality is not None:
        _, code = cv2.imencode(".jpg", result, [cv2.IMWRITE_JPEG_QUALITY, camera.jpeg_quality])
        result = cv2.imdecode(code, cv2.IMREAD_COLOR)
    return result


def motion_blur(image: ImageArray, length_px: float, angle_rad: float) -> ImageArray:
    """The picture smeared over a straight way of this length, in this direction."""
    side = int(np.ceil(length_px)) // 2 * 2 + 1
    kernel = np.zeros((side, side), np.float32)
    middle = side // 2
    reach = (length_px - 1) / 2 * np.array([np.cos(angle_rad), np.sin(angle_rad)])
    start, stop = np.rint(middle - reach).astype(int).tolist(), np.rint(middle + reach).astype(int).tolist()
    cv2.line(kernel, start, stop, 1.0)
    return cv2.filter2D(image, -1, kernel / kernel.sum())
