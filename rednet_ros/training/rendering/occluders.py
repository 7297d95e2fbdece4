"""Flat things between camera and face: phones, mugs, microphones, bars and plain patches; and how they move."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from rednet_ros.training.rendering.geometry import BoolArray, FloatArray, ImageArray
from rednet_ros.training.rendering.seeds import Rng, chance, generator

SHARE_OF_PICTURES = 0.16


@dataclass(frozen=True)
class Occluder:
    """`place_px`: its middle; `reach_px`: about the face's width; `seed`: of its details; lengths in pixels."""

    kind: str
    place_px: tuple[float, float]
    reach_px: float
    angle_rad: float
    seed: int

    def moved(self, by_px: tuple[float, float]) -> Occluder:
        """The same thing elsewhere."""
        return replace(self, place_px=(self.place_px[0] + by_px[0], self.place_px[1] + by_px[1]))


def sample_occluders(rng: Rng, points_px: FloatArray, share: float = SHARE_OF_PICTURES) -> tuple[Occluder, ...]:
    """None for most pictures, else one or two."""
    if not chance(rng, share):
        return ()
    return tuple(sample_occluder(rng, points_px) for _ in range(2 if chance(rng, 0.15) else 1))


def sample_occluder(rng: Rng, points_px: FloatArray) -> Occluder:
    """One thing near the face of these landmarks."""
    middle = points_px.mean(axis=0)
    reach = float(np.ptp(points_px, axis=0).max())
    kind = str(rng.choice(sorted(_PAINTERS), p=[_SHARES[name] for name in sorted(_PAINTERS)]))
    angle = rng.uniform(0, 2 * np.pi)
    away = rng.uniform(0.2, 0.65) * reach
    place = middle + away * np.array([np.cos(angle), np.sin(angle)])
    if kind in ("microphone", "mug"):
        place = points_px[57] + rng.normal(size=2) * [0.1, 0.06] * reach + [0, 0.1 * reach]
    return Occluder(kind, (float(place[0]), float(place[1])), reach, float(angle), int(rng.integers(2**31)))


def occlude(
    image: ImageArray, occluders: Sequence[Occluder], pictures: Sequence[ImageArray]
) -> tuple[ImageArray, BoolArray]:
    """The picture with the things before it, and the pixels they cover (S x S bool)."""
    covered = np.zeros(image.shape[:2], bool)
    for occluder in occluders:
        rng = generator(occluder.seed, "occluder")
        canvas = _Canvas(image, occluder, rng, pictures)
        _PAINTERS[occluder.kind](canvas)
        alpha = cv2.GaussianBlur(canvas.mask, (0, 0), 0.7)[:, :, None]
        image = (image * (1 - alpha) + np.clip(canvas.colours, 0, 255) * alpha).astype(np.uint8)
        covered |= canvas.mask > 0.5
    return image, covered


class _Canvas:
    """What a painter needs: it fills `mask` (S x S, 0..1) and `colours` (S x S x 3)."""

    def __init__(self, image: ImageArray, occluder: Occluder, rng: Rng, pictures: Sequence[ImageArray]) -> None:
        self.size_px = image.shape[0]
        self.rng = rng
        self.reach = occluder.reach_px
        self.place = np.array(occluder.place_px)
        self.angle = occluder.angle_rad
        self.mask = np.zeros(image.shape[:2], np.float32)
        self.colours = np.zeros(image.shape, np.float32)
        self.light = float(np.clip(image.mean() / 110, 0.25, 1.3))
        self.pictures = pictures

    def plain(self) -> None:
        """One colour that shades off to one side."""
        self.colours[:] = self.rng.random(3) ** 1.5 * 230 * self.light
        self.shade()

    def shade(self) -> None:
        axis = np.linspace(-0.5, 0.5, self.size_px, dtype=np.float32)
        slope = self.rng.normal(size=2) * 0.6
        self.colours *= np.clip(1 + slope[0] * axis[None, :] + slope[1] * axis[:, None], 0.3, 1.7)[:, :, None]

    def polygon(self, corners: FloatArray) -> None:
        """Fill a polygon given around the place, in the thing's own direction, in parts of the reach."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        turned = corners @ np.array([[cos, sin], [-sin, cos]]) * self.reach + self.place
        cv2.fillPoly(self.mask, [np.round(turned * 16).astype(np.int32)], 1.0, cv2.LINE_AA, 4)

    def limb(self, start: FloatArray, stop: FloatArray, thickness_px: float) -> None:
        line = [np.round(point).astype(int).tolist() for point in (start, stop)]
        cv2.line(self.mask, line[0], line[1], 1.0, max(2, round(thickness_px)), cv2.LINE_AA)


def _phone(canvas: _Canvas) -> None:
    rng = canvas.rng
    half = np.array([rng.uniform(0.16, 0.24), rng.uniform(0.32, 0.45)])
    canvas.polygon(np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half)
    canvas.plain()
    canvas.colours *= 0.5


def _mug(canvas: _Canvas) -> None:
    canvas.angle = canvas.rng.normal() * 0.2
    half, drop = canvas.rng.uniform(0.13, 0.22), canvas.rng.uniform(0.3, 0.5)
    canvas.polygon(np.array([[-half, 0], [half, 0], [half * 0.9, drop], [-half * 0.9, drop]]))
    centre = np.round(canvas.place).astype(int).tolist()
    axes = np.round(np.array([half, half * 0.3]) * canvas.reach).astype(int).tolist()
    cv2.ellipse(canvas.mask, centre, axes, np.rad2deg(canvas.angle), 0, 360, 1.0, -1, cv2.LINE_AA)
    canvas.plain()


def _microphone(canvas: _Canvas) -> None:
    reach, rng = canvas.reach, canvas.rng
    radius = reach * rng.uniform(0.06, 0.12)
    cv2.circle(canvas.mask, np.round(canvas.place).astype(int).tolist(), round(radius), 1.0, -1, cv2.LINE_AA)
    canvas.limb(canvas.place, canvas.place + np.array([rng.normal() * 0.3, 1.0]) * reach, radius * 1.1)
    canvas.colours[:] = rng.random() * 110 * canvas.light
    canvas.shade()


def _bar(canvas: _Canvas) -> None:
    """A pole, a branch, a rope, a frame's edge."""
    along = np.array([np.cos(canvas.angle), np.sin(canvas.angle)]) * canvas.size_px * 1.5
    canvas.limb(canvas.place - along, canvas.place + along, canvas.reach * canvas.rng.uniform(0.02, 0.2))
    canvas.plain()


def _patch(canvas: _Canvas) -> None:
    """Something unknown: a blob with a piece of a picture or a colour."""
    rng = canvas.rng
    around = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    radius = rng.uniform(0.1, 0.34) * np.clip(rng.normal(1, 0.25, 12), 0.5, 1.5)
    canvas.polygon(np.stack([np.cos(around) * radius, np.sin(around) * radius * rng.uniform(0.5, 1.2)], axis=1))
    if canvas.pictures and chance(rng, 0.6):
        picture = canvas.pictures[int(rng.integers(len(canvas.pictures)))]
        canvas.colours = cv2.resize(picture, (canvas.size_px,) * 2).astype(np.float32) * canvas.light
    else:
        canvas.plain()


_PAINTERS: dict[str, Callable[[_Canvas], None]] = {
    "bar": _bar,
    "microphone": _microphone,
    "mug": _mug,
    "patch": _patch,
    "phone": _phone,
}
_SHARES = {"bar": 0.2, "microphone": 0.17, "mug": 0.17, "patch": 0.26, "phone": 0.2}
