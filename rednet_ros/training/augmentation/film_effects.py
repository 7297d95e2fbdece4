"""What happens to the frames of a clip: motion blur, things that pass, light that drifts, noise and compression."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rednet_ros.tracking.types import Box, FloatArray, ImageArray
from rednet_ros.training.augmentation.crops import draw_looks
from rednet_ros.training.config import AugmentationSettings, ClipSettings

Rng = np.random.Generator

INERTIA = 0.9
"""Correlation of the motion from frame to frame with that of the frame before."""

_NOISE_MARGIN_PX = 61


def smooth_path(count: int, speed: NDArray[np.floating], rng: Rng) -> NDArray[np.float64]:
    """`count` x D positions of something that moves with inertia, about 0; `speed`: D standard deviations a frame."""
    velocity = rng.normal(0, 1, speed.shape) * speed
    positions = [np.zeros(speed.shape)]
    for _ in range(count - 1):
        velocity = INERTIA * velocity + np.sqrt(1 - INERTIA**2) * rng.normal(0, 1, speed.shape) * speed
        positions.append(positions[-1] + velocity)
    return np.array(positions) - np.mean(positions, axis=0)


def blur_motion(frames: list[ImageArray], places: list[FloatArray], exposure: float) -> list[ImageArray]:
    """Each frame smeared along the way of the face since the frame before, for this share of the time between."""
    blurred = []
    for index, frame in enumerate(frames):
        before, after = places[max(0, index - 1)].mean(axis=0), places[max(1, index)].mean(axis=0)
        way = exposure * (after - before)
        length = float(np.hypot(*way))
        if length < 1.0:
            blurred.append(frame)
            continue
        size = int(np.ceil(length)) // 2 * 2 + 3
        kernel = np.zeros((size, size), np.float32)
        middle, half = (size - 1) / 2, way / 2
        start, end = middle - half, middle + half
        sixteenth = [tuple(round(16 * float(value)) for value in point) for point in (start, end)]
        cv2.line(kernel, sixteenth[0], sixteenth[1], 1.0, 1, cv2.LINE_AA, 4)
        blurred.append(cv2.filter2D(frame, -1, kernel / max(kernel.sum(), 1e-6), borderType=cv2.BORDER_REPLICATE))
    return blurred


def pass_object(frames: list[ImageArray], places: list[FloatArray], rng: Rng) -> list[ImageArray]:
    """An object passes in front of the face, from one side of it to the other."""
    middle = places[len(places) // 2]
    box = Box.around(middle)
    side = max(box.width, box.height)
    angle, when = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 0.8)
    speed = rng.uniform(0.08, 0.35) * side
    target = np.array(box.center) + rng.normal(0, 0.25, 2) * side
    size = (rng.uniform(0.2, 0.7, 2) * side).astype(int) + 3
    patch, mask = _object(frames[0], size, rng)
    direction = np.array([np.cos(angle), np.sin(angle)])
    covered = []
    for index, frame in enumerate(frames):
        center = target + direction * speed * (index - when * (len(frames) - 1))
        covered.append(_paste(frame, patch, mask, center))
    return covered


def _object(frame: ImageArray, size: NDArray[np.int_], rng: Rng) -> tuple[ImageArray, NDArray[np.uint8]]:
    """A patch, plain or cut from the frame, and its mask."""
    width, height = int(size[0]), int(size[1])
    if rng.random() < 0.5:
        patch = np.full((height, width, 3), rng.integers(0, 256, 3), np.uint8)
    else:
        left, top = (int(rng.integers(0, max(1, frame.shape[0] - extent))) for extent in (width, height))
        piece = frame[top : top + height, left : left + width]
        patch = np.asarray(cv2.resize(np.rot90(piece, int(rng.integers(4))), (width, height)), np.uint8)
    mask = np.zeros((height, width), np.uint8)
    if rng.random() < 0.6:
        cv2.ellipse(mask, (width // 2, height // 2), (width // 2, height // 2), 0, 0, 360, 1, -1)
    else:
        mask[:] = 1
    return patch, mask


def _paste(frame: ImageArray, patch: ImageArray, mask: NDArray[np.uint8], center: NDArray[np.floating]) -> ImageArray:
    height, width = mask.shape
    left, top = (round(float(value)) for value in center - np.array([width, height]) / 2)
    x0, y0, x1, y1 = max(0, left), max(0, top), min(frame.shape[1], left + width), min(frame.shape[0], top + height)
    if x0 >= x1 or y0 >= y1:
        return frame
    pasted = frame.copy()
    inside = mask[y0 - top : y1 - top, x0 - left : x1 - left] > 0
    pasted[y0:y1, x0:x1][inside] = patch[y0 - top : y1 - top, x0 - left : x1 - left][inside]
    return pasted


def hide(frames: list[ImageArray], places: list[FloatArray], rng: Rng) -> tuple[list[ImageArray], NDArray[np.bool_]]:
    """Something covers the whole face for one to three frames, but not in the first two."""
    shown = np.ones(len(frames), bool)
    length = int(rng.integers(1, 4))
    first = int(rng.integers(2, max(3, len(frames) - length + 1)))
    shown[first : first + length] = False
    box = Box.around(places[min(first, len(places) - 1)])
    size = np.array([1.5 * box.width, 1.5 * box.height]).astype(int) + 3
    # Plain: a piece of the picture might show a face.
    patch = np.full((size[1], size[0], 3), rng.integers(0, 256, 3), np.uint8)
    everywhere = np.ones(patch.shape[:2], np.uint8)
    hidden = [
        frame if seen else _paste(frame, patch, everywhere, np.array(Box.around(place).center))
        for frame, place, seen in zip(frames, places, shown, strict=True)
    ]
    return hidden, shown


def expose(frames: list[ImageArray], clip: ClipSettings, looks: AugmentationSettings, rng: Rng) -> list[ImageArray]:
    """Light and colour of the clip, their drift, and each frame's own noise and compression."""
    size_px = frames[0].shape[0]
    appear = draw_looks(looks, size_px, rng)
    drift = np.exp(smooth_path(len(frames), np.array([0.03 * clip.light]), rng)[:, 0])
    deviation = clip.noise * rng.random() ** 2
    tile_px = size_px + _NOISE_MARGIN_PX
    tile = np.float32(deviation) * rng.standard_normal((tile_px, tile_px, 3), np.float32)
    quality = int(rng.integers(40, 95)) if rng.random() < 0.4 else None
    exposed = []
    for frame, gain in zip(frames, drift, strict=True):
        pixels = appear(frame) * np.float32(gain)
        # A piece of the same noise, somewhere else for every frame: new noise would cost more than all the rest.
        left, top = rng.integers(0, _NOISE_MARGIN_PX, 2)
        pixels = pixels + tile[top : top + size_px, left : left + size_px]
        image = np.clip(pixels, 0, 255).astype(np.uint8)
        if quality is not None:
            encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
            image = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)
        exposed.append(image)
    return exposed
