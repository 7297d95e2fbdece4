"""One face through the frames of a video by its own landmarks, and nothing else: tracking by detection.

The paper's protocol (section 5.1), for measurements. Unlike the tracker it judges no result and asks no detector after
the first frame, so a face that is lost stays lost until somebody begins anew.
"""

from __future__ import annotations

from dataclasses import replace

from rednet_ros.evaluation.memory import Memory, look_again
from rednet_ros.tracking.motion import NOMINAL_STEP_S, Motion, MotionFilter, expected
from rednet_ros.tracking.sighting import Engine, Sighting, look_at
from rednet_ros.tracking.types import FloatArray, ImageArray


class FaceFollower:
    """Follows one face. `memory`: what each frame takes over from the frame before; with the state also the motion, as
    in the tracker, or `with_motion` always. `step_s`: the time between two frames."""

    def __init__(
        self,
        engine: Engine,
        memory: Memory = Memory.STATE,
        *,
        with_motion: bool = False,
        step_s: float = NOMINAL_STEP_S,
    ) -> None:
        self._engine = engine
        self._memory = memory
        moves = with_motion or memory is Memory.STATE
        self._filter = MotionFilter.of(getattr(engine, "motion", None)) if moves else None
        self._step_s = step_s
        self._seen: Sighting | None = None
        self._motion, self._unseen_s = Motion.of_new_face(), 0.0

    def begin(self, seen: Sighting | None) -> FloatArray | None:
        """Start with a face as it was seen in the present frame; None stops following. Returns its landmarks."""
        self._seen, self._motion, self._unseen_s = seen, Motion.of_new_face(), 0.0
        return None if seen is None else seen.landmarks_px

    def follow(self, image: ImageArray) -> FloatArray | None:
        """Landmarks, 68 x 2 pixels, in the next frame; None while no face is being followed."""
        if self._seen is None:
            return None
        step_s, self._unseen_s = self._step_s + self._unseen_s, 0.0
        before, ahead = self._seen, self._seen
        if self._filter is not None:
            ahead = replace(before, landmarks_px=expected(before.landmarks_px, self._motion, step_s))
        (seen,) = look_at(self._engine, [look_again(self._engine, image, ahead, self._memory)])
        if self._filter is not None:
            landmarks_px, self._motion = self._filter.update(
                ahead.landmarks_px, self._motion, seen.landmarks_px, step_s
            )
            seen = replace(seen, landmarks_px=landmarks_px)
        self._seen = seen
        return seen.landmarks_px

    def coast(self) -> FloatArray | None:
        """As `follow`, for a frame in which nobody looks: where the face is expected, which without the motion is where
        it was. State and z0 stay as they are."""
        if self._seen is None:
            return None
        self._unseen_s += self._step_s
        if self._filter is None:
            return self._seen.landmarks_px
        return expected(self._seen.landmarks_px, self._motion, self._unseen_s)
