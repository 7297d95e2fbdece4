"""Meshes on the graphics side: what stays (texture coordinates, regions) and what is written for every picture."""

from __future__ import annotations

from typing import Any

import numpy as np

from rednet_ros.training.rendering.geometry import FloatArray, ImageArray, IntArray
from rednet_ros.training.rendering.gl.material import Material

Context = Any
"""A moderngl.Context; the package has no types to name when moderngl is not installed."""


class GpuMesh:
    """One mesh whose corners are unwelded at texture seams: `corners` name the vertices that are written."""

    def __init__(self, context: Context, corners: IntArray, uv: FloatArray, triangles: IntArray) -> None:
        count = len(corners)
        self._context = context
        self._corners = corners
        self._moving = context.buffer(reserve=count * 6 * 4, dynamic=True)
        self._scratch = np.empty((count, 6), np.float32)
        self._uv = context.buffer(np.ascontiguousarray(uv, "f4").tobytes())
        self._regions = context.buffer(_regions(np.ones(count), np.zeros((count, 4))))
        self._index = self.part(triangles)
        self._arrays: dict[tuple[int, int], Any] = {}

    def write(self, vertices: FloatArray, normals: FloatArray) -> None:
        """Move the mesh: V x 3 vertices and normals."""
        self._scratch[:, :3] = vertices[self._corners]
        self._scratch[:, 3:] = normals[self._corners]
        self._moving.write(self._scratch)

    def write_regions(self, occlusion: FloatArray, extra: FloatArray) -> None:
        """Set ambient occlusion (V) and the four region values (V x 4) of the vertices."""
        self._regions.write(_regions(occlusion[self._corners], extra[self._corners]))

    def part(self, triangles: IntArray) -> Any:
        """An index buffer for some of the mesh's triangles, to be drawn with `draw`."""
        drawn = triangles if len(triangles) else np.zeros((1, 3))  # buffers cannot be empty
        return self._context.buffer(drawn.astype("i4").tobytes())

    def draw(self, material: Material, part: Any = None) -> None:
        """Draw all triangles, or those of a part."""
        index = part if part is not None else self._index
        program = material.program
        key = (program.glo, index.glo)
        if key not in self._arrays:
            self._arrays[key] = self._context.vertex_array(program, self._attributes(program), index)
        self._arrays[key].render()

    def release(self) -> None:
        """Free everything on the graphics side."""
        for thing in (*self._arrays.values(), self._moving, self._uv, self._regions, self._index):
            thing.release()

    def _attributes(self, program: Any) -> list[tuple[Any, ...]]:
        """The buffers' layout, without the attributes that this program's compiler threw away."""
        layout = (
            (self._moving, (("position", 3), ("normal", 3))),
            (self._uv, (("uv", 2),)),
            (self._regions, (("occlusion", 1), ("extra", 4))),
        )
        attributes: list[tuple[Any, ...]] = []
        for buffer, fields in layout:
            used = [name for name, _ in fields if name in program]
            if used:
                pattern = " ".join(f"{size}f" if name in program else f"{size * 4}x" for name, size in fields)
                attributes.append((buffer, pattern, *used))
        return attributes


def _regions(occlusion: FloatArray, extra: FloatArray) -> bytes:
    return np.concatenate([occlusion[:, None], extra], axis=1).astype("f4").tobytes()


def make_texture(context: Context, pixels: ImageArray) -> Any:
    """A texture with mipmaps from H x W x C uint8."""
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    texture = context.texture((pixels.shape[1], pixels.shape[0]), channels, np.ascontiguousarray(pixels).tobytes())
    texture.build_mipmaps()
    texture.filter = (context.LINEAR_MIPMAP_NEAREST, context.LINEAR)
    return texture
