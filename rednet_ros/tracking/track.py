"""The life of one face in one camera: tentative, tracked, in grace, gone. Values and pure functions."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from rednet_ros.inference.types import FaceState
from rednet_ros.tracking.crops import CROP_SCALE
from rednet_ros.tracking.cuts import MIN_LIKENESS_AFTER_CUT, likeness
from rednet_ros.tracking.looks import Look, Sighting, look_from
from rednet_ros.tracking.plausibility import fraction_inside, is_face_shape
from rednet_ros.tracking.portrait import Portrait
from rednet_ros.tracking.pose_filter import SteadyPose
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.types import Box, Face, FaceStatus, FloatArray, ImageArray

MIN_INSIDE = 0.3
"""A face with a smaller fraction of its landmarks inside the image has left it."""

SIZE_STEP_RANGE = (0.6, 1.5)
"""From one look to the next a face's size changes less than this; the crop would not hold a larger one."""

MAX_UNSEEN = 3
"""A face that is in doubt is lost when the detector misses it so many times in a row."""

MAX_STEP = 0.3
"""A face is expected to move on as it did, but from frame to frame by no more than this fraction of its side."""

COASTING = 0.97
"""Share of its motion that a face out of sight, behind another one perhaps, is expected to keep from frame to frame."""

KEPT_APPEARANCE = 0.8
"""Share of the remembered appearance that stays from frame to frame: what hides a face for a moment is not it."""

SURPRISE_DECAY = 0.8
"""Share of its surprise that a track keeps from frame to frame."""

SURPRISE_OF_RELOCATION = 1.0
"""A track that was not seen for a while, or was put elsewhere, may have come back on another face."""


@dataclass(frozen=True)
class Who:
    """Whose face a track follows; used while recognition is on (`recognition.py`), and empty otherwise.

    `portrait`: what the network saw of the person. `old_id`: that of the departed face which it turned out to be.
    `is_undecided`: it may still get such an id, and is not confirmed before that is settled. `first_seen_s`,
    `last_seen_s`, `recognised_s`: on the tracker's clock.
    """

    portrait: Portrait = field(default_factory=Portrait)
    old_id: str | None = None
    is_undecided: bool = False
    first_seen_s: float = 0.0
    last_seen_s: float = 0.0
    recognised_s: float = 0.0


@dataclass(frozen=True)
class Track:
    """A face being followed. `id`: the track's own, never given to another; see `face_id` for that of the face.

    `landmarks_px`, `landmark_confidence`, `confidence`, `identity`, `state`: of the last frame in which it was well.
    `good_frames`: how many such frames. `bad_s`: seconds since then; not 0: the face is in grace. `motion_px`: (x, y)
    way of its centre between the last two frames. `surprise`: how far the centre was from where that motion let
    expect it, as a fraction of the face's side, of late; a track that jumped onto another face has a large one.
    `unseen`: how many of the detector's last runs, in a row, missed it. `identity_similarity`: as in `Face`.
    `pose`: that of the head in the last frame in which it was shown (`posing.py`).
    `appearance`: what the face looked like of late. `likeness`: of the last sighting to it, -1..1.
    `after_cut`: the scene has changed since, and whoever is in its place is this face only if it looks alike.
    """

    id: str
    status: FaceStatus
    landmarks_px: FloatArray
    landmark_confidence: FloatArray
    confidence: float
    identity: FloatArray | None
    state: FaceState | None
    good_frames: int
    bad_s: float = 0.0
    motion_px: tuple[float, float] = (0.0, 0.0)
    surprise: float = 0.0
    unseen: int = 0
    identity_similarity: float = float("nan")
    appearance: FloatArray | None = None
    likeness: float = 1.0
    after_cut: bool = False
    pose: SteadyPose | None = None
    who: Who = field(default_factory=Who)

    @property
    def is_well(self) -> bool:
        """Whether the last frame showed the face."""
        return self.bad_s == 0.0

    @cached_property
    def box(self) -> Box:
        """Tight around the landmarks."""
        return Box.around(self.landmarks_px)

    @property
    def face_id(self) -> str:
        """The id that users see: the track's own, or the old one of the face that was recognised."""
        return self.who.old_id or self.id

    def face(self) -> Face:
        """What users get to see."""
        return Face(
            self.face_id,
            self.status,
            self.confidence,
            self.box,
            self.landmarks_px,
            self.landmark_confidence,
            head_pose=self.pose.pose if self.pose else None,
            identity=self.identity,
            identity_similarity=self.identity_similarity,
        )


def begin(track_id: str, sighting: Sighting, settings: TrackerSettings) -> Track:
    """A new face."""
    return Track(
        track_id,
        _status(1, settings, FaceStatus.TENTATIVE),
        sighting.landmarks_px,
        sighting.landmark_confidence,
        sighting.confidence,
        sighting.identity,
        sighting.state,
        good_frames=1,
        appearance=sighting.appearance,
    )


def next_look(track: Track, image: ImageArray, crop_size_px: int) -> Look:
    """Where to look for the face in the next frame: where it was last, moved on as it moved."""
    landmarks_px = track.landmarks_px + np.array(_step_px(track), np.float32)
    return look_from(image, landmarks_px, track.state, crop_size_px)


def _step_px(track: Track) -> tuple[float, float]:
    """How far the face is expected to have moved in the next frame."""
    length_px = math.hypot(*track.motion_px)
    share = min(1.0, MAX_STEP * max(track.box.width, track.box.height) / max(length_px, 1e-6))
    return track.motion_px[0] * share, track.motion_px[1] * share


def shows_face(look: Look, sighting: Sighting, settings: TrackerSettings) -> bool:
    """Whether the look found a face: confident, of a face's shape, large enough, as large as expected, in the image."""
    if sighting.confidence < settings.min_confidence or not is_face_shape(sighting.landmarks_px):
        return False
    height, width = look.image.shape[:2]
    if max(sighting.box.width, sighting.box.height) < settings.min_face_px:
        return False
    size_step = sighting.crop.side_px / look.crop.side_px
    if not SIZE_STEP_RANGE[0] <= size_step <= SIZE_STEP_RANGE[1]:
        return False
    return fraction_inside(sighting.landmarks_px, width, height) >= MIN_INSIDE


def keeps_face(track: Track, look: Look, sighting: Sighting, settings: TrackerSettings) -> bool:
    """Whether a look at a tracked face showed it, and the detector, where the network is in doubt, agrees."""
    in_doubt = sighting.confidence < settings.trusted_confidence
    if in_doubt and track.unseen >= MAX_UNSEEN:
        return False
    return shows_face(look, sighting, settings) and may_be(track, sighting)


def may_be(track: Track, sighting: Sighting) -> bool:
    """Whether a face that is where a track's face is expected may be the same one: after a cut it must look alike."""
    return not track.after_cut or likeness(track.appearance, sighting.appearance) >= MIN_LIKENESS_AFTER_CUT


def after_good_frame(track: Track, sighting: Sighting, settings: TrackerSettings) -> Track:
    """The track after a frame that showed its face where it was looked for."""
    if not track.is_well:
        return after_relocation(track, sighting)
    (x_before, y_before), (x, y) = track.box.center, sighting.box.center
    motion_px = x - x_before, y - y_before
    side_px = sighting.crop.side_px / CROP_SCALE
    surprise = math.hypot(motion_px[0] - track.motion_px[0], motion_px[1] - track.motion_px[1]) / side_px
    good_frames = track.good_frames + 1
    return replace(
        _seen(track, sighting),
        status=track.status if track.who.is_undecided else _status(good_frames, settings, track.status),
        good_frames=good_frames,
        motion_px=motion_px,
        surprise=max(surprise, SURPRISE_DECAY * track.surprise),
    )


def after_search(track: Track, was_found: bool) -> Track:
    """The track after the detector searched an image in which it was followed."""
    return replace(track, unseen=0 if was_found else track.unseen + 1)


def after_relocation(track: Track, sighting: Sighting) -> Track:
    """The track after its face was seen again, perhaps elsewhere: it may be another's."""
    is_expected = math.dist(sighting.box.center, track.box.center) < MAX_STEP * max(track.box.width, track.box.height)
    return replace(
        _seen(track, sighting),
        bad_s=0.0,
        motion_px=track.motion_px if is_expected else (0.0, 0.0),
        surprise=SURPRISE_OF_RELOCATION,
        pose=None,
    )


def _seen(track: Track, sighting: Sighting) -> Track:
    return replace(
        track,
        landmarks_px=sighting.landmarks_px,
        landmark_confidence=sighting.landmark_confidence,
        confidence=sighting.confidence,
        identity=sighting.identity,
        identity_similarity=track.who.portrait.similarity(sighting.identity),
        state=sighting.state,
        appearance=_remembered(track, sighting),
        likeness=likeness(track.appearance, sighting.appearance),
        after_cut=False,
    )


def _remembered(track: Track, sighting: Sighting) -> FloatArray | None:
    if track.appearance is None or sighting.appearance is None:
        return sighting.appearance
    kept = KEPT_APPEARANCE * track.appearance + (1 - KEPT_APPEARANCE) * sighting.appearance
    return np.asarray(kept, np.float32)


def decided(track: Track, settings: TrackerSettings) -> Track:
    """The track of a new face, once it is settled that it has no old id."""
    who = replace(track.who, is_undecided=False)
    return replace(track, who=who, status=_status(track.good_frames, settings, track.status))


def after_bad_frame(track: Track, elapsed_s: float, settings: TrackerSettings) -> Track | None:
    """The track after a frame, `elapsed_s` after the one before, that did not show its face; None if it is over."""
    bad_s = track.bad_s + elapsed_s
    has_grace = track.status is not FaceStatus.TENTATIVE or track.good_frames >= settings.confirm_frames
    if not has_grace or bad_s > settings.grace_s:
        return None
    step_px = _step_px(track)
    return replace(
        track,
        bad_s=bad_s,
        landmarks_px=track.landmarks_px + np.array(step_px, np.float32),
        motion_px=(COASTING * step_px[0], COASTING * step_px[1]),
    )


def _status(good_frames: int, settings: TrackerSettings, before: FaceStatus) -> FaceStatus:
    if before is FaceStatus.RECOVERED:
        return before
    return FaceStatus.TRACKED if good_frames >= settings.confirm_frames else FaceStatus.TENTATIVE
