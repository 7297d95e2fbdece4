"""One face through the frames of a video by its own landmarks, and nothing else: tracking by detection.

The paper's protocol (section 5.1), for measurements. Unlike the tracker it judges no result and asks no detector after
the first frame, so a face that is lost stays lost until somebody begins anew.
"""

from __future__ import annotations

from rednet_ros.evaluation.memory import Memory, look_again
from rednet_ros.tracking.sighting import Engine, Sighting, look_at
from rednet_ros.tracking.types import FloatArray, ImageArray


class FaceFollower:
    """Follows one face. `memory`: what each frame takes over from the frame before."""

    def __init__(self, engine: Engine, memory: Memory = Memory.STATE) -> None:
        self._engine = engine
        self._memory = memory
        self._seen: Sighting | None = None

    def begin(self, seen: Sighting | None) -> FloatArray | None:
        """Start with a face as it was seen in the present frame; None stops following. Returns its landmarks."""
        self._seen = seen
        return None if seen is None else seen.landmarks_px

    def follow(self, image: ImageArray) -> FloatArray | None:
        """Landmarks, 68 x 2 pixels, in the next frame; None while no face is being followed."""
        if self._seen is None:
            return None
        (self._seen,) = look_at(self._engine, [look_again(self._engine, image, self._seen, self._memory)])
        return self._seen.landmarks_px
