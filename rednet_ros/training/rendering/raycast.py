"""Where rays from inside a mesh leave it."""

from __future__ import annotations

import numpy as np

from rednet_ros.training.rendering.arrays import FloatArray, IntArray
from rednet_ros.training.rendering.brows import SurfacePoints


def outermost_hits(
    vertices: FloatArray, triangles: IntArray, origin: FloatArray, directions: FloatArray
) -> SurfacePoints:
    """For every direction (N x 3) the last triangle that a ray from `origin` passes (Möller and Trumbore, 1997).

    Raises ValueError for a ray that hits nothing.
    """
    first = vertices[triangles[:, 0]].astype(np.float64)
    edge_one, edge_two = vertices[triangles[:, 1]] - first, vertices[triangles[:, 2]] - first
    to_origin = origin - first
    across_origin = np.cross(to_origin, edge_one)
    numbers, weights = [], []
    for direction in directions:
        across = np.cross(direction, edge_two)
        volume = np.einsum("ij,ij->i", edge_one, across)
        volume = np.where(np.abs(volume) < 1e-12, np.nan, volume)
        one = np.einsum("ij,ij->i", to_origin, across) / volume
        two = across_origin @ direction / volume
        distance = np.einsum("ij,ij->i", edge_two, across_origin) / volume
        inside = (one >= -1e-6) & (two >= -1e-6) & (one + two <= 1 + 1e-6) & (distance > 0)
        if not inside.any():
            raise ValueError(f"no surface in the direction {np.round(direction, 3).tolist()}")
        hit = int(np.where(inside, distance, -1).argmax())
        numbers.append(hit)
        weights.append((1 - one[hit] - two[hit], one[hit], two[hit]))
    return SurfacePoints(triangles[numbers], np.array(weights, np.float32))
