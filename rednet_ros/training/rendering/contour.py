"""The jaw line: the face's outline as a camera sees it.

300-W's seventeen jaw landmarks are no points of the skin. On the side turned away they lie on the silhouette, from a
little below the eye's corner down; on the side turned to the camera in front of the ear and on the edge of the jaw. The
annotators spread them evenly from there (0 and 16) to the chin (8). So the mesh offers a fan of paths, each from the
jaw's edge towards the middle of the face (what lies under the chin is no outline to an annotator); the outermost point
of each path, as seen, gives the outline, on which eight even steps are taken on either side of the chin.
"""

from __future__ import annotations

import numpy as np

from rednet_ros.training.rendering.brows import SurfacePoints
from rednet_ros.training.rendering.geometry import (
    BoolArray,
    FloatArray,
    IntArray,
    barycentric_points,
    project,
    unit_rows,
)
from rednet_ros.training.rendering.rig import Rig

STEPS = 8
"""Landmarks from one end of the jaw to the chin."""
FINER = 4
"""Paths for every step."""
PATH_POINTS = 24
BEFORE_EAR_DM = (0.63, 0.62, 0.62, 0.67)
"""How far forward (z of the mean head) the jaw's first four points lie: at the ear, as 300-W has them."""
TOWARDS = (39, 39, 31, 50, 58, 58, 57, 57, 57)
"""The landmarks at which the right side's nine paths aim."""
BELOW_END = 0.012
"""Share of a side's line above its first landmark when both ears are seen alike: 300-W has 0 and 16 a little below the
eyes' corners. Nothing of it is left on a side that is LONGER times as long as the other, being turned to the camera."""
LONGER = 1.2
BELOW_EYE, LOWERED, ROUND = 0.105, 0.39, 14
"""Where a silhouette begins that hides the ear: BELOW_EYE below the eye's outer corner (share of the nose's length).
What is above is temple and brow; 300-W's annotators agree on this within 5 % of the eyes' distance. A head that turns
lowers the line to there from LOWERED above, until its outline at the cheek is point number ROUND of the paths."""
REACH = 0.95
INSIDE = np.array([0.0, 6.9, 0.5])
"""A point (dm) in the middle of the head from which all of the face can be seen."""


class JawLine:
    """The fan of paths on one rig's head."""

    def __init__(self, rig: Rig) -> None:
        landmarks = barycentric_points(rig.mean, rig.landmark_vertices, rig.landmark_weights)
        edge = _dense(_jaw_edge(landmarks))
        aims = _dense(landmarks[[*TOWARDS, *(_mirrored(index) for index in TOWARDS[-2::-1])]])
        self._count = len(edge)
        self._fan = _fan(rig, edge, aims)
        outward = (edge - landmarks[33])[:, :2]
        rows = np.arange(self._count) / FINER
        beside_cheek = (rows < 3.5) | (rows > 2 * STEPS - 3.5)
        outward[:, 1] *= np.where(beside_cheek, 0.15, 1.0)
        self._outward = unit_rows(outward)

    def trace(
        self, head: FloatArray, inner_px: FloatArray, view_projection: FloatArray, size_px: int, roll_rad: float
    ) -> FloatArray:
        """The jaw landmarks of `head` (V x 3, posed): 17 x 3, pixels and depth as geometry.project gives them.

        `inner_px`: 51 x 2 or 51 x 3, landmarks 17 to 67 in the same picture.
        """
        seen = project(self._fan.on(head), view_projection, size_px).reshape(self._count, PATH_POINTS, 3)
        cos, sin = np.cos(roll_rad), np.sin(roll_rad)
        outward = self._outward @ np.array([[cos, sin], [-sin, cos]])
        how_far_out = seen[:, :, 0] * outward[:, :1] - seen[:, :, 1] * outward[:, 1:]
        outermost = how_far_out.argmax(axis=1)
        outline = seen[np.arange(self._count), outermost]
        down, inner, chin = np.array([sin, cos]), inner_px[:, :2], self._count // 2
        sides = []
        for rows, corner in ((slice(chin + 1), 36), (slice(None, chin - 1, -1), 45)):
            line, round_it = outline[rows], outermost[rows]
            below = line[:, :2] @ down - _begin_px(inner, corner, down, round_it)
            sides.append(without_folds(without_temple(line, below, round_it > 0)))
        right, left = sides
        starts = _starts(right, left)
        return np.concatenate([even_steps(right, STEPS, starts[0]), even_steps(left, STEPS, starts[1])[-2::-1]])


def without_temple(line: FloatArray, below: FloatArray, silhouette: BoolArray) -> FloatArray:
    """A side's line (N x 3, from the ear to the chin) without that part of a silhouette which lies above the cheek.

    `below`: N, how far each point is below the level where the cheek begins; `silhouette`: N, whether the point is the
    outline of a turned head, rather than the edge of the jaw. A line that begins at the ear is kept whole.
    """
    dropped = int(np.argmin(silhouette & (below < 0)))
    if dropped == 0:
        return line
    above, under = below[dropped - 1], below[dropped]
    share = above / (above - under) if under > 0 else 1.0
    first = line[dropped - 1] + share * (line[dropped] - line[dropped - 1])
    return np.concatenate([first[None], line[dropped:]])


def without_folds(line: FloatArray) -> FloatArray:
    """A line (N x 3) without the points that fall back towards its start in the picture; its ends are kept.

    Neighbouring paths may have their outermost points in the wrong order where the head is seen from below.
    """
    progress = (line[:, :2] - line[0, :2]) @ (line[-1, :2] - line[0, :2])
    furthest = np.maximum.accumulate(progress)
    kept = (progress >= furthest) & (progress <= progress[-1])
    kept[[0, -1]] = True
    return line[kept]


def even_steps(line: FloatArray, steps: int, start: float = 0.0) -> FloatArray:
    """`steps` + 1 points along a line (N x 3) with equal distances in its first two coordinates, to its end.

    `start`: share of the line's length before the first point.
    """
    lengths = np.hypot(*np.diff(line[:, :2], axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    wanted = np.linspace(start * along[-1], along[-1], steps + 1)
    return np.stack([np.interp(wanted, along, line[:, column]) for column in range(line.shape[1])], axis=1)


def _begin_px(inner: FloatArray, corner: int, down: FloatArray, round_it: IntArray) -> float:
    """How far down a silhouette begins on the side of an eye's `corner`; `round_it`: the outermost points of the side's
    paths, from the ear on."""
    nose = float(np.hypot(*(inner[33 - 17] - inner[27 - 17])))
    turned = min(1.0, float(round_it[: 2 * FINER + 1].mean()) / ROUND)
    return float(inner[corner - 17] @ down) + nose * (BELOW_EYE - LOWERED * (1 - turned))


def _starts(right: FloatArray, left: FloatArray) -> tuple[float, float]:
    """The shares of both sides' lines (N x 3) above their first landmarks."""
    lengths = [float(np.hypot(*np.diff(line[:, :2], axis=0).T).sum()) for line in (right, left)]
    longer = np.array([lengths[0] / lengths[1], lengths[1] / lengths[0]])
    turned = np.clip((longer - 1) / (LONGER - 1), 0, 1)
    start = BELOW_END * (1 - turned)
    return float(start[0]), float(start[1])


def _jaw_edge(landmarks: FloatArray) -> FloatArray:
    """17 x 3: the edge of the jaw on the mean head, its upper points moved back to the ear."""
    edge = landmarks[: 2 * STEPS + 1].copy()
    for row, z in enumerate(BEFORE_EAR_DM):
        edge[[row, 2 * STEPS - row], 2] = z
    return edge


def _mirrored(index: int) -> int:
    """The same landmark of the other side of the face, of those in TOWARDS."""
    return {39: 42, 31: 35, 50: 52, 58: 56, 57: 57}[index]


def _dense(points: FloatArray) -> FloatArray:
    """FINER steps between neighbouring points (N x 3)."""
    at = np.arange((len(points) - 1) * FINER + 1) / FINER
    return np.stack([np.interp(at, np.arange(len(points)), points[:, axis]) for axis in range(3)], axis=1)


def _fan(rig: Rig, edge: FloatArray, aims: FloatArray) -> SurfacePoints:
    """(R * PATH_POINTS) points of the skin: R paths from the jaw's edge towards the aims."""
    start, stop = unit_rows(edge - INSIDE), unit_rows(aims - INSIDE)
    angle = np.arccos(np.clip(np.einsum("ij,ij->i", start, stop), -1, 1))[:, None]
    side = unit_rows(stop - start * np.cos(angle))
    turns = REACH * angle * np.linspace(0, 1, PATH_POINTS)[None, :]
    directions = np.cos(turns)[:, :, None] * start[:, None] + np.sin(turns)[:, :, None] * side[:, None]
    lowest = rig.mean[rig.welded].min(axis=1)
    of_face = (lowest[:, 1] > 5.7) & (lowest[:, 2] > 0.2)
    return outermost_hits(rig.mean, rig.welded[of_face], INSIDE, directions.reshape(-1, 3))


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
