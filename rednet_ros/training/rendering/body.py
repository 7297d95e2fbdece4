"""Regions of the head's skin: where hair, beard, mask and clothes are, and how the neck follows the head."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from rednet_ros.training.rendering.geometry import BoolArray, FloatArray
from rednet_ros.training.rendering.rig import Rig

MAP_PX = 768
CHEST = 6.6
"""Height (dm) on the mean head from which the distance to the neckline is measured downwards."""


@dataclass(frozen=True, eq=False)
class SkinRegions:
    """One value a vertex, 0..1: `scalp`, `beard`, `mask` (a face mask covers it), `mouth` (inside of the mouth)."""

    scalp: FloatArray
    beard: FloatArray
    mask: FloatArray
    mouth: FloatArray


def skin_regions(rig: Rig, landmarks: FloatArray) -> SkinRegions:
    """Regions on the rig's mean head; `landmarks`: its 68 x 3 landmarks."""
    return SkinRegions(
        scalp=_scalp(rig, landmarks),
        beard=_beard(rig.mean, landmarks),
        mask=_mask(rig.mean, landmarks),
        mouth=_mouth(rig, landmarks),
    )


def neck_weights(head: FloatArray, chin_height: float) -> FloatArray:
    """V: how far each vertex moves with the head (1) rather than with the body (0)."""
    share = np.clip((head[:, 1] - (chin_height - 0.75)) / 0.6, 0, 1)
    return (share * share * (3 - 2 * share)).astype(np.float32)


def _cylinder(points: FloatArray) -> FloatArray:
    """Unrolled around a vertical axis inside the head: N x 2, pixels of a MAP_PX square map."""
    around = (np.arctan2(points[:, 0], points[:, 2] - 0.3) / np.pi * 0.5 + 0.5) * MAP_PX
    return np.stack([around, (9 - points[:, 1]) / 3.5 * MAP_PX], axis=1)


def _drawn(polygons: list[tuple[FloatArray, float]], blur_px: float, vertices: FloatArray) -> FloatArray:
    """Values of a map of filled polygons at the vertices."""
    image = np.zeros((MAP_PX, MAP_PX), np.float32)
    for polygon, value in polygons:
        cv2.fillPoly(image, [np.round(polygon).astype(np.int32)], value)
    image = cv2.GaussianBlur(image, (0, 0), blur_px)
    x, y = np.clip(_cylinder(vertices).astype(int), 0, MAP_PX - 1).T
    return np.clip(image[y, x], 0, 1)


def _beard(vertices: FloatArray, landmarks: FloatArray) -> FloatArray:
    at = _cylinder(landmarks)
    jaw = at[1:16].copy()
    jaw[2:13, 1] += 26
    upper = np.array(
        [
            at[14] * 0.7 + at[54] * 0.3 + [0, -18],
            at[54] + [14, -16],
            at[35] + [2, 6],
            at[33] + [0, 6],
            at[31] + [-2, 6],
            at[48] + [-14, -16],
            at[2] * 0.7 + at[48] * 0.3 + [0, -18],
        ]
    )
    beard = _drawn([(np.concatenate([jaw, upper]), 1.0), (at[48:60], 0.0)], 7, vertices)
    beard[(vertices[:, 2] < 0.2) | (vertices[:, 1] < 5.95)] = 0
    return beard


def _mask(vertices: FloatArray, landmarks: FloatArray) -> FloatArray:
    at = _cylinder(landmarks)
    jaw = at[1:16].copy()
    jaw[2:13, 1] += 22
    upper = np.array([at[14] + [0, -4], at[29] + [24, 10], at[29], at[29] + [-24, 10], at[2] + [0, -4]])
    mask = _drawn([(np.concatenate([jaw, upper]), 1.0)], 3, vertices)
    mask[(vertices[:, 2] < 0.5) | (vertices[:, 1] < 5.95)] = 0
    return mask


def _scalp(rig: Rig, landmarks: FloatArray) -> FloatArray:
    """Where short hair styles lie close to the skin."""
    styles = [item.fit(rig.mean) for name, item in rig.accessory_index.get("hair", {}).items() if "short" in name]
    if not styles:
        return np.zeros(len(rig.mean), np.float32)
    scalp = np.clip(1.25 - _distances(rig.mean, np.concatenate(styles[-2:])) / 0.12, 0, 1)
    brow_height = landmarks[17:27, 1].max()
    x, y, z = np.abs(rig.mean[:, 0]), rig.mean[:, 1], rig.mean[:, 2]
    scalp[((y < brow_height + 0.28) & (z > 0.75)) | (y < 6.3) | ((z > 0.62) & (y < landmarks[36, 1]))] = 0
    scalp[(x > 0.95) | ((y < 6.85) & (z > -0.2)) | _ears(rig)] = 0
    return scalp.astype(np.float32)


def _ears(rig: Rig) -> BoolArray:
    """Vertices that the ears' own targets move most."""
    moved = [rig.targets[row].reshape(-1, 3) for name, row in rig.target_index.items() if name.startswith("ears/")]
    if not moved:
        return np.zeros(len(rig.mean), bool)
    lengths = np.linalg.norm(np.stack(moved), axis=2)
    return (lengths / (lengths.max(axis=1, keepdims=True) + 1e-9)).max(axis=0) > 0.45


def _distances(points: FloatArray, others: FloatArray) -> FloatArray:
    """From each point to the nearest of the others, in slices that fit the memory."""
    squares = np.einsum("ij,ij->i", others, others)
    nearest = [
        (np.einsum("ij,ij->i", part, part)[:, None] + squares[None] - 2 * part @ others.T).min(axis=1)
        for part in np.array_split(points, max(1, len(points) // 500))
    ]
    return np.sqrt(np.maximum(np.concatenate(nearest), 0))


def _mouth(rig: Rig, landmarks: FloatArray) -> FloatArray:
    x, y = np.abs(rig.mean[:, 0]), rig.mean[:, 1]
    near = (x < 0.3) & (y < landmarks[33, 1] - 0.05) & (y > landmarks[8, 1] + 0.1)
    return (np.clip((0.35 - rig.occlusion) / 0.2, 0, 1) * near).astype(np.float32)
