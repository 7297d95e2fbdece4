"""What is known of one camera: its stream's time, its faces, and when to search it for new ones."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from rednet_ros.tracking.background_detector import DetectionRequest, DetectionResult
from rednet_ros.tracking.camera_model import CameraModel
from rednet_ros.tracking.cuts import Overview, is_cut, overview
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.track import Track
from rednet_ros.tracking.types import FaceStatus, ImageArray

NOMINAL_STEP_S = 1 / 30
"""Time that passes between two frames whose stamps do not say: equal, or slightly out of order."""


@dataclass
class Camera:
    """One camera's faces and clock.

    `clock_s` only ever grows: the sum of the stamps' steps. `step_s`: the last of them. `searched_at_s`: when the
    detector last got an image, on that clock. `epoch` counts the stream's new beginnings. `calibration`: None where
    nobody told it.
    """

    name: str
    tracks: list[Track] = field(default_factory=list)
    clock_s: float = 0.0
    step_s: float = 0.0
    searched_at_s: float = -math.inf
    epoch: int = 0
    found: list[DetectionResult] = field(default_factory=list)
    calibration: CameraModel | None = None
    _stamp_s: float | None = None
    _size: tuple[int, int] | None = None
    _overview: Overview | None = None

    def advance(self, image: ImageArray, stamp_s: float, max_gap_s: float) -> list[Track]:
        """Take in the next frame's time and size. Returns the tracks that end here, usually none.

        Everything is forgotten, and the image searched at once, when the stream begins anew: after a pause or a jump
        of the stamps, either way, of more than `max_gap_s` (nobody knows who is there now), and when the image's size
        changes (cropped or scaled, positions mean something else). Stamps that repeat or go back by less are taken
        for late or doubled frames and cost nothing. After a cut of an edited video the
        tracks are marked, and the image is searched at once.
        """
        self._look_for_cut(image)
        size = (image.shape[1], image.shape[0])
        step_s = 0.0 if self._stamp_s is None else stamp_s - self._stamp_s
        before = self.tracks
        if self._size not in (None, size) or abs(step_s) > max_gap_s:
            self.forget()
            step_s = 0.0
        self._stamp_s, self._size = stamp_s, size
        self.step_s = step_s if step_s > 0 else NOMINAL_STEP_S
        self.clock_s += self.step_s
        return [] if self.tracks is before else before

    def forget(self) -> None:
        """No faces; results under way are void; the next frame is searched."""
        self.tracks, self.found = [], []
        self.searched_at_s = -math.inf
        self.epoch += 1

    def _look_for_cut(self, image: ImageArray) -> None:
        before, self._overview = self._overview, overview(image)
        if before is not None and self.tracks and is_cut(before, self._overview):
            self.tracks = [replace(track, after_cut=True) for track in self.tracks]
            self.searched_at_s = -math.inf

    def model(self, settings: TrackerSettings) -> CameraModel | None:
        """How the present image was taken, as far as it is known or assumed."""
        if self._size is None:
            return None
        return CameraModel.known_or_assumed(self.calibration, *self._size, settings.assumed_fov_deg)

    def is_search_due(self, settings: TrackerSettings) -> bool:
        """Whether the detector should see this frame."""
        confirmed = [track for track in self.tracks if track.is_well and track.status is not FaceStatus.TENTATIVE]
        one_lost = not all(track.is_well for track in self.tracks)
        one_doubtful = any(track.unseen and track.confidence < settings.trusted_confidence for track in confirmed)
        urgent = not confirmed or one_lost or one_doubtful
        interval_s = settings.search_interval_s if urgent else settings.detection_interval_s
        return self.clock_s - self.searched_at_s >= interval_s

    def request(self, image: ImageArray) -> DetectionRequest:
        """Ask for new faces in this frame, the one that the tracks were last updated with."""
        self.searched_at_s = self.clock_s
        return DetectionRequest(self.name, image, {track.id: track.landmarks_px for track in self.tracks}, self.epoch)
