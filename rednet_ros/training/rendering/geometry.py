"""Arrays, vectors, rotations, cameras and the normals of meshes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating[Any]]
"""Of any width: geometry on the graphics side is float32, cameras are float64."""
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
ImageArray = NDArray[np.uint8]
"""H x W x 3 BGR if nothing else is said."""


class NormalsOf:
    """Vertex normals of one mesh in ever new shapes: the order in which faces are summed is worked out once."""

    def __init__(self, triangles: IntArray, vertex_count: int) -> None:
        corners = triangles.T.reshape(-1)
        order = np.argsort(corners, kind="stable")
        self._triangles = triangles
        self._faces = (order % len(triangles)).astype(np.int64)
        self._vertices, self._starts = np.unique(corners[order], return_index=True)
        self._vertex_count = vertex_count

    def __call__(self, vertices: FloatArray) -> FloatArray:
        """V x 3 unit normals (float32) of V x 3 vertices; zero for vertices of no triangle."""
        a, b, c = (vertices[self._triangles[:, corner]] for corner in range(3))
        across = cross(b - a, c - a)
        normals = np.zeros((self._vertex_count, 3), np.float32)
        normals[self._vertices] = np.add.reduceat(across[self._faces], self._starts, axis=0)
        return unit_rows(normals)


def cross(a: FloatArray, b: FloatArray) -> FloatArray:
    """Row-wise cross product of N x 3 arrays; several times faster than NumPy's general one."""
    result = np.empty_like(a)
    result[:, 0] = a[:, 1] * b[:, 2] - a[:, 2] * b[:, 1]
    result[:, 1] = a[:, 2] * b[:, 0] - a[:, 0] * b[:, 2]
    result[:, 2] = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    return result


def unit_rows(vectors: FloatArray) -> FloatArray:
    """Rows scaled to length 1; rows of zeros stay."""
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    return vectors / (lengths + 1e-9)[:, None]


def unit(vector: FloatArray) -> FloatArray:
    """One vector scaled to length 1."""
    return vector / (np.linalg.norm(vector) + 1e-12)


def barycentric_points(vertices: FloatArray, corners: IntArray, weights: FloatArray) -> FloatArray:
    """... x 3 points of triangles (... x 3 vertex numbers) at barycentric weights (... x 3)."""
    return np.einsum("...kc,...k->...c", vertices[corners], weights)


def rotation(yaw_rad: float, pitch_rad: float, roll_rad: float) -> FloatArray:
    """3 x 3: turn about the vertical axis first, then nod, then roll.

    Positive yaw turns the face to its own left (to the right of the picture), positive pitch down.
    """
    cos_y, sin_y = np.cos(yaw_rad), np.sin(yaw_rad)
    cos_p, sin_p = np.cos(pitch_rad), np.sin(pitch_rad)
    cos_r, sin_r = np.cos(roll_rad), np.sin(roll_rad)
    turn = np.array([[cos_y, 0, sin_y], [0, 1, 0], [-sin_y, 0, cos_y]])
    nod = np.array([[1, 0, 0], [0, cos_p, -sin_p], [0, sin_p, cos_p]])
    tilt = np.array([[cos_r, -sin_r, 0], [sin_r, cos_r, 0], [0, 0, 1]])
    return (tilt @ nod @ turn).astype(np.float32)


def look_at(eye: FloatArray, target: FloatArray) -> FloatArray:
    """4 x 4 view matrix: camera at `eye`, looking at `target`, y up."""
    forward = unit(target - eye)
    side = unit(np.cross(forward, np.array([0.0, 1.0, 0.01])))
    matrix = np.eye(4)
    matrix[0, :3], matrix[1, :3], matrix[2, :3] = side, np.cross(side, forward), -forward
    matrix[:3, 3] = -matrix[:3, :3] @ eye
    return matrix


def orthographic(half_width: float, near: float, far: float) -> FloatArray:
    """4 x 4 orthographic projection of a square view."""
    matrix = np.eye(4)
    matrix[0, 0] = matrix[1, 1] = 1 / half_width
    matrix[2, 2] = -2 / (far - near)
    matrix[2, 3] = -(far + near) / (far - near)
    return matrix


def perspective(focal: float, shift_x: float, shift_y: float, near: float, far: float) -> FloatArray:
    """4 x 4 projection of a square view: `focal` in half picture widths, the middle shifted (units of the same)."""
    matrix = np.zeros((4, 4))
    matrix[0, 0] = matrix[1, 1] = focal
    matrix[0, 2], matrix[1, 2] = -shift_x, -shift_y
    matrix[2, 2], matrix[2, 3] = (far + near) / (near - far), 2 * far * near / (near - far)
    matrix[3, 2] = -1
    return matrix


def project(points: FloatArray, view_projection: FloatArray, size_px: int) -> FloatArray:
    """N x 3: x and y in pixels (pixel centres at integers) and the depth that OpenGL stores (0..1) of N x 3 points."""
    ahead = np.c_[points, np.ones(len(points))] @ view_projection.T
    device = ahead[:, :3] / ahead[:, 3:]
    x = (device[:, 0] + 1) / 2 * size_px - 0.5
    y = (1 - device[:, 1]) / 2 * size_px - 0.5
    return np.stack([x, y, (device[:, 2] + 1) / 2], axis=1)
