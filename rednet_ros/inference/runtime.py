"""What all runtimes have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rednet_ros.errors import RednetError
from rednet_ros.inference.types import Estimate, FaceState, FloatArray


class RuntimeUnavailableError(RednetError):
    """A runtime cannot be used here; the message says what is missing and what to do."""


class Runtime(Protocol):
    """Computes a frame of N faces. `name`: with its precision, for people."""

    name: str

    def run(self, crops: NDArray[np.uint8], previous_px: FloatArray, state: FaceState | None) -> Estimate:
        """As `LandmarkEngine.run`, with a NaN row for a face without a previous frame."""
        ...


@dataclass(frozen=True)
class Candidate:
    """A runtime that may serve. `build` makes it, and raises a RednetError that says why where it cannot."""

    name: str
    build: Callable[[], Runtime]
