"""What is behind a face: pictures that anybody may use, and drawn ones of many kinds."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from rednet_ros.media.images import read_image
from rednet_ros.training.rendering.geometry import FloatArray, ImageArray
from rednet_ros.training.rendering.seeds import Rng, chance

PACKAGED_PICTURES = {
    "brick.png": "CC0",
    "chelsea.png": "CC0",
    "coffee.png": "CC0",
    "grass.png": "CC0",
    "gravel.png": "CC0",
    "hubble_deep_field.jpg": "public domain (NASA)",
    "retina.jpg": "CC0",
    "rocket.jpg": "public domain (SpaceX)",
}
"""Pictures of scikit-image's data folder without people that its documentation calls CC0 or public domain."""
MAX_PICTURE_PX = 1024


def load_pictures(paths: Sequence[Path]) -> tuple[ImageArray, ...]:
    """The user's background pictures and scikit-image's, where it is installed. Raises InputError for a bad file."""
    return tuple(_read(path) for path in (*paths, *_packaged()))


def sample_background(rng: Rng, size_px: int, pictures: Sequence[ImageArray]) -> ImageArray:
    """One background, size x size x 3 BGR."""
    share = min(0.6, 0.3 + 0.01 * len(pictures)) if pictures else 0.0
    image: FloatArray = _from_picture(rng, size_px, pictures) if chance(rng, share) else _drawn(rng, size_px)
    if chance(rng, 0.6):
        image = cv2.GaussianBlur(image, (0, 0), (0.3 + rng.random() ** 2 * 8) * size_px / 224)
    image = image * np.exp(rng.normal() * 0.3) * np.exp(rng.normal(size=3) * 0.1)
    return np.clip(image, 0, 255).astype(np.uint8)


def _packaged() -> list[Path]:
    found = importlib.util.find_spec("skimage")
    if found is None or not found.submodule_search_locations:
        return []
    folder = Path(found.submodule_search_locations[0]) / "data"
    return [folder / name for name in PACKAGED_PICTURES if (folder / name).is_file()]


def _read(path: Path) -> ImageArray:
    image = read_image(path)
    shrink = MAX_PICTURE_PX / max(image.shape[:2])
    if shrink < 1:
        image = cv2.resize(image, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    return image


def _from_picture(rng: Rng, size_px: int, pictures: Sequence[ImageArray]) -> FloatArray:
    """A piece of a picture, at times mirrored or upside down, in other colours."""
    picture = pictures[int(rng.integers(len(pictures)))]
    height, width = picture.shape[:2]
    side = int(rng.uniform(0.25, 1) * min(height, width))
    top, left = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
    piece = picture[top : top + side, left : left + side]
    piece = cv2.resize(piece, (size_px, size_px), interpolation=cv2.INTER_AREA)
    if chance(rng, 0.5):
        piece = cv2.flip(piece, int(rng.choice([1, 1, 0, -1])))
    if chance(rng, 0.3):
        piece = piece[:, :, rng.permutation(3)]
    return piece.astype(np.float32) * rng.uniform(0.5, 1.2)


def _drawn(rng: Rng, size_px: int) -> FloatArray:
    kinds = (_gradient, _clouds, _clutter, _clutter, _room, _lights, _stripes, _foliage)
    coarse_px = size_px // 2
    drawn = np.ascontiguousarray(kinds[rng.integers(len(kinds))](rng, coarse_px), np.float32)
    return cv2.resize(drawn, (size_px, size_px), interpolation=cv2.INTER_LINEAR)


def _any_colour(rng: Rng) -> FloatArray:
    """Mostly dull colours, of any brightness: B, G, R in 0..255."""
    return np.clip(rng.random() * 255 + rng.normal(size=3) * rng.choice([8, 20, 60]), 0, 255)


def _gradient(rng: Rng, size_px: int) -> FloatArray:
    """A wall: one colour into another."""
    angle = rng.uniform(0, 2 * np.pi)
    axis = np.linspace(-0.5, 0.5, size_px)
    ramp = np.clip(0.5 + np.cos(angle) * axis[None, :] + np.sin(angle) * axis[:, None], 0, 1)[:, :, None]
    first = _any_colour(rng)
    second = first * rng.uniform(0.3, 1.3) if chance(rng, 0.7) else _any_colour(rng)
    grain = rng.standard_normal((size_px, size_px, 1), np.float32) * rng.uniform(0, 6)
    return first * (1 - ramp) + second * ramp + grain


def _clouds(rng: Rng, size_px: int) -> FloatArray:
    """Noise of several sizes: plaster, fabric, sky, blurred distance."""
    total = np.zeros((size_px, size_px, 3), np.float32)
    amplitude, weight = 1.0, rng.uniform(0.4, 0.9)
    for cells in (3, 6, 12, 24, 48, 96):
        coarse = rng.random((cells, cells, 3 if chance(rng, 0.4) else 1)).astype(np.float32)
        fine = cv2.resize(coarse, (size_px, size_px), interpolation=cv2.INTER_CUBIC)
        total += amplitude * (fine.reshape(size_px, size_px, -1) - 0.5)
        amplitude *= weight
    return _any_colour(rng) + total * rng.uniform(20, 160)


def _clutter(rng: Rng, size_px: int) -> FloatArray:
    """Boxes, discs and lines of many sizes on a wall: a shelf, a street, a crowd out of focus."""
    image = np.ascontiguousarray(_gradient(rng, size_px), np.float32)
    for _ in range(int(rng.integers(4, 40))):
        first = rng.integers(0, size_px, 2)
        extent = (size_px * rng.uniform(0.02, 0.45, 2) * rng.choice([0.5, 1])).astype(int) + 2
        colour = _any_colour(rng).tolist()
        corner, opposite = first.tolist(), (first + extent).tolist()
        kind = rng.random()
        if kind < 0.45:
            cv2.rectangle(image, corner, opposite, colour, -1 if chance(rng, 0.75) else int(rng.integers(1, 6)))
        elif kind < 0.75:
            cv2.ellipse(image, corner, extent.tolist(), float(rng.uniform(0, 360)), 0, 360, colour, -1)
        else:
            cv2.line(image, corner, rng.integers(0, size_px, 2).tolist(), colour, int(rng.integers(1, 8)))
    return image


def _room(rng: Rng, size_px: int) -> FloatArray:
    """Walls that meet in a corner, a floor or ceiling, perhaps a window or a picture on the wall."""
    image = np.empty((size_px, size_px, 3), np.float32)
    wall = _any_colour(rng)
    image[:] = wall
    corner = int(rng.uniform(0.1, 0.9) * size_px)
    image[:, corner:] = wall * rng.uniform(0.5, 0.95)
    edge, slope = rng.uniform(0.6, 1.1) * size_px, rng.uniform(-0.3, 0.3)
    floor = np.array([[0, edge], [corner, edge - slope * size_px], [size_px, edge], [size_px, size_px], [0, size_px]])
    cv2.fillPoly(image, [floor.astype(np.int32)], _any_colour(rng).tolist())
    for _ in range(int(rng.integers(0, 4))):
        left, top = (rng.uniform(-0.1, 0.9, 2) * size_px).astype(int)
        width, height = (rng.uniform(0.1, 0.5, 2) * size_px).astype(int)
        inside = [255.0] * 3 if chance(rng, 0.4) else _any_colour(rng).tolist()
        cv2.rectangle(image, (left, top), (left + width, top + height), inside, -1)
        cv2.rectangle(image, (left, top), (left + width, top + height), _any_colour(rng).tolist(), 3)
        if chance(rng, 0.5):
            middle = left + width // 2
            cv2.line(image, (middle, top), (middle, top + height), _any_colour(rng).tolist(), 3)
    return image


def _lights(rng: Rng, size_px: int) -> FloatArray:
    """Lamps out of focus in the dark."""
    image = np.ascontiguousarray(_gradient(rng, size_px) * rng.uniform(0.05, 0.4), np.float32)
    lamps = np.zeros_like(image)
    for _ in range(int(rng.integers(5, 45))):
        colour = rng.uniform(60, 230) * np.exp(rng.normal(size=3) * 0.4)
        centre = rng.integers(0, size_px, 2).tolist()
        cv2.circle(lamps, centre, int(size_px * rng.uniform(0.008, 0.06)), colour.tolist(), -1)
    return image + cv2.GaussianBlur(lamps, (0, 0), size_px * rng.uniform(0.005, 0.03))


def _stripes(rng: Rng, size_px: int) -> FloatArray:
    """Blinds, fences, books, bricks."""
    rows, columns = np.mgrid[0:size_px, 0:size_px].astype(np.float32) / size_px
    angle = rng.choice([0, np.pi / 2]) + rng.normal() * 0.05
    along = np.cos(angle) * columns + np.sin(angle) * rows
    across = np.cos(angle) * rows - np.sin(angle) * columns
    cells = rng.uniform(4, 30)
    column = np.floor(along * cells)
    brightness = rng.random(200)[column.astype(int) % 200]
    if chance(rng, 0.5):
        row = np.floor(across * cells * rng.uniform(0.3, 2) + 0.5 * (column % 2))
        brightness = 0.5 * brightness + 0.5 * rng.random(200)[row.astype(int) % 200]
    gap = (along * cells - column < 0.12)[:, :, None]
    image = _any_colour(rng) + (brightness[:, :, None] - 0.5) * rng.uniform(30, 200)
    return np.where(gap, image * rng.uniform(0.3, 1.2), image)


def _foliage(rng: Rng, size_px: int) -> FloatArray:
    """Many small strokes of similar colours: leaves, grass, fur, carpet."""
    image = np.empty((size_px, size_px, 3), np.float32)
    base = np.array([rng.uniform(10, 90), rng.uniform(40, 150), rng.uniform(20, 120)])
    image[:] = base * 0.6
    for _ in range(250):
        start = rng.integers(-10, size_px + 10, 2)
        stop = start + rng.normal(size=2) * size_px * 0.05
        colour = base * np.exp(rng.normal() * 0.4) + rng.normal(size=3) * 8
        cv2.line(image, start.tolist(), stop.astype(int).tolist(), colour.tolist(), int(rng.integers(1, 6)))
    return image
