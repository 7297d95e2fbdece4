"""The life of one face in one camera: tentative, tracked, in grace, gone. Values and pure functions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from rednet_ros.inference.types import FaceState
from rednet_ros.tracking.appearance import MIN_FACE_LIKENESS, SLOW_STEP_S, likeness
from rednet_ros.tracking.crops import CROP_SCALE
from rednet_ros.tracking.face_shape import fraction_inside, is_face_shape
from rednet_ros.tracking.motion import MAX_STEP, NOMINAL_STEP_S, Motion, MotionFilter, coasted, expected, velocity
from rednet_ros.tracking.pose_filter import SteadyPose
from rednet_ros.tracking.recognition.portrait import Portrait
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.sighting import Look, Sighting, look_from
from rednet_ros.tracking.types import Box, Face, FaceStatus, FloatArray, ImageArray

MIN_INSIDE = 0.3
"""A face with a smaller fraction of its landmarks inside the image has left it."""

SIZE_STEP_RANGE = (0.6, 1.5)
"""From one look to the next a face's size changes less than this; the crop would not hold a larger one."""

MAX_UNSEEN = 3
"""A face that is in doubt is lost when the detector misses it so many times in a row."""

APPEARANCE_S, MIN_KEPT_APPEARANCE = 0.15, 0.5
"""Time constant of the remembered appearance, and the share of it that stays in any frame: what hides a face for a
moment is not it, nor is a single frame of a slow camera."""

MIN_HIDDEN_LIKENESS = 0.4
"""To what it looked like of late, of a face that the network doubts, and doubts more easily while it is out of sight:
what passes in front of a face is alike by 0.3 and less."""

SURPRISE_S = 0.15
"""Time constant with which a track's surprise wears off."""

MIN_GRACE_FRAMES = 2
"""A confirmed face survives so many bad frames, however far apart they are."""

SURPRISE_OF_RELOCATION = 1.0
"""A track that was not seen for a while, or was put elsewhere, may have come back on another face."""


@dataclass(frozen=True)
class Who:
    """Whose face a track follows; used while recognition is on (`recognition.py`), and empty otherwise.

    `portrait`: what the recogniser saw of the person. `old_id`: that of the departed face which it turned out to be.
    `is_undecided`: it may still get such an id, and is not confirmed before that is settled. `first_seen_s`,
    `last_seen_s`, `recognised_s`, and `looked_s` (when a recogniser had its last own look): on the tracker's clock.
    """

    portrait: Portrait = field(default_factory=Portrait)
    old_id: str | None = None
    is_undecided: bool = False
    first_seen_s: float = 0.0
    last_seen_s: float = 0.0
    recognised_s: float = 0.0
    looked_s: float = -math.inf


@dataclass(frozen=True)
class Track:
    """A face being followed. `id`: the track's own, never given to another; see `face_id` for that of the face.

    `landmarks_px`, `landmark_confidence`, `confidence`, `identity`, `state`: of the last frame in which it was well.
    `good_frames`, `good_s`: how many such frames there were, and how much time they stand for, each for the time since
    the frame before it. `bad_frames`, `bad_s`: likewise, since it was last well; not 0: the face is in grace.
    `motion`: how the face moves. `surprise`: how far the centre was from where that let expect it, as a fraction of the
    face's side, of late; a track that jumped onto another face has a large one.
    `unseen`: how many of the detector's last runs, in a row, missed it. `identity_similarity`: as in `Face`.
    `pose`: that of the head in the last frame in which it was shown (`posing.py`).
    `appearance`: what the face looked like of late. `likeness`: of the last sighting to it, -1..1.
    `least_likeness`: the scene has changed since, and whoever is in its place is this face only if it looks so much
    alike; -1: it has not.
    """

    id: str
    status: FaceStatus
    landmarks_px: FloatArray
    landmark_confidence: FloatArray
    confidence: float
    identity: FloatArray | None
    state: FaceState | None
    good_frames: int
    good_s: float
    bad_frames: int = 0
    bad_s: float = 0.0
    motion: Motion = field(default_factory=Motion.of_new_face)
    surprise: float = 0.0
    unseen: int = 0
    identity_similarity: float = float("nan")
    appearance: FloatArray | None = None
    likeness: float = 1.0
    least_likeness: float = -1.0
    pose: SteadyPose | None = None
    who: Who = field(default_factory=Who)

    @property
    def is_well(self) -> bool:
        """Whether the last frame showed the face."""
        return self.bad_s == 0.0

    @property
    def scene_changed(self) -> bool:
        """Whether another face may be in its place: there was a cut since it was last seen."""
        return self.least_likeness != -1.0

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


def begin(
    track_id: str,
    sighting: Sighting,
    settings: TrackerSettings,
    step_s: float,
    velocity_px_s: tuple[float, float] = (0.0, 0.0),
) -> Track:
    """A new face, in a frame that stands for `step_s`: the time since the one before, in which nobody looked."""
    return Track(
        track_id,
        _status(1, step_s, settings, FaceStatus.TENTATIVE),
        sighting.landmarks_px,
        sighting.landmark_confidence,
        sighting.confidence,
        sighting.identity,
        sighting.state,
        good_frames=1,
        good_s=step_s,
        motion=Motion.of_new_face(velocity_px_s),
        appearance=sighting.appearance,
    )


Smooth = tuple[FloatArray, Motion]
"""68 x 2 landmarks and motion of a face, from the motion filter."""


def next_looks(tracks: Sequence[Track], image: ImageArray, crop_size_px: int, step_s: float) -> list[Look]:
    """Where to look for a camera's faces in its next frame, `step_s` later: where they are expected.

    A state counts for nothing where the scene has changed: it may be of another face than is there now.
    """
    if not tracks:
        return []
    motion = Motion.stack([track.motion for track in tracks])
    ahead_px = expected(np.array([track.landmarks_px for track in tracks]), motion, step_s)
    states = [track.state.forgotten() if track.state and track.scene_changed else track.state for track in tracks]
    return [look_from(image, face_px, state, crop_size_px) for face_px, state in zip(ahead_px, states, strict=True)]


def smoothed(
    tracks: Sequence[Track],
    looks: Sequence[Look],
    sightings: Sequence[Sighting],
    step_s: float,
    motion_filter: MotionFilter,
) -> list[Smooth]:
    """What the motion filter makes of a camera's sightings, if they show the tracks' faces where `next_looks` looked
    for them. All in one go: a face alone has too few numbers to be worth NumPy's while."""
    if not tracks:
        return []
    ahead_px = np.array([look.previous_px for look in looks if look.previous_px is not None])
    seen_px = np.array([sighting.landmarks_px for sighting in sightings])
    motion = Motion.stack([track.motion for track in tracks])
    landmarks_px, after = motion_filter.update(ahead_px, motion, seen_px, step_s)
    return list(zip(landmarks_px, after.rows(), strict=True))


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
    convincing = settings.trusted_confidence if track.is_well else (1 + settings.trusted_confidence) / 2
    if sighting.confidence < convincing and likeness(track.appearance, sighting.appearance) < MIN_HIDDEN_LIKENESS:
        return False  # what the network takes for a face is what hides it
    return shows_face(look, sighting, settings) and may_be(track, sighting) and not _has_jumped(track, look, sighting)


def _has_jumped(track: Track, look: Look, sighting: Sighting) -> bool:
    """Whether the face is neither where it was expected nor looks as it did: between two images of a slow camera
    another one may have come there."""
    missed_px = math.dist(look.crop.center_px, sighting.crop.center_px)
    return missed_px > MAX_STEP * look.crop.side_px / CROP_SCALE and (
        likeness(track.appearance, sighting.appearance) < MIN_FACE_LIKENESS
    )


def may_be(track: Track, sighting: Sighting) -> bool:
    """Whether a face that is where a track's face is expected may be the same one: after a cut it must look alike."""
    if not track.scene_changed:
        return True
    return likeness(track.appearance, sighting.appearance) >= track.least_likeness


def after_good_frame(
    track: Track, look: Look, sighting: Sighting, settings: TrackerSettings, step_s: float, smooth: Smooth
) -> Track:
    """The track after a frame, `step_s` after the one before, that showed its face where `next_looks` looked for it.
    `smooth`: of `smoothed`."""
    if not track.is_well:
        return after_relocation(_out_of_sight(track, step_s), sighting, step_s)
    ahead_px = look.previous_px
    assert ahead_px is not None
    surprise = math.dist(sighting.box.center, Box.around(ahead_px).center) * CROP_SCALE / sighting.crop.side_px
    landmarks_px, motion = smooth
    good_frames, good_s = track.good_frames + 1, track.good_s + step_s
    alike = likeness(track.appearance, sighting.appearance)
    if alike < MIN_FACE_LIKENESS and step_s < SLOW_STEP_S:
        # Something passes in front of it, and moves by itself.
        motion = replace(motion, velocity=coasted(track.motion, step_s).velocity)
    return _seen(
        track,
        sighting,
        step_s,
        alike,
        status=track.status if track.who.is_undecided else _status(good_frames, good_s, settings, track.status),
        landmarks_px=landmarks_px,
        good_frames=good_frames,
        good_s=good_s,
        motion=motion,
        surprise=max(surprise, math.exp(-step_s / SURPRISE_S) * track.surprise),
    )


def after_search(track: Track, was_found: bool) -> Track:
    """The track after the detector searched an image in which it was followed."""
    return replace(track, unseen=0 if was_found else track.unseen + 1)


def after_relocation(track: Track, sighting: Sighting, step_s: float) -> Track:
    """The track, moved on to this image, after its face was seen again, perhaps elsewhere: it may be another's."""
    reach_px = MAX_STEP * max(track.box.width, track.box.height)
    missed_px = math.dist(sighting.box.center, track.box.center)
    alike = likeness(track.appearance, sighting.appearance)
    if missed_px < reach_px:
        motion = track.motion
    elif not track.is_well and alike >= MIN_FACE_LIKENESS:  # it moved unlike expected
        (x_expected, y_expected), (x, y) = track.box.center, sighting.box.center
        x_missed, y_missed = velocity((x - x_expected, y - y_expected), track.bad_s)
        x_speed, y_speed = track.motion.velocity_px_s
        motion = Motion.of_new_face((x_speed + x_missed, y_speed + y_missed))
    elif missed_px < reach_px * step_s / NOMINAL_STEP_S:  # a slow camera's: so far it may well have moved on
        motion = track.motion
    else:
        motion = Motion.of_new_face()
    now = {"bad_frames": 0, "bad_s": 0.0, "motion": motion, "surprise": SURPRISE_OF_RELOCATION, "pose": None}
    return _seen(track, sighting, step_s, alike, landmarks_px=sighting.landmarks_px, **now)


def _seen(track: Track, sighting: Sighting, step_s: float, alike: float, **now: Any) -> Track:
    """The track with what a sighting, so much `alike`, showed, and with other fields as they are `now`."""
    return replace(
        track,
        landmark_confidence=sighting.landmark_confidence,
        confidence=sighting.confidence,
        identity=sighting.identity,
        identity_similarity=_similarity(track, sighting),
        state=sighting.state,
        appearance=_remembered(track, sighting, step_s),
        likeness=alike,
        least_likeness=-1.0,
        **now,
    )


def _similarity(track: Track, sighting: Sighting) -> float:
    """Of a recogniser with looks of its own, that of the last look stays: the sighting's vector is none of its."""
    portrait = track.who.portrait
    return track.identity_similarity if portrait.views else portrait.similarity(sighting.identity)


def _remembered(track: Track, sighting: Sighting, step_s: float) -> FloatArray | None:
    if track.appearance is None or sighting.appearance is None:
        return sighting.appearance
    share = max(MIN_KEPT_APPEARANCE, math.exp(-step_s / APPEARANCE_S))
    return np.asarray(share * track.appearance + (1 - share) * sighting.appearance, np.float32)


def decided(track: Track, settings: TrackerSettings) -> Track:
    """The track of a new face, once it is settled that it has no old id."""
    who = replace(track.who, is_undecided=False)
    return replace(track, who=who, status=_status(track.good_frames, track.good_s, settings, track.status))


def after_bad_frame(track: Track, step_s: float, settings: TrackerSettings) -> Track | None:
    """The track after a frame, `step_s` after the one before, that did not show its face; None if it is over."""
    bad_frames, bad_s = track.bad_frames + 1, track.bad_s + step_s
    has_grace = track.status is not FaceStatus.TENTATIVE or may_be_published(track.good_frames, track.good_s, settings)
    if not has_grace or (bad_s > settings.grace_s and bad_frames > MIN_GRACE_FRAMES):
        return None
    return _out_of_sight(track, step_s)


def _out_of_sight(track: Track, step_s: float) -> Track:
    """The track moved on by `step_s`."""
    return replace(
        track,
        bad_frames=track.bad_frames + 1,
        bad_s=track.bad_s + step_s,
        landmarks_px=expected(track.landmarks_px, track.motion, step_s),
        motion=coasted(track.motion, step_s),
    )


def may_be_published(good_frames: int, good_s: float, settings: TrackerSettings) -> bool:
    """Whether a face that was seen so many times, or for so long, may be published."""
    return good_frames >= settings.confirm_frames or good_s >= settings.confirm_s


def _status(good_frames: int, good_s: float, settings: TrackerSettings, before: FaceStatus) -> FaceStatus:
    if before is FaceStatus.RECOVERED:
        return before
    return FaceStatus.TRACKED if may_be_published(good_frames, good_s, settings) else FaceStatus.TENTATIVE
