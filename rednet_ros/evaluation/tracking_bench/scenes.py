"""The clips of the bench: who is in them, and how they move. Same seed, same clips."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rednet_ros.evaluation.tracking_bench.canvas import Frame, Place, Put, compose
from rednet_ros.evaluation.tracking_bench.people import Cutout, thing
from rednet_ros.tracking.types import FloatArray, ImageArray
from rednet_ros.training.rendering.background import load_pictures, sample_background
from rednet_ros.training.rendering.seeds import Rng, generator

WIDTH_PX, HEIGHT_PX, FPS = 640, 480, 30.0
_SPARE_PX = 97

Stage = Callable[[int], list[Put]]
"""What is in frame number n, the last in front."""


@dataclass(frozen=True)
class Clip:
    """`kind`: the row of the table that it counts for. `frames()` makes its images, one by one."""

    kind: str
    name: str
    frames: Callable[[], Iterator[Frame]]


class Scenes:
    """All clips with these people. `seed` decides sizes, speeds, places and backgrounds."""

    def __init__(self, people: Sequence[Cutout], seed: int = 0) -> None:
        self._people = people
        self._seed = seed
        self._pictures = load_pictures(())

    def tiled(self, count: int, number: int, frames: int = 60) -> Clip:
        """`count` (1..12) faces side by side that sway, nod and turn a little."""
        rng = self._rng("tiled", number)
        columns = min(count, 4)
        rows = math.ceil(count / columns)
        side_px = min(130.0, 0.62 * WIDTH_PX / columns, 0.5 * HEIGHT_PX / rows)
        sways = [
            self._sway(
                rng,
                WIDTH_PX * (index % columns + 0.5) / columns,
                HEIGHT_PX * (index // columns + 0.5) / rows + 0.2 * side_px,
                side_px,
            )
            for index in range(count)
        ]
        cast = self._cast(rng, count)
        return self._clip("tiled", f"tiled-{count}-{number}", rng, frames, lambda n: _all(cast, sways, n))

    def crossing(self, number: int) -> Clip:
        """Two faces walk past each other, one in front; 2 s in all."""
        rng = self._rng("crossing", number)
        sides = rng.uniform(70, 120, 2)
        height = rng.uniform(0.45, 0.6) * HEIGHT_PX
        drop = rng.uniform(-0.4, 0.4) * sides.mean()
        margin = 0.7 * sides.max()
        far, frames = WIDTH_PX - margin, int(rng.integers(55, 90))

        def walk(start: float, stop: float, y: float, side: float) -> Callable[[int], Place]:
            bob = rng.uniform(0, 2 * math.pi)

            def at(n: int) -> Place:
                share = min(max((n - 12) / (frames - 24), 0.0), 1.0)
                smooth = 0.5 - 0.5 * math.cos(math.pi * share)
                return Place(start + smooth * (stop - start), y + 3 * math.sin(bob + n / 5), side)

            return at

        walks = [walk(margin, far, height, sides[0]), walk(far, margin, height + drop, sides[1])]
        cast = self._cast(rng, 2)
        return self._clip("crossing", f"crossing-{number}", rng, frames, lambda n: _all(cast, walks, n))

    def leaving(self, number: int, frames: int = 75) -> Clip:
        """Two faces, of which one walks out of the frame and stays away."""
        rng = self._rng("leaving", number)
        side = rng.uniform(80, 120)
        stays = self._sway(rng, 0.3 * WIDTH_PX, 0.55 * HEIGHT_PX, side)
        angle = rng.uniform(-0.4 * math.pi, 0.4 * math.pi)
        speed = rng.uniform(8, 14)

        def goes(n: int) -> Place:
            way = speed * max(0, n - 20)
            return Place(0.7 * WIDTH_PX + way * math.cos(angle), 0.55 * HEIGHT_PX + way * math.sin(angle), side)

        cast = self._cast(rng, 2)
        return self._clip("leaving", f"leaving-{number}", rng, frames, lambda n: _all(cast, [stays, goes], n))

    def returning(self, number: int, frames: int = 120) -> Clip:
        """A face that leaves to the side; another comes in its place, or itself after 0.2 to 1.5 s."""
        rng = self._rng("returning", number)
        side, away = rng.uniform(80, 130), int(rng.integers(6, 45))
        is_other = number % 2 == 1
        first, second = self._cast(rng, 2)
        way_frames = 20
        out, back = 25, 25 + way_frames + away
        step = (0.5 * WIDTH_PX + 1.2 * side) / way_frames

        def at(n: int) -> list[Put]:
            if n < back:
                return [_put(first, Place(0.5 * WIDTH_PX + step * max(0, n - out), 0.55 * HEIGHT_PX, side))]
            way = step * max(0, way_frames - (n - back))
            return [_put(second if is_other else first, Place(0.5 * WIDTH_PX + way, 0.55 * HEIGHT_PX, side))]

        kind = "replaced" if is_other else "returning"
        return self._clip(kind, f"{kind}-{number}", rng, frames, at)

    def occluded(self, number: int, frames: int = 90) -> Clip:
        """Something passes in front of a face and hides it, wholly or half, for up to a second and a half."""
        rng = self._rng("occluded", number)
        side = rng.uniform(80, 130)
        sway = self._sway(rng, 0.5 * WIDTH_PX, 0.55 * HEIGHT_PX, side)
        cover = thing(sample_background(rng, 200, self._pictures), rng)
        speed, cover_px = rng.uniform(8, 30), side * rng.uniform(1.0, 2.2)
        y = (0.5 + rng.uniform(-0.1, 0.15)) * HEIGHT_PX
        cast = self._cast(rng, 1)

        def at(n: int) -> list[Put]:
            x = 0.5 * WIDTH_PX + speed * (n - frames / 2)
            return [*_all(cast, [sway], n), Put(cover, Place(x, y, cover_px), None)]

        return self._clip("occluded", f"occluded-{number}", rng, frames, at)

    def cut(self, number: int, frames: int = 70) -> Clip:
        """A cut from one person to another, who is about where the first was: nearly the same place and size."""
        rng = self._rng("cut", number)
        side = rng.uniform(90, 140)
        shift = rng.uniform(0, 0.35) * side
        angle = rng.uniform(0, 2 * math.pi)
        before = self._sway(rng, 0.5 * WIDTH_PX, 0.55 * HEIGHT_PX, side)
        x, y = 0.5 * WIDTH_PX + shift * math.cos(angle), 0.55 * HEIGHT_PX + shift * math.sin(angle)
        after = self._sway(rng, x, y, side * rng.uniform(0.8, 1.25))
        first, second = self._cast(rng, 2)
        at = frames // 2
        rooms = [sample_background(rng, WIDTH_PX, self._pictures)[:HEIGHT_PX] for _ in range(2)]

        def make() -> Iterator[Frame]:
            noise = self._rng("noise-cut", number)
            for n in range(frames):
                put = _put(first, before(n)) if n < at else _put(second, after(n))
                yield compose(rooms[n >= at], [put], _camera_noise(noise))

        return Clip("cut", f"cut-{number}", make)

    def empty(self, number: int, frames: int = 100) -> Clip:
        """No face at all: a camera that pans over walls, rooms, leaves, pictures; in every second clip a blank head."""
        rng = self._rng("empty", number)
        room = sample_background(rng, WIDTH_PX + 200, self._pictures)
        start, stop = rng.uniform(0, 200, 2), rng.uniform(0, 200, 2)
        blank = self._blank_head(rng) if number % 2 else []
        walks = [self._sway(rng, rng.uniform(0.2, 0.8) * WIDTH_PX, 0.5 * HEIGHT_PX, 110.0) for _ in blank]

        def make() -> Iterator[Frame]:
            noise = self._rng("noise-empty", number)
            for n in range(frames):
                left, top = (start + (stop - start) * n / frames).astype(int)
                view = room[top : top + HEIGHT_PX, left : left + WIDTH_PX]
                puts = [Put(head, walk(n), None) for head, walk in zip(blank, walks, strict=True)]
                yield compose(view, puts, _camera_noise(noise))

        return Clip("empty", f"empty-{number}", make)

    def _blank_head(self, rng: Rng) -> list[Cutout]:
        """The outline of a head, filled with something else: the back of a head, a ball, a mask."""
        head = self._people[int(rng.integers(len(self._people)))]
        filling = sample_background(rng, max(head.alpha.shape), self._pictures)
        return [Cutout(filling[: head.alpha.shape[0], : head.alpha.shape[1]], head.alpha, None, head.box)]

    def _clip(self, kind: str, name: str, rng: Rng, frames: int, stage: Stage) -> Clip:
        room: ImageArray = sample_background(rng, WIDTH_PX, self._pictures)[:HEIGHT_PX]

        def make() -> Iterator[Frame]:
            noise = self._rng(f"noise-{name}", 0)
            for n in range(frames):
                yield compose(room, stage(n), _camera_noise(noise))

        return Clip(kind, name, make)

    def _cast(self, rng: Rng, count: int) -> list[tuple[int, Cutout]]:
        return [(int(index), self._people[index]) for index in rng.permutation(len(self._people))[:count]]

    @staticmethod
    def _sway(rng: Rng, x: float, y: float, side_px: float) -> Callable[[int], Place]:
        """Around a place by a few percent of the side, each face at its own pace."""
        phase, pace = rng.uniform(0, 2 * math.pi, 4), rng.uniform(0.05, 0.15, 4)

        def at(n: int) -> Place:
            wave = [math.sin(a + b * n) for a, b in zip(phase, pace, strict=True)]
            return Place(
                x + 0.06 * side_px * wave[0],
                y + 0.04 * side_px * wave[1],
                side_px * (1 + 0.03 * wave[2]),
                0.12 * wave[3],
            )

        return at

    def _rng(self, purpose: str, number: int) -> Rng:
        return generator(self._seed, purpose, number)


def _put(who: tuple[int, Cutout], place: Place) -> Put:
    return Put(who[1], place, who[0])


def _all(cast: Sequence[tuple[int, Cutout]], walks: Sequence[Callable[[int], Place]], n: int) -> list[Put]:
    return [_put(who, walk(n)) for who, walk in zip(cast, walks, strict=True)]


def _camera_noise(rng: Rng) -> FloatArray:
    """What a camera adds to a frame, H x W: another piece of the same noise each time, as making it is slow."""
    top, left = rng.integers(0, _SPARE_PX, 2)
    return _noise()[top : top + HEIGHT_PX, left : left + WIDTH_PX]


@functools.cache
def _noise() -> FloatArray:
    size = (HEIGHT_PX + _SPARE_PX, WIDTH_PX + _SPARE_PX)
    return generator(0, "noise").normal(0, 2.0, size).astype(np.float32)


def bench_clips(scenes: Scenes) -> list[Clip]:
    """The whole bench: 2,000 frames without a face, 20 crossings, 20 cuts, and the rest."""
    clips = [scenes.tiled(count, number) for number, count in enumerate((1, 2, 3, 4, 6, 9, 12))]
    clips += [scenes.crossing(number) for number in range(20)]
    clips += [scenes.leaving(number) for number in range(8)]
    clips += [scenes.returning(number) for number in range(12)]
    clips += [scenes.occluded(number) for number in range(10)]
    clips += [scenes.cut(number) for number in range(20)]
    clips += [scenes.empty(number) for number in range(20)]
    return clips
