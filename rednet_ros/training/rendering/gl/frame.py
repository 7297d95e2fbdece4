"""The uniform block that all shaders share."""

from __future__ import annotations

import numpy as np

from rednet_ros.training.rendering.arrays import FloatArray
from rednet_ros.training.rendering.scene import Lighting

FRAME_FLOATS = 16 + 16 + 5 * 4 + 9 * 4 + 4
BINDING = 0


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
