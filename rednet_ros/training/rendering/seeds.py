"""Random generators by name and number, so that every picture is the same however many processes render it."""

from __future__ import annotations

import zlib

import numpy as np

Rng = np.random.Generator


def generator(seed: int, purpose: str, *numbers: int) -> Rng:
    """The generator of one purpose ("identity", "still", ...) and its numbers, independent of all others."""
    return np.random.default_rng([seed, zlib.crc32(purpose.encode()), *numbers])


def chance(rng: Rng, probability: float) -> bool:
    """True with the given probability."""
    return bool(rng.random() < probability)
