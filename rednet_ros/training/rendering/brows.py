"""Where the five landmarks of each brow lie: on the hair of the brow itself, which differs between styles.

300-W's annotators follow the upper edge of the hair from the outer to the inner end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rednet_ros.training.rendering.geometry import FloatArray, ImageArray, IntArray, barycentric_points
from rednet_ros.training.rendering.rig import Accessory

HAIR_ALPHA = 50
"""Of 255: below this a brow's hair is too thin to be seen."""
ALONG = (0.0, 0.25, 0.5, 0.75, 1.0)
"""From the outer to the inner end."""
EDGE = (0.55, 0.88, 0.92, 0.88, 0.7)
"""How far up in the hair: the ends lie in its middle, the rest on its upper edge (0 bottom, 1 top)."""


@dataclass(frozen=True, eq=False)
class SurfacePoints:
    """Points on a mesh: N x 3 vertex numbers and barycentric weights."""

    vertices: IntArray
    weights: FloatArray

    def on(self, mesh: FloatArray) -> FloatArray:
        """N x 3 positions on the mesh's vertices."""
        return barycentric_points(mesh, self.vertices, self.weights)


def brow_points(brow: Accessory, texture: ImageArray, head: FloatArray) -> SurfacePoints:
    """The ten brow landmarks (17 to 26) on the accessory's own vertices."""
    triangle, weights = _lattice(len(brow.triangles))
    corners = brow.welded[triangle]
    places = barycentric_points(brow.fit(head), corners, weights)
    uv = np.einsum("nkc,nk->nc", brow.uv[brow.triangles[triangle]], weights)
    height, width = texture.shape[:2]
    rows = np.clip((uv[:, 1] * height).astype(int), 0, height - 1)
    columns = np.clip((uv[:, 0] * width).astype(int), 0, width - 1)
    hairy = np.flatnonzero(texture[rows, columns, 3] > HAIR_ALPHA)
    chosen = []
    for side in (-1, 1):
        of_side = hairy[places[hairy, 0] * side > 0]
        five = [of_side[index] for index in _five(places[of_side])]
        chosen += five if side < 0 else five[::-1]
    return SurfacePoints(corners[chosen], weights[chosen].astype(np.float32))


def _five(places: FloatArray) -> list[int]:
    """Rows of `places` (one brow's hair) for the five landmarks, from the outer end to the inner."""
    across = np.abs(places[:, 0])
    outer, inner = np.percentile(across, [99.7, 0.3])
    half = (outer - inner) * 0.03
    rows = []
    for along, edge in zip(ALONG, EDGE, strict=True):
        wanted_x = outer + (inner - outer) * along
        near = np.flatnonzero(np.abs(across - wanted_x) < half)
        if len(near) < 8:
            near = np.argsort(np.abs(across - wanted_x))[:40]
        wanted_y = np.quantile(places[near, 1], edge)
        off = np.hypot(across[near] - wanted_x, places[near, 1] - wanted_y)
        rows.append(int(near[off.argmin()]))
    return rows


def _lattice(triangles: int, steps: int = 9) -> tuple[IntArray, FloatArray]:
    """Points spread over every triangle: triangle numbers and barycentric weights."""
    inside = [
        ((i + 1 / 3) / steps, (j + 1 / 3) / steps, 1 - (i + j + 2 / 3) / steps)
        for i in range(steps)
        for j in range(steps - i)
    ]
    weights = np.array(inside)
    return np.repeat(np.arange(triangles), len(weights)), np.tile(weights, (triangles, 1))
