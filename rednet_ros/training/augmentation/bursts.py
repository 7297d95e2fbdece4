"""Bursts: some frames of a clip in which a face is hidden or hardly to be seen, so that memory has something to do.

Lengths are in parts of the face's reach, the longer side of its box.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rednet_ros.tracking.types import Box, FloatArray, ImageArray
from rednet_ros.training.rendering import occluders
from rednet_ros.training.rendering.degradation import motion_blur

Rng = np.random.Generator

SHORTEST, LONGEST = 3, 12
"""Frames of a burst."""

CLEAN_FIRST = 2
"""So many frames at the start of a clip are in no burst."""

SHARES = {
    "hand": 0.12,
    "object": 0.12,
    "half": 0.14,
    "face": 0.14,
    "smear": 0.09,
    "dark": 0.08,
    "noise": 0.08,
    "small": 0.08,
    "blank": 0.15,
}
"""Kind -> share of the bursts: things before the face, bad moments of a camera, and frames without any picture."""

DRIFT = 0.03
"""Standard deviation of the way of a thing in a frame."""


@dataclass(frozen=True)
class Burst:
    """Frames `start` to `stop` - 1 of a clip; `kind`: of `SHARES`."""

    start: int
    stop: int
    kind: str


def plan(frames: int, share: float, rng: Rng) -> list[Burst]:
    """Bursts of a clip that take about this share of its frames, in the mean over many clips; never the first ones."""
    wanted, free = share * frames, frames - CLEAN_FIRST
    lengths: list[int] = []
    while True:
        length = int(rng.integers(SHORTEST, LONGEST + 1))
        length = min(length, free - sum(lengths) - len(lengths))  # one clean frame, at least, before another burst
        left = wanted - sum(lengths)
        if length < SHORTEST or rng.random() > left / length:
            break
        lengths.append(length)
    spare = free - sum(lengths) - max(0, len(lengths) - 1)
    gaps = rng.multinomial(spare, np.full(len(lengths) + 1, 1 / (len(lengths) + 1)))
    kinds = rng.choice(list(SHARES), len(lengths), p=list(SHARES.values()))
    bursts, start = [], CLEAN_FIRST
    for length, gap, kind in zip(lengths, gaps, kinds, strict=False):
        start += int(gap)
        bursts.append(Burst(start, start + length, str(kind)))
        start += length + 1
    return bursts


def spoil(frames: list[ImageArray], places: list[FloatArray], bursts: list[Burst], rng: Rng) -> list[ImageArray]:
    """The frames with what happens in the bursts. `places`: 68 x 2 pixels, the face in each of them."""
    spoilt = list(frames)
    for burst in bursts:
        span = slice(burst.start, burst.stop)
        spoilt[span] = _KINDS[burst.kind](frames[span], places[span], rng)
    return spoilt


def _reach_px(place: FloatArray) -> float:
    box = Box.around(place)
    return max(box.width, box.height, 8.0)


def _middles_px(places: list[FloatArray], rng: Rng) -> list[NDArray[np.float64]]:
    """The middle of the face in every frame, and a thing's own drift over it."""
    drift = np.cumsum(rng.normal(0, DRIFT, (len(places), 2)), axis=0)
    return [np.array(Box.around(place).center) + _reach_px(place) * by for place, by in zip(places, drift, strict=True)]


def _hand(frames: list[ImageArray], places: list[FloatArray], rng: Rng) -> list[ImageArray]:
    """A palm with fingers and an arm in about the colour of a cheek, somewhere before the face."""
    target, angle, spread = rng.normal(0, 0.2, 2), rng.uniform(-1.4, 1.4), rng.uniform(0.05, 0.3)
    size, tint, fingers = rng.uniform(0.8, 1.3), rng.uniform(0.6, 1.2), rng.uniform(0.3, 0.5, 4)
    up = np.array([np.sin(angle), -np.cos(angle)])
    side = np.array([np.cos(angle), np.sin(angle)])
    hands = []
    for frame, place, middle in zip(frames, places, _middles_px(places, rng), strict=True):
        reach = size * _reach_px(place)
        palm = middle + reach * target
        mask = np.zeros(frame.shape[:2], np.uint8)
        _limb(mask, palm, palm - 2.5 * reach * up, 0.28 * reach)
        for number, length in enumerate(fingers):
            across = (number - 1.5) * 0.12 * side
            _limb(mask, palm + reach * across, palm + reach * (across * (1 + 4 * spread) + length * up), 0.1 * reach)
        cv2.ellipse(mask, (_tuple(palm), _tuple((0.5 * reach, 0.42 * reach)), float(np.rad2deg(angle))), 255, -1)
        x, y = np.clip(np.rint((place[2] + place[30]) / 2), 0, np.array(frame.shape[1::-1]) - 1).astype(int)
        skin = tint * frame[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3].reshape(-1, 3).mean(axis=0)
        rounded = (
            0.5 + 0.5 * cv2.GaussianBlur(mask, (0, 0), max(0.5, 0.04 * reach))[:, :, None].astype(np.float32) / 255
        )
        hands.append(_blend(frame, mask, np.asarray(skin * rounded, np.float32)))
    return hands


def _object(frames: list[ImageArray], places: list[FloatArray], rng: Rng) -> list[ImageArray]:
    """One of the renderer's things, larger than there."""
    thing = occluders.sample_occluder(rng, places[0])
    size, toward = rng.uniform(1.0, 1.8), rng.normal(0, 0.18, 2)
    things = []
    for frame, place, middle in zip(frames, places, _middles_px(places, rng), strict=True):
        reach = _reach_px(place)
        x, y = middle + reach * toward
        moved = occluders.Occluder(thing.kind, (float(x), float(y)), size * reach, thing.angle_rad, thing.seed)
        things.append(np.asarray(occluders.occlude(frame, (moved,), ())[0], np.uint8))
    return things


def _half(frames: list[ImageArray], places: list[FloatArray], rng: Rng) -> list[ImageArray]:
    """All on one side of a straight edge through the face."""
    away, angle = rng.normal(0, 0.08), rng.uniform(0, 2 * np.pi)
    towards, along = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    corners = np.array([away * towards - 1.3 * along, away * towards + 1.3 * along])
    return _behind(frames, places, np.concatenate([corners, corners[::-1] + 1.4 * towards]), rng)


def _whole(frames: list[ImageArray], places: list[FloatArray], rng: Rng) -> list[ImageArray]:
    """Something of many corners before the whole face."""
    around = np.sort(rng.uniform(0, 2 * np.pi, 8)) if rng.random() < 0.5 else np.arange(16) * np.pi / 8
    ring = np.stack([np.cos(around), np.sin(around)], axis=1)
    return _behind(frames, places, ring * rng.uniform(0.65, 0.95, (len(around), 1)), rng)


def _behind(
    frames: list[ImageArray], places: list[FloatArray], outline: NDArray[np.floating], rng: Rng
) -> list[ImageArray]:
    """A polygon, in parts of the reach about the face's middle: plain, shaded, or a piece of the picture."""
    colour = rng.uniform(10, 245, 3).astype(np.float32)
    slope, is_plain = rng.normal(0, 0.4), rng.random() < 0.6
    covered = []
    for frame, place, middle in zip(frames, places, _middles_px(places, rng), strict=True):
        mask = np.zeros(frame.shape[:2], np.uint8)
        corners = middle + _reach_px(place) * outline
        cv2.fillPoly(mask, [cv2.convexHull(np.rint(16 * corners).astype(np.int32))], 255, cv2.LINE_AA, 4)
        shade = np.clip(1 + slope * np.linspace(-1, 1, frame.shape[0], dtype=np.float32), 0.3, 1.7)[:, None, None]
        # Upside down and blurred: cloth or a wall, not a face.
        stuff = colour if is_plain else cv2.blur(frame[::-1], (25, 25)).astype(np.float32)
        covered.append(_blend(frame, mask, stuff * shade))
    return covered


def _smear(frames: list[ImageArray], places: list[FloatArray], rng: Rng) -> list[ImageArray]:
    """The camera shakes."""
    length, angle = rng.uniform(0.1, 0.4), rng.uniform(0, np.pi)
    return [
        np.asarray(
            motion_blur(frame, max(3.0, length * rng.uniform(0.6, 1.2) * _reach_px(place)), angle + rng.normal(0, 0.3)),
            np.uint8,
        )
        for frame, place in zip(frames, places, strict=True)
    ]


def _dark(frames: list[ImageArray], _: list[FloatArray], rng: Rng) -> list[ImageArray]:
    light, deviation = rng.uniform(0.02, 0.15), rng.uniform(1.0, 5.0)
    return [_grainy(frame * np.float32(light), deviation, rng) for frame in frames]


def _noise(frames: list[ImageArray], _: list[FloatArray], rng: Rng) -> list[ImageArray]:
    deviation = rng.uniform(25, 80)
    return [_grainy(frame.astype(np.float32), deviation, rng) for frame in frames]


def _small(frames: list[ImageArray], places: list[FloatArray], rng: Rng) -> list[ImageArray]:
    """As if the face had few pixels."""
    face_px = rng.uniform(8, 24)
    enlarged = []
    for frame, place in zip(frames, places, strict=True):
        side = max(4, round(frame.shape[0] * min(1.0, face_px / _reach_px(place))))
        few = cv2.resize(frame, (side, side), interpolation=cv2.INTER_AREA)
        enlarged.append(np.asarray(cv2.resize(few, frame.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.uint8))
    return enlarged


def _blank(frames: list[ImageArray], _: list[FloatArray], rng: Rng) -> list[ImageArray]:
    """No picture at all: one colour, often black."""
    colour = rng.integers(0, 256, 3) * int(rng.random() < 0.6)
    return [np.full_like(frame, colour) for frame in frames]


def _grainy(pixels: FloatArray, deviation: float, rng: Rng) -> ImageArray:
    grain = np.float32(deviation) * rng.standard_normal(pixels.shape, np.float32)
    return np.clip(pixels + grain, 0, 255).astype(np.uint8)


def _limb(
    mask: NDArray[np.uint8], start: NDArray[np.floating], stop: NDArray[np.floating], thickness_px: float
) -> None:
    ends = [_rounded(point) for point in (start, stop)]
    cv2.line(mask, ends[0], ends[1], 255, max(2, round(thickness_px)), cv2.LINE_AA)


def _rounded(point: NDArray[np.floating]) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))


def _tuple(values: NDArray[np.floating] | tuple[float, float]) -> tuple[float, float]:
    return float(values[0]), float(values[1])


def _blend(frame: ImageArray, mask: NDArray[np.uint8], colours: FloatArray) -> ImageArray:
    alpha = cv2.GaussianBlur(mask, (0, 0), 0.8)[:, :, None].astype(np.float32) / 255
    return np.clip(frame * (1 - alpha) + colours * alpha, 0, 255).astype(np.uint8)


_KINDS: dict[str, Callable[[list[ImageArray], list[FloatArray], Rng], list[ImageArray]]] = {
    "hand": _hand,
    "object": _object,
    "half": _half,
    "face": _whole,
    "smear": _smear,
    "dark": _dark,
    "noise": _noise,
    "small": _small,
    "blank": _blank,
}
