"""Glasses built for one head: two rims, a bridge, temples, lenses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rednet_ros.training.rendering.appearance import Glasses
from rednet_ros.training.rendering.geometry import FloatArray, IntArray, unit_rows

RIM_POINTS = 28
TUBE_SIDES = 6


@dataclass(frozen=True, eq=False)
class SimpleMesh:
    """Vertices (V x 3) and triangles (T x 3)."""

    vertices: FloatArray
    triangles: IntArray

    @staticmethod
    def joined(parts: list[SimpleMesh]) -> SimpleMesh:
        """All parts as one mesh."""
        starts = np.cumsum([0] + [len(part.vertices) for part in parts[:-1]])
        return SimpleMesh(
            np.concatenate([part.vertices for part in parts]).astype(np.float32),
            np.concatenate([part.triangles + start for part, start in zip(parts, starts, strict=True)]),
        )


def build_glasses(glasses: Glasses, landmarks: FloatArray, temples: FloatArray) -> tuple[SimpleMesh, SimpleMesh]:
    """Frame and lenses for a head that looks along z.

    `landmarks`: 51 x 3, landmarks 17 to 67; `temples`: 2 x 3, in front of the right and the left ear.
    """
    right_eye, left_eye = landmarks[19:25].mean(axis=0), landmarks[25:31].mean(axis=0)
    bridge_z = max(landmarks[10:12, 2].max() - 0.02, landmarks[[2, 7], 2].max() - 0.02) + glasses.forward
    rims = [_rim(glasses, eye, side, bridge_z) for eye, side in ((right_eye, -1), (left_eye, 1))]
    inner = RIM_POINTS // 2
    height = left_eye[1] - glasses.lower
    bridge = np.array([rims[0][0], [0, height + 0.04, bridge_z + 0.01], rims[1][inner]])
    parts = [_tube(rim, glasses.thickness, closed=True) for rim in rims] + [_tube(bridge, glasses.thickness)]
    for rim, start, ear in ((rims[0], inner, temples[0]), (rims[1], 0, temples[1])):
        parts.append(_tube(_temple(rim[start], ear), glasses.thickness))
    return SimpleMesh.joined(parts), SimpleMesh.joined([_fan(rim) for rim in rims])


def _rim(glasses: Glasses, eye: FloatArray, side: int, bridge_z: float) -> FloatArray:
    """A superellipse around the eye, bent around the face; its first point is the one furthest to +x."""
    angle = np.arange(RIM_POINTS) / RIM_POINTS * 2 * np.pi
    power = 2 / glasses.squareness
    x = eye[0] + side * 0.02 + np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** power * glasses.half_width
    y = eye[1] - glasses.lower + np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** power * glasses.half_height
    return np.stack([x, y, bridge_z - 0.25 * np.maximum(0, np.abs(x) - 0.1) ** 1.5], axis=1)


def _temple(hinge: FloatArray, ear: FloatArray) -> FloatArray:
    return np.array(
        [
            hinge,
            [ear[0] * 1.04, hinge[1] + 0.01, hinge[2] - 0.15],
            [ear[0] * 1.08, hinge[1] + 0.02, ear[2] - 0.05],
            [ear[0] * 1.02, hinge[1] - 0.05, ear[2] - 0.35],
        ]
    )


def _tube(path: FloatArray, radius: float, closed: bool = False) -> SimpleMesh:
    """A tube along a path."""
    ahead = np.roll(path, -1, 0) - np.roll(path, 1, 0) if closed else np.gradient(path, axis=0)
    ahead = unit_rows(ahead)
    beside = unit_rows(np.cross(ahead, [0, 0.01, 1]))
    above = np.cross(ahead, beside)
    angle = np.arange(TUBE_SIDES) / TUBE_SIDES * 2 * np.pi
    ring = np.cos(angle)[None, :, None] * beside[:, None] + np.sin(angle)[None, :, None] * above[:, None]
    count = len(path)
    segment, corner = np.divmod(np.arange((count if closed else count - 1) * TUBE_SIDES), TUBE_SIDES)
    following, after = (segment + 1) % count * TUBE_SIDES, (corner + 1) % TUBE_SIDES
    first = segment * TUBE_SIDES
    one = np.stack([first + corner, first + after, following + corner], axis=1)
    two = np.stack([first + after, following + after, following + corner], axis=1)
    return SimpleMesh((path[:, None] + radius * ring).reshape(-1, 3), np.concatenate([one, two]))


def _fan(rim: FloatArray) -> SimpleMesh:
    """A lens that fills a rim."""
    corner = np.arange(len(rim))
    triangles = np.stack([np.zeros_like(corner), corner + 1, (corner + 1) % len(rim) + 1], axis=1)
    return SimpleMesh(np.vstack([rim.mean(axis=0), rim]), triangles)
