"""A shader program with its uniforms by name, and the block of uniforms that all programs share."""

from __future__ import annotations

from typing import Any

import numpy as np

from rednet_ros.training.rendering.geometry import FloatArray
from rednet_ros.training.rendering.gl import shaders
from rednet_ros.training.rendering.scene import Lighting

FRAME_FLOATS = 16 + 16 + 5 * 4 + 9 * 4 + 4
BINDING = 0

PICTURE_UNIT, NOISE_UNIT, LIPS_UNIT, LIDS_UNIT, SHADOW_UNIT = range(5)
SAMPLERS = {
    "picture": PICTURE_UNIT,
    "noise": NOISE_UNIT,
    "lips": LIPS_UNIT,
    "lids": LIDS_UNIT,
    "shadow_map": SHADOW_UNIT,
}
"""Texture in the shaders -> the unit to which it is bound."""


def frame_block(
    view_projection: FloatArray,
    light_projection: FloatArray,
    eye: FloatArray,
    lighting: Lighting,
    look: tuple[float, float, float, float],
) -> bytes:
    """The bytes of the block `Frame` of shaders.FRAME, in std140 layout."""
    rows = [
        _padded(eye),
        _padded(lighting.key_direction),
        _padded(lighting.key_colour),
        _padded(lighting.fill_direction),
        _padded(lighting.fill_colour),
        *(_padded(row) for row in lighting.ambient),
        np.asarray(look),
    ]
    block = np.concatenate([view_projection.T.reshape(-1), light_projection.T.reshape(-1), np.concatenate(rows)])
    return block.astype("f4").tobytes()


def _padded(vector: FloatArray) -> FloatArray:
    return np.concatenate([vector, [0.0]])


class Material:
    """One of the programs of `shaders`. Uniforms are looked up once: asking each time costs milliseconds a picture."""

    def __init__(self, program: Any) -> None:
        self.program = program
        self._members = {name: program[name] for name in program}
        if "Frame" in self._members:
            self._members["Frame"].binding = BINDING
        self.set(**SAMPLERS)

    def set(self, **values: float | FloatArray | tuple[float, ...]) -> None:
        """Set uniforms; those that the compiler threw away are left out."""
        for name, value in values.items():
            if name in self._members:
                single = np.isscalar(value)
                self._members[name].value = value if single else tuple(float(part) for part in np.ravel(value))


def make_materials(context: Any) -> dict[str, Material]:
    """All materials of shaders.FRAGMENT, and "shadow" for the shadow map."""
    sources = {name: (shaders.VERTEX, shaders.LIGHTING + fragment) for name, fragment in shaders.FRAGMENT.items()}
    sources["shadow"] = (shaders.SHADOW_VERTEX, shaders.SHADOW_FRAGMENT)
    return {
        name: Material(context.program(vertex_shader=vertex, fragment_shader=fragment))
        for name, (vertex, fragment) in sources.items()
    }
