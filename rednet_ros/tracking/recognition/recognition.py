"""Gives a face that returns the id that it had. What it learns of people lives in memory, and not for long."""

from __future__ import annotations

import logging
import math
from collections.abc import Collection
from dataclasses import replace

from rednet_ros.errors import InputError
from rednet_ros.tracking.camera import Camera
from rednet_ros.tracking.recognition.common_clock import CommonClock
from rednet_ros.tracking.recognition.gallery import Departed, Gallery, best_match
from rednet_ros.tracking.recognition.looker import Looker
from rednet_ros.tracking.recognition.people import People, check_name, enrolled_with, load_people, write_people
from rednet_ros.tracking.recognition.portrait import Portrait, face_quality, view_quality
from rednet_ros.tracking.recognition.recognizer import NoRecognizer, Recognizer, load_recognizer
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.sighting import Engine, Look, Sighting
from rednet_ros.tracking.track import Track, Who, decided, may_be_published
from rednet_ros.tracking.types import FaceStatus, FloatArray
from rednet_ros.wording import counted

MAX_WAIT_FRAMES, MAX_WAIT_S = 15, 2.0
"""A new face that may be a departed one is confirmed in its so many-th good frame, or after so long, though it may not
be clear who it is (turned away, blurred). Then it keeps its new id: none changes once it was published as confirmed."""

RECOVERED_S = 1.0
"""How long a recognised face has the status RECOVERED; it is an ordinary tracked one then."""

MAX_SURPRISE = 0.5
"""A track that just jumped may be on another's face: such frames are not taken into its portrait."""

LOOK_INTERVAL_S = 3.0
"""A recogniser with looks of its own looks at a face whose portrait is known this often: it may show another side."""

log = logging.getLogger(__name__)


class Recognition:
    """The memory of one tracker, for all its cameras.

    In every frame, in this order: `begin_frame`; `observe` for each track that was seen, `depart` for each that ended,
    `greet` for each that began; `settle`.
    """

    def __init__(self, engine: Engine, settings: TrackerSettings, recognizer: Recognizer | None = None) -> None:
        """`recognizer`: by default the one that the settings name. Where it, or the file of people, cannot be used,
        nobody is recognised, and `problem` says why."""
        self._people: dict[str, Portrait] = {}
        try:
            self._recognizer = recognizer or load_recognizer(settings.recognizer, engine)
            if settings.people_file and not self._recognizer.problem:
                self._people = load_people(settings.people_file, self._recognizer)
                if not self._people:
                    log.warning("people file %s holds nobody: nobody is enrolled yet", settings.people_file)
        except InputError as error:
            self._recognizer = NoRecognizer(str(error))
        self._looker = Looker(self._recognizer, in_background=settings.detect_in_background)
        self._gallery = Gallery()
        self._clock = CommonClock()
        self._obstacle = self._told = ""
        self._settings = settings
        self._threshold: float | None = None
        self._apply(settings)

    @property
    def title(self) -> str:
        """Name and licence of the recogniser at work, for people; "none" while nobody is recognised."""
        works = self._threshold is not None
        return f"{self._recognizer.name} ({self._recognizer.license})" if works else "none"

    @property
    def problem(self) -> str:
        """Why nobody is recognised though a recogniser of its own was asked for, for people; empty otherwise."""
        return f"recognition is off: {self._obstacle}" if self._obstacle and self._recognizer.looks else ""

    def close(self) -> None:
        """Forget everybody, the enrolled people too, and end the thread of the recogniser."""
        self._looker.close()
        self.forget()
        self._people = {}

    def enroll(self, name: str, track: Track) -> str:
        """Adds the person to `settings.people_file`, by what the track shows of them; they have the name as id from the
        next start on. Returns what was written, for people. May be called from any thread.

        Raises InputError where nobody is recognised, the file is not set or cannot be written, the name is none, or the
        track does not show the person well enough yet.
        """
        path, portrait = self._settings.people_file, track.who.portrait
        if not path:
            raise InputError("nobody can be enrolled: people_file is not set")
        if self._threshold is None:
            raise InputError(f"nobody can be enrolled: recognition is off{self._obstacle and f': {self._obstacle}'}")
        check_name(name)
        if not portrait.is_known:
            raise InputError(
                f"{track.face_id} was not seen well enough yet: let it look at the camera, large and in light"
            )
        recognizer = self._recognizer.name
        others = enrolled_with(path, recognizer).vectors
        try:
            write_people(path, People(recognizer, {**others, name: portrait.vectors}))
        except OSError as error:
            raise InputError(f"people file {path} cannot be written: {error.strerror}") from error
        kept = counted(len(portrait.vectors), "vector")
        return f"{name} is enrolled in {path} with {kept} of {recognizer}, and has this id from the next start on"

    def begin_frame(self, stamps_s: dict[str, float], settings: TrackerSettings) -> None:
        """Take in the settings, and the stamps of the cameras that have a new frame."""
        self._apply(settings)
        if self._obstacle and self._obstacle != self._told:
            level = logging.WARNING if self._recognizer.looks else logging.INFO
            log.log(level, "recognition is off: %s", self._obstacle)
        self._told = self._obstacle
        for camera, stamp_s in stamps_s.items():
            self._clock.advance(camera, stamp_s, settings.max_gap_s)

    def forget(self) -> None:
        """Forget everybody who left. Enrolled people stay known."""
        self._gallery.clear()
        self._looker.forget()

    def greet(self, track: Track) -> Track:
        """A track that just began: perhaps somebody returned."""
        if self._threshold is None:
            return track
        now_s = self._clock.now_s
        who = Who(is_undecided=True, first_seen_s=now_s, last_seen_s=now_s)
        return replace(track, status=FaceStatus.TENTATIVE, who=who)

    def observe(self, track: Track, look: Look, sighting: Sighting) -> Track:
        """A track after the frame that `sighting` is of: its portrait grows where it shows the face well."""
        if self._threshold is None or track.surprise > MAX_SURPRISE:
            return track
        height, width = look.image.shape[:2]
        if self._recognizer.looks:
            trusted = self._settings.trusted_confidence
            if self._is_look_due(track.who) and face_quality(
                sighting.landmarks_px, sighting.confidence, width, height, trusted
            ):
                self._looker.offer(track.id, track.who.is_undecided, track.who.looked_s, look.image, sighting)
            return track
        quality = view_quality(sighting, width, height, self._settings.trusted_confidence)
        if quality == 0.0 or sighting.identity is None:
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
        if self._recognizer.looks:
            self._look(cameras)
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
        recognizer = self._recognizer
        threshold = settings.recognition_threshold or recognizer.threshold
        if settings.recognition and isinstance(recognizer, NoRecognizer):
            obstacle = recognizer.problem
        elif settings.recognition and recognizer.problem:
            obstacle = f"recognizer {recognizer.name} {recognizer.problem}"
        elif settings.recognition and threshold is None:
            how = "(to use one of your own, set recognition_threshold)"
            obstacle = f"recognizer {recognizer.name} has no measured threshold {how}"
        elif settings.recognition:
            self._threshold = threshold
        self._obstacle = obstacle
        if self._threshold is None:
            self.forget()

    def _is_look_due(self, who: Who) -> bool:
        return not who.portrait.is_known or self._clock.now_s - who.looked_s >= LOOK_INTERVAL_S

    def _look(self, cameras: Collection[Camera]) -> None:
        """One look at one of the faces that were seen well and are due; those of earlier frames go into portraits."""
        for track_id, vector in self._looker.look():
            for camera in cameras:
                camera.tracks = [
                    self._looked_at(track, vector) if track.id == track_id else track for track in camera.tracks
                ]
        if self._looker.problem and not isinstance(self._recognizer, NoRecognizer):
            self._recognizer = NoRecognizer(self._looker.problem)

    def _looked_at(self, track: Track, vector: FloatArray | None) -> Track:
        who = replace(track.who, looked_s=self._clock.now_s)
        if vector is None:
            return replace(track, who=who)
        similarity = who.portrait.similarity(vector)
        who = replace(who, portrait=who.portrait.with_look(vector))
        return replace(track, who=who, identity_similarity=similarity)

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
        """Who may return: the enrolled people who are not there, the departed, and those lost from sight."""
        tracks = [track for camera in cameras for track in camera.tracks]
        there = {track.face_id for track in tracks if track.is_well}
        since_s = self._clock.now_s - self._settings.recognition_memory_s
        lost = [_departed(one) for one in tracks if not one.is_well and _can_return(one)]
        enrolled = [Departed(name, one, -math.inf, -math.inf) for name, one in self._people.items()]
        absent = {face.id: face for face in [*enrolled, *self._gallery]}
        absent |= {face.id: face for face in lost if face.last_seen_s >= since_s}
        return [face for face in absent.values() if face.id not in there]

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
            elif not possible or portrait.is_known or (_has_waited(track) and not self._waits_for_look(track)):
                settled[track.id] = decided(track, self._settings)
        given: set[str] = set()
        for similarity, track, face in sorted(claims, key=lambda claim: -claim[0]):
            if face.id not in given:  # else this one is somebody else, to be decided in the next frame
                given.add(face.id)
                settled[track.id] = self._recognised(track, face, similarity)
        return settled

    def _waits_for_look(self, track: Track) -> bool:
        """Whether the recogniser had no time yet for enough looks at a face that is seen well."""
        return self._recognizer.looks and track.good_s < MAX_WAIT_S and self._looker.was_offered(track.id)

    def _recognised(self, track: Track, face: Departed, similarity: float) -> Track:
        who = replace(
            track.who,
            portrait=face.portrait.merged(track.who.portrait),
            old_id=face.id,
            is_undecided=False,
            recognised_s=self._clock.now_s,
        )
        if not self._recognizer.looks:
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
