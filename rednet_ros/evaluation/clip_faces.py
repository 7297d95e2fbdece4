"""The faces of a clip without annotation as `FaceTracker` follows them, beside the network frame by frame."""

from __future__ import annotations

import numpy as np

from rednet_ros.evaluation.still_images import MIN_OVERLAP
from rednet_ros.landmarks import LANDMARK_COUNT
from rednet_ros.tracking.appearance import Overview, is_cut, overview
from rednet_ros.tracking.crops import CropTransform
from rednet_ros.tracking.detector.models import Detector
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.sighting import Engine, Look, look_at
from rednet_ros.tracking.tracker import FaceTracker
from rednet_ros.tracking.types import Face, FloatArray, ImageArray

TRACKER, FRAME_BY_FRAME = "tracker", "frame by frame"
"""Names of the two rules. Frame by frame, only the crop comes from the frame before: no state, no z0, no filter."""

FaceKey = tuple[int, str]
"""Number of the scene, and the face's id."""

_Rows = dict[int, tuple[FloatArray, FloatArray]]


class SceneTracker:
    """`FaceTracker` on one clip, by itself and with repeatable results. A cut ends all faces."""

    def __init__(self, engine: Engine, detector: Detector) -> None:
        settings = TrackerSettings(detect_in_background=False, assumed_fov_deg=0.0, recognition=False)
        self._tracker = FaceTracker(engine=engine, detector=detector, settings=settings)
        self._scene = 0
        self._overview: Overview | None = None

    def update(self, image: ImageArray, time_s: float) -> list[tuple[FaceKey, Face]]:
        """The faces in the next frame, taken at `time_s`, each with a key of its own in its scene."""
        before, self._overview = self._overview, overview(image)
        if before is not None and is_cut(before, self._overview):
            self._scene += 1
        return [((self._scene, face.id), face) for face in self._tracker.update(image, time_s)]


class ClipFollower:
    """Follows every face of one clip by both rules. `update` it with frame after frame.

    The tracker decides where a face begins and whether it is there. Landmarks of the second rule that do not cover the
    tracker's face have lost it: they are NaN in that frame, and begin anew from the tracker's in the next. A cut ends
    all faces. `min_frames`: shorter faces are left out.
    """

    def __init__(self, engine: Engine, detector: Detector, min_frames: int = 10) -> None:
        self._tracker = SceneTracker(engine, detector)
        self._engine, self._min_frames = engine, min_frames
        self._rows: dict[FaceKey, _Rows] = {}
        self._alone: dict[str, FloatArray] = {}
        self._frame = 0

    def update(self, image: ImageArray, time_s: float) -> None:
        """The next frame, taken at `time_s`."""
        for key, face in self._tracker.update(image, time_s):
            rows = self._rows.setdefault(key, {})
            rows[self._frame] = (face.landmarks_px, self._frame_by_frame(image, face))
        self._frame += 1

    def faces(self) -> list[dict[str, FloatArray]]:
        """The faces so far: rule -> T x 68 x 2 float32 image pixels, consecutive frames, NaN where it was lost."""
        return [_consecutive(rows) for rows in self._rows.values() if max(rows) - min(rows) + 1 >= self._min_frames]

    def _frame_by_frame(self, image: ImageArray, face: Face) -> FloatArray:
        around_px = self._alone.get(face.id, face.landmarks_px)
        crop = CropTransform.from_landmarks(around_px, self._engine.crop_size_px)
        (seen,) = look_at(self._engine, [Look(image, crop, None, self._engine.initial_state(1))])
        is_lost = seen.box.overlap(face.box) < MIN_OVERLAP
        self._alone[face.id] = face.landmarks_px if is_lost else seen.landmarks_px
        return np.full_like(seen.landmarks_px, np.nan) if is_lost else seen.landmarks_px


def _consecutive(rows: _Rows) -> dict[str, FloatArray]:
    lost = np.full((LANDMARK_COUNT, 2), np.nan, np.float32)
    found = [rows.get(frame, (lost, lost)) for frame in range(min(rows), max(rows) + 1)]
    return {rule: np.stack([points[index] for points in found]) for index, rule in enumerate((TRACKER, FRAME_BY_FRAME))}
