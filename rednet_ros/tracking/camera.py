"""What is known of one camera: its stream's time, its faces, and where to search it for new ones."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field, replace

from rednet_ros.tracking.appearance import Overview, has_not_changed, is_cut, least_likeness, overview
from rednet_ros.tracking.camera_model import CameraModel
from rednet_ros.tracking.detector.background import DetectionRequest, DetectionResult
from rednet_ros.tracking.detector.search_plan import Region, around, at, pieces, small, whole
from rednet_ros.tracking.motion import NOMINAL_STEP_S
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.track import Track
from rednet_ros.tracking.types import FaceStatus, FloatArray, ImageArray

PIECE_INTERVAL_S = 0.25
"""Between two searches of pieces of a large image, at least; see `PIECE_REST`."""

PIECE_REST = 8.0
"""After a piece the detector's thread rests from pieces for so many times what it took: one core is never taken."""

STILL_S = 10.0
"""An image in which nothing has changed but its faces is searched after so long; until then the faces alone are."""

MAX_FIRST_STEP_S = 0.5
"""The first image after a pause stands for so much time at most."""

TRAIL_S = 1.0
"""How long it is remembered where the faces were; older detections from outside are of no use."""

KEPT_STEP_S, MAX_KEPT = 0.1, 8
"""While the detector is busy images are kept, so far apart that a face is followed from one to the next; of a detector
that takes longer than so many of them, every second one."""


@dataclass(frozen=True)
class Moment:
    """Where the faces were in one image: id -> 68 x 2 landmarks (pixels). `clock_s`: the camera's, `stamp_s`: its."""

    stamp_s: float
    clock_s: float
    tracked: dict[str, FloatArray]


@dataclass(frozen=True)
class KeptImage:
    """An image that a late detection is carried through, and its time on the camera's clock."""

    image: ImageArray
    clock_s: float


@dataclass(frozen=True)
class _Searched:
    """An image all of which was searched: what it looked like, when on the camera's clock, and with which settings."""

    overview: Overview
    clock_s: float
    settings: TrackerSettings


@dataclass
class Camera:
    """One camera's faces and clock.

    `clock_s` only ever grows: the sum of the stamps' steps. `step_s`: the last of them. `epoch` counts the stream's new
    beginnings. `begins`: the newest image is the first of a stream, or of a scene of an edited video. `found`: results
    to be looked at. `kept`: images since the one being searched. `calibration`: None where it is not known.
    """

    name: str
    tracks: list[Track] = field(default_factory=list)
    clock_s: float = 0.0
    step_s: float = 0.0
    epoch: int = 0
    begins: bool = False
    found: list[DetectionResult] = field(default_factory=list)
    kept: list[KeptImage] = field(default_factory=list)
    calibration: CameraModel | None = None
    _stamp_s: float | None = None
    _size: tuple[int, int] | None = None
    _overview: Overview | None = None
    _trail: deque[Moment] = field(default_factory=deque)
    _searched_at_s: float = -math.inf
    _searched: _Searched | None = None
    _turn: int = 0
    _piece_due_s: float = -math.inf
    _next_piece: int = 0
    _was_piece: bool = False

    def advance(self, image: ImageArray, stamp_s: float, max_gap_s: float) -> list[Track]:
        """Take in the next frame's time and size. Returns the tracks that end here, usually none.

        Everything is forgotten, and the image searched at once, when the stream begins anew: after a pause or a jump
        of the stamps, either way, of more than `max_gap_s` (nobody knows who is there now), and when the image's size
        changes (cropped or scaled, positions mean something else). Stamps that repeat or go back by less are taken
        for late or doubled frames and cost nothing. After a cut of an edited video the tracks are marked, and the image
        is searched at once.
        """
        size = (image.shape[1], image.shape[0])
        step_s = 0.0 if self._stamp_s is None else stamp_s - self._stamp_s
        ended: list[Track] = []
        if self._size not in (None, size) or abs(step_s) > max_gap_s:
            ended, step_s = self.tracks, min(step_s, MAX_FIRST_STEP_S)
            self.forget()
        self._stamp_s, self._size = stamp_s, size
        self.step_s = step_s if step_s > 0 else NOMINAL_STEP_S
        self.clock_s += self.step_s
        self._look_for_cut(image)
        return ended

    def forget(self) -> None:
        """No faces; results under way are void; the next frame is searched."""
        self.tracks, self.found, self.kept = [], [], []
        self._overview = None
        self._trail.clear()
        self._search_anew()
        self.epoch += 1

    def _look_for_cut(self, image: ImageArray) -> None:
        before, self._overview = self._overview, overview(image)
        self.begins = before is None or is_cut(before, self._overview)
        if self.begins:
            least = least_likeness(self.step_s)
            self.tracks = [replace(track, least_likeness=least) for track in self.tracks]
            self._search_anew()

    def model(self, settings: TrackerSettings) -> CameraModel | None:
        """How the present image was taken, as far as it is known or assumed."""
        if self._size is None:
            return None
        return CameraModel.known_or_assumed(self.calibration, *self._size, settings.assumed_fov_deg)

    # -- where faces were ----------------------------------------------------------------------------------------------

    def remember(self) -> None:
        """Keep where the faces are in this frame, for detections in it that come later."""
        assert self._stamp_s is not None
        self._trail.append(Moment(self._stamp_s, self.clock_s, {track.id: track.landmarks_px for track in self.tracks}))
        while self._trail[0].clock_s < self.clock_s - TRAIL_S:
            self._trail.popleft()

    def moment(self, stamp_s: float | None) -> Moment:
        """The one nearest to a stamp: the present one for None."""
        if stamp_s is None:
            return self._trail[-1]
        return min(reversed(self._trail), key=lambda moment: abs(moment.stamp_s - stamp_s))

    @property
    def trail(self) -> list[Moment]:
        """The moments of the last `TRAIL_S`, the present one last."""
        return list(self._trail)

    def keep(self, image: ImageArray) -> None:
        """An image that follows the one that is being searched; a copy is kept, if the last one is not too near."""
        if self.kept:
            step_s = max(KEPT_STEP_S, (self.clock_s - self.kept[0].clock_s) / MAX_KEPT)
            if self.clock_s - self.kept[-1].clock_s < step_s:
                return
        self.kept.append(KeptImage(image.copy(), self.clock_s))
        if len(self.kept) > MAX_KEPT:
            del self.kept[1::2]

    def kept_since(self, clock_s: float) -> list[KeptImage]:
        """The kept images between a time and now."""
        return [kept for kept in self.kept if clock_s < kept.clock_s < self.clock_s]

    # -- searching -----------------------------------------------------------------------------------------------------

    def is_search_due(self, settings: TrackerSettings) -> bool:
        """Whether the detector should see this frame."""
        confirmed = [track for track in self.tracks if track.is_well and track.status is not FaceStatus.TENTATIVE]
        one_lost = not all(track.is_well for track in self.tracks)
        one_doubtful = any(track.unseen and track.confidence < settings.trusted_confidence for track in confirmed)
        urgent = not confirmed or one_lost or one_doubtful
        interval_s = settings.search_interval_s if urgent else settings.detection_interval_s
        return self.clock_s - self._searched_at_s >= interval_s

    def _is_still(self, settings: TrackerSettings) -> bool:
        """Whether all of the image was searched, with these settings, and has not changed since but for its faces."""
        searched, now, size_px = self._searched, self._overview, self._size
        if searched is None or now is None or size_px is None or searched.settings != settings:
            return False
        if self.clock_s - searched.clock_s >= STILL_S:
            return False
        return has_not_changed(searched.overview, now, [track.box for track in self.tracks], size_px)

    def requests(self, image: ImageArray, settings: TrackerSettings, at_once: bool) -> list[DetectionRequest]:
        """The regions of this frame, the one that the tracks were last updated with, that are to be searched now.

        One, or none where nothing is due. In turn: all of the image, small; the surroundings of a lost face that does
        not show there, else the same again; all of it; and in between one of its pieces. Of a still image, and where no
        further face would be taken in, each face's place in turn.
        `at_once`: nobody minds how long it takes: a stream's first frame is searched whole and in pieces.
        """
        size_px = image.shape[1], image.shape[0]
        fine = pieces(*size_px, settings.detector_px, settings.min_face_px)
        is_new = self._searched_at_s == -math.inf
        piece_is_due = bool(fine) and self.clock_s >= self._piece_due_s and len(self.tracks) < settings.max_faces
        is_due = self.is_search_due(settings)
        if piece_is_due and not is_new and not (is_due and self._was_piece):
            regions = [fine[self._next_piece % len(fine)]]
            self._next_piece += 1
            self._piece_due_s, self._was_piece = self.clock_s + PIECE_INTERVAL_S, True
        elif is_due:
            everything = whole(*size_px, settings.detector_px)
            regions = [everything, *fine] if at_once and is_new else [self._next_search(everything, settings)]
            self._searched_at_s, self._was_piece = self.clock_s, False
            if regions[0] == everything and self._overview is not None:
                self._searched = _Searched(self._overview, self.clock_s, settings)
        else:
            return []
        return [self.request(image, region) for region in regions]

    def _next_search(self, everything: Region, settings: TrackerSettings) -> Region:
        self._turn += 1
        is_full = len(self.tracks) >= settings.max_faces
        if all(track.is_well for track in self.tracks) and self.tracks and (is_full or self._is_still(settings)):
            box = self.tracks[self._turn % len(self.tracks)].box
            return at(box, everything.width, everything.height)
        quick = small(everything)
        lost = [track.box for track in self.tracks if not (track.is_well or quick.shows(track.box))]
        near = around(lost[0], everything.width, everything.height, settings.detector_px) if lost else quick
        return (everything, quick, near)[self._turn % 3]

    def request(self, image: ImageArray, region: Region) -> DetectionRequest:
        """Ask for the faces in a region of this frame."""
        return DetectionRequest(self.name, image, region, self.moment(None).tracked, self.clock_s, self.epoch)

    def searched_elsewhere(self) -> None:
        """Somebody else has searched a frame, when this was due."""
        self._searched_at_s = self.clock_s

    def rest(self, took_s: float) -> None:
        """A piece took so long: the next one waits accordingly."""
        self._piece_due_s = max(self._piece_due_s, self.clock_s + PIECE_REST * took_s)

    def _search_anew(self) -> None:
        self._searched_at_s = self._piece_due_s = -math.inf
        self._searched, self._turn = None, 0
        self._next_piece, self._was_piece = 0, True
