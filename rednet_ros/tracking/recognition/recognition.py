"""Gives a face that returns the id that it had. What it knows of people lives in memory, and not for long."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import replace

from rednet_ros.tracking.camera import Camera
from rednet_ros.tracking.recognition.common_clock import CommonClock
from rednet_ros.tracking.recognition.gallery import Departed, Gallery, best_match
from rednet_ros.tracking.recognition.portrait import view_quality
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.sighting import Engine, Look, Sighting
from rednet_ros.tracking.track import Track, Who, decided, may_be_published
from rednet_ros.tracking.types import FaceStatus

MAX_WAIT_FRAMES, MAX_WAIT_S = 15, 2.0
"""A new face that may be a departed one is confirmed in its so many-th good frame, or after so long, though it may not
be clear who it is (turned away, blurred). Then it keeps its new id: none changes once it was published as confirmed."""

RECOVERED_S = 1.0
"""How long a recognised face has the status RECOVERED; it is an ordinary tracked one then."""

MAX_SURPRISE = 0.5
"""A track that just jumped may be on another's face: such frames are not taken into its portrait."""

log = logging.getLogger(__name__)


class Recognition:
    """The memory of one tracker, for all its cameras.

    In every frame, in this order: `begin_frame`; `observe` for each track that was seen, `depart` for each that ended,
    `greet` for each that began; `settle`.
    """

    def __init__(self, engine: Engine, settings: TrackerSettings) -> None:
        self._engine = engine
        self._gallery = Gallery()
        self._clock = CommonClock()
        self._obstacle = ""
        self._settings = settings
        self._threshold: float | None = None
        self._apply(settings)

    def begin_frame(self, stamps_s: dict[str, float], settings: TrackerSettings) -> None:
        """Take in the settings, and the stamps of the cameras that have a new frame."""
        self._apply(settings)
        for camera, stamp_s in stamps_s.items():
            self._clock.advance(camera, stamp_s, settings.max_gap_s)

    def forget(self) -> None:
        """Forget everybody who left."""
        self._gallery.clear()

    def greet(self, track: Track) -> Track:
        """A track that just began: perhaps somebody returned."""
        if self._threshold is None:
            return track
        now_s = self._clock.now_s
        who = Who(is_undecided=True, first_seen_s=now_s, last_seen_s=now_s)
        return replace(track, status=FaceStatus.TENTATIVE, who=who)

    def observe(self, track: Track, look: Look, sighting: Sighting) -> Track:
        """A track after the frame that `sighting` is of: its portrait grows where it shows the face well."""
        if self._threshold is None or sighting.identity is None or track.surprise > MAX_SURPRISE:
            return track
        height, width = look.image.shape[:2]
        quality = view_quality(sighting, width, height, self._settings.trusted_confidence)
        if quality == 0.0:
            return track
        portrait = track.who.portrait.with_view(sighting.identity, quality)
        return replace(track, who=replace(track.who, portrait=portrait))

    def depart(self, track: Track) -> None:
        """A track that ended: its face is remembered if it was confirmed and seen well."""
        if self._threshold is not None and _can_return(track):
            self._gallery.add(_departed(track))

    def settle(self, cameras: Collection[Camera], current: Collection[Camera]) -> None:
        """Decide who the new faces of the `current` cameras, those with a new frame, are.

        Each gets the id of the departed face that it is most similar to, if it is similar enough and no other comes
        near; a face that was lost from sight elsewhere, in any camera, and is in its grace counts as departed.
        """
        if self._threshold is None:
            for camera in cameras:
                camera.tracks = [_forgotten(track, self._settings) for track in camera.tracks]
            return
        self._gallery.forget_before(self._clock.now_s - self._settings.recognition_memory_s)
        for camera in current:
            camera.tracks = [self._refreshed(track) for track in camera.tracks]
        newcomers = [track for camera in current for track in camera.tracks if self._is_due(track)]
        if not newcomers:
            return
        settled = self._settled(newcomers, self._absent(cameras))
        taken = {track.who.old_id for track in settled.values()} - {None}
        for face_id in filter(None, taken):
            self._gallery.remove(face_id)
        for camera in cameras:
            kept = [track for track in camera.tracks if track.is_well or track.face_id not in taken]
            camera.tracks = [settled.get(track.id, track) for track in kept]

    def _apply(self, settings: TrackerSettings) -> None:
        self._settings = settings
        self._threshold, obstacle = None, ""
        threshold = settings.recognition_threshold or self._engine.identity_threshold
        if settings.recognition and not self._engine.gives_identity:
            obstacle = "have no identity branch"
        elif settings.recognition and threshold is None:
            obstacle = "have no measured threshold (to use one of your own, set recognition_threshold)"
        elif settings.recognition:
            self._threshold = threshold
        if obstacle and obstacle != self._obstacle:
            log.info("recognition is off with the weights %s: they %s", self._engine.weights_name, obstacle)
        self._obstacle = obstacle
        if self._threshold is None:
            self.forget()

    def _refreshed(self, track: Track) -> Track:
        now_s, who, status = self._clock.now_s, track.who, track.status
        if status is FaceStatus.RECOVERED and now_s - who.recognised_s >= RECOVERED_S:
            status = FaceStatus.TRACKED
        return replace(track, status=status, who=replace(who, last_seen_s=now_s) if track.is_well else who)

    def _is_due(self, track: Track) -> bool:
        """Whether a track waits for a decision that can be made in this frame."""
        is_proven = may_be_published(track.good_frames, track.good_s, self._settings)
        return track.who.is_undecided and track.is_well and is_proven

    def _absent(self, cameras: Collection[Camera]) -> list[Departed]:
        lost = [track for camera in cameras for track in camera.tracks if not track.is_well and _can_return(track)]
        since_s = self._clock.now_s - self._settings.recognition_memory_s
        return [*self._gallery, *(_departed(track) for track in lost if track.who.last_seen_s >= since_s)]

    def _settled(self, newcomers: list[Track], absent: list[Departed]) -> dict[str, Track]:
        """Those of the newcomers about whom there is a decision, as they are after it, by their tracks' ids."""
        assert self._threshold is not None
        settled: dict[str, Track] = {}
        claims: list[tuple[float, Track, Departed]] = []
        for track in newcomers:
            portrait = track.who.portrait
            # Who was seen while this face was there already is somebody else.
            possible = [face for face in absent if face.last_seen_s < track.who.first_seen_s]
            match = best_match(portrait, possible, self._threshold) if portrait.is_known else None
            if match is not None:
                claims.append((match[1], track, match[0]))
            elif not possible or portrait.is_known or _has_waited(track):
                settled[track.id] = decided(track, self._settings)
        given: set[str] = set()
        for _, track, face in sorted(claims, key=lambda claim: -claim[0]):
            if face.id not in given:  # else this one is somebody else, to be decided in the next frame
                given.add(face.id)
                settled[track.id] = self._recognised(track, face)
        return settled

    def _recognised(self, track: Track, face: Departed) -> Track:
        who = replace(
            track.who,
            portrait=face.portrait.merged(track.who.portrait),
            old_id=face.id,
            is_undecided=False,
            recognised_s=self._clock.now_s,
        )
        similarity = face.portrait.similarity(track.identity)
        return replace(track, status=FaceStatus.RECOVERED, who=who, identity_similarity=similarity)


def _has_waited(track: Track) -> bool:
    return track.good_frames >= MAX_WAIT_FRAMES or track.good_s >= MAX_WAIT_S


def _can_return(track: Track) -> bool:
    return track.status is not FaceStatus.TENTATIVE and track.who.portrait.is_known


def _departed(track: Track) -> Departed:
    return Departed(track.face_id, track.who.portrait, track.who.first_seen_s, track.who.last_seen_s)


def _forgotten(track: Track, settings: TrackerSettings) -> Track:
    """The track without what was known of the person, but for the id that it goes by."""
    nobody = Who(old_id=track.who.old_id)
    if track.who == nobody:
        return track
    status = FaceStatus.TRACKED if track.status is FaceStatus.RECOVERED else decided(track, settings).status
    return replace(track, who=nobody, status=status, identity_similarity=float("nan"))
