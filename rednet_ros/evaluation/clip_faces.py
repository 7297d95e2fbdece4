"""The faces of a clip without annotation, each followed by several rules at once, to compare how they flicker.

Here the detector looks at every frame. It decides where a face begins, whether it is still there and, for the rule
that has no past, where to look: so that all rules are judged on the same faces and frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from rednet_ros.evaluation.face_follower import FaceFollower
from rednet_ros.evaluation.memory import Memory
from rednet_ros.evaluation.still_images import MIN_OVERLAP, StillPredictor, best_covering
from rednet_ros.tracking.detector.crop_calibration import landmark_box
from rednet_ros.tracking.detector.models import Detector
from rednet_ros.tracking.sighting import Engine
from rednet_ros.tracking.types import Box, Detection, FloatArray, ImageArray

ALONE = "detector in every frame"
"""Name of the rule by which every frame is an image of its own: the detector's box, then the two looks at a still."""

WITH_STATE, WITHOUT_STATE = Memory.STATE.value, Memory.LANDMARKS.value

MIN_SCORE, MIN_SIDE_PX = 0.5, 20.0
"""Of a detection that begins a face: the tracker's own settings."""

MAX_UNSEEN_FRAMES = 5
"""A face that the detector misses in more frames in a row has ended with the last one in which it was seen."""

MIN_LIKENESS = 0.5
"""Correlation of two successive frames as thumbnails; below it there was a cut between them."""

_THUMBNAIL_PX = 32


@dataclass
class _Subject:
    """A face while it lasts: its followers by rule, and what each of them said, frame by frame."""

    detection: Detection
    followers: dict[Memory, tuple[StillPredictor, FaceFollower]]
    said: dict[str, list[FloatArray | None]] = field(default_factory=dict)
    unseen: int = 0

    def tracks(self) -> dict[str, FloatArray]:
        """Rule -> T x 68 x 2 float32 up to the last frame in which the detector saw the face, nan where it was lost."""
        lost = np.full((68, 2), np.nan, np.float32)
        length = len(self.said[ALONE]) - self.unseen
        found = {
            name: np.stack([lost if points is None else points for points in rows[:length]])
            for name, rows in self.said.items()
        }
        return {WITH_STATE: found[WITHOUT_STATE], **found}  # a network that keeps no state does the same twice


class ClipFollower:
    """Follows every face of one clip by each rule of `Memory`, and by `ALONE`. `update` it with frame after frame.

    A rule that lost the face (its landmarks no longer cover the detection) has nan in that frame and begins anew from
    the detector in the next. `min_frames`: shorter faces are left out.
    """

    def __init__(self, engine: Engine, detector: Detector, min_frames: int = 10) -> None:
        self._engine, self._detector, self._min_frames = engine, detector, min_frames
        self._still = StillPredictor(engine, detector)
        self._live: list[_Subject] = []
        self._ended: list[dict[str, FloatArray]] = []
        self._thumbnail: np.ndarray | None = None

    def update(self, image: ImageArray) -> None:
        """The next frame."""
        thumbnail = _thumbnail(image)
        if self._thumbnail is not None and likeness(self._thumbnail, thumbnail) < MIN_LIKENESS:
            self._end(self._live)
        self._thumbnail = thumbnail
        detections = self._detector.detect(image)
        for subject in self._live:
            found = best_covering(detections, landmark_box(subject.detection))
            if found is not None:
                detections = [detection for detection in detections if detection is not found]
            self._advance(subject, image, found)
        self._end([subject for subject in self._live if subject.unseen > MAX_UNSEEN_FRAMES])
        for detection in detections:
            self._begin(image, detection)

    def faces(self) -> list[dict[str, FloatArray]]:
        """What each rule said of each face so far: rule -> T x 68 x 2 float32 image pixels, nan where it lost it."""
        self._end(self._live)
        return list(self._ended)

    def _begin(self, image: ImageArray, detection: Detection) -> None:
        box = landmark_box(detection)
        others = [landmark_box(subject.detection) for subject in self._live]
        if detection.score < MIN_SCORE or max(box.width, box.height) < MIN_SIDE_PX:
            return
        if any(box.overlap(other) > 0 for other in others):
            return
        rules = [rule for rule in Memory if rule is not Memory.STATE or self._engine.initial_state(1) is not None]
        subject = _Subject(detection, {rule: self._follower(rule) for rule in rules})
        for rule, (still, follower) in subject.followers.items():
            subject.said[rule.value] = [follower.begin(still.face_of(image, detection))]
        subject.said[ALONE] = [self._still.face_of(image, detection).landmarks_px]
        self._live.append(subject)

    def _follower(self, rule: Memory) -> tuple[StillPredictor, FaceFollower]:
        return StillPredictor(self._engine, self._detector, rule), FaceFollower(self._engine, rule)

    def _advance(self, subject: _Subject, image: ImageArray, found: Detection | None) -> None:
        subject.unseen = 0 if found else subject.unseen + 1
        subject.detection = found or subject.detection
        for rule, (still, follower) in subject.followers.items():
            landmarks_px = follower.follow(image)
            if landmarks_px is None and found is not None:
                landmarks_px = follower.begin(still.face_of(image, found))
            if landmarks_px is not None and found is not None and not _covers(landmarks_px, found):
                landmarks_px = follower.begin(None)
            subject.said[rule.value].append(landmarks_px)
        subject.said[ALONE].append(None if found is None else self._still.face_of(image, found).landmarks_px)

    def _end(self, subjects: Sequence[_Subject]) -> None:
        ended = [subject.tracks() for subject in subjects]
        self._ended += [tracks for tracks in ended if len(tracks[ALONE]) >= self._min_frames]
        self._live = [subject for subject in self._live if all(subject is not other for other in subjects)]


def likeness(before: np.ndarray, now: np.ndarray) -> float:
    """Correlation, -1 to 1, of two grey images: not moved by how bright the light is. 1 if one has no contrast."""
    first, second = (image.astype(np.float64) - image.mean() for image in (before, now))
    norm = float(np.linalg.norm(first) * np.linalg.norm(second))
    return 1.0 if norm < 1e-6 else float((first * second).sum()) / norm


def _thumbnail(image: ImageArray) -> np.ndarray:
    small = cv2.resize(image, (_THUMBNAIL_PX, _THUMBNAIL_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY))


def _covers(landmarks_px: FloatArray, detection: Detection) -> bool:
    return Box.around(landmarks_px).overlap(landmark_box(detection)) >= MIN_OVERLAP
