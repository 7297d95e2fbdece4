"""What a user can set about tracking, in one frozen value."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from rednet_ros.errors import InputError

RANGES: dict[str, tuple[float, float]] = {
    "max_faces": (1, 64),
    "confirm_frames": (1, 100),
    "confirm_s": (0.0, 10.0),
    "min_face_px": (4.0, 10_000.0),
    "detector_px": (160, 4096),
    "min_detection_score": (0.05, 1.0),
    "min_confidence": (0.0, 1.0),
    "trusted_confidence": (0.0, 1.0),
    "detection_interval_s": (0.0, 3600.0),
    "search_interval_s": (0.0, 3600.0),
    "grace_s": (0.0, 60.0),
    "max_gap_s": (0.05, 60.0),
    "assumed_fov_deg": (0.0, 170.0),
    "pose_smoothing_s": (0.0, 10.0),
    "recognition_memory_s": (0.0, 3600.0),
    "recognition_threshold": (0.0, 1.0),
}
"""Field -> its smallest and largest value."""


@dataclass(frozen=True)
class TrackerSettings:
    """Settings of a `FaceTracker`. Raises InputError, naming the field and its range, for a value out of range.

    Finding faces
        `max_faces`: at most this many faces a camera, the largest found first. `min_face_px`: smaller faces (longer
        side of the landmarks' box, pixels of the image) are not tracked. `detector_px`: the detector sees an image
        shrunk to this longer side, and between these searches, where that hides faces of `min_face_px`, finer pieces
        of the image in turn (`search_plan`); larger: small faces are found sooner, at the square of the cost.
        `min_detection_score`: weaker detections start no face. `detection_interval_s`: between two detector runs
        while every face is well; `search_interval_s`: while there is no face or one was just lost.
        `detect_in_background`: the detector runs in its own thread and never holds up a frame; False runs it within
        `update`, which makes results repeatable (files, tests).

    A face's life
        `confirm_frames`, `confirm_s`: a new face must look like one in so many frames in a row, or in frames that
        stand for so much time (each for that since the frame before), before it is returned: where images are far
        apart, fewer are enough.
        `include_tentative`: return those still unconfirmed too, with status TENTATIVE. `min_confidence`: 0..1, what
        the network is less sure of is not a face. `trusted_confidence`: 0..1, a face whose confidence is
        lower is in doubt: it is lost when the detector misses it several times in a row. `grace_s`: a confirmed face
        that does not look like one is not returned; after this time, and two such frames at least, it is removed.

    Head pose
        `assumed_fov_deg`: horizontal field of view of a camera whose calibration is not known, in degrees; wrong by so
        much, distances are wrong by as much. 0: no head pose without calibration. `pose_smoothing_s`: the pose of a
        head at rest is averaged over this time, that of one that moves is followed; 0: poses are those of each image.

    Recognition (docs/recognition.md)
        `recognition`: a face that returns gets its old id back; only with weights that tell people apart.
        `recognition_memory_s`: how long after it was last seen. `recognition_threshold`: cosine of the identity vectors
        from which on it is the same person; 0: the one that was measured for the weights.

    Time
        `max_gap_s`: after a longer pause of the stream, or a jump of its stamps by more, all faces are new ones, or are
        recognised.
    """

    max_faces: int = 8
    min_face_px: float = 20.0
    detector_px: int = 480
    min_detection_score: float = 0.5
    detection_interval_s: float = 1.0
    search_interval_s: float = 0.1
    detect_in_background: bool = True
    confirm_frames: int = 3
    confirm_s: float = 0.1
    include_tentative: bool = False
    min_confidence: float = 0.4
    trusted_confidence: float = 0.6
    grace_s: float = 0.5
    max_gap_s: float = 2.0
    assumed_fov_deg: float = 53.0
    pose_smoothing_s: float = 0.0
    recognition: bool = True
    recognition_memory_s: float = 60.0
    recognition_threshold: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.name in RANGES:
                _check(field.name, getattr(self, field.name), *RANGES[field.name])


def _check(name: str, value: float, low: float, high: float) -> None:
    if not math.isfinite(value) or not low <= value <= high:
        raise InputError(f"tracker setting {name} must be {low:g} to {high:g}, not {value:g}")
