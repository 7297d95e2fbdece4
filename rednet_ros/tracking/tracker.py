"""Frames in, faces out: every face lives by RED-Net alone once a detector has found it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType

import numpy as np

from rednet_ros.errors import InputError
from rednet_ros.resources import DEFAULT_WEIGHTS
from rednet_ros.tracking.association import intruders, returned, same_face
from rednet_ros.tracking.camera import KEPT_STEP_S, Camera
from rednet_ros.tracking.camera_model import CameraModel
from rednet_ros.tracking.candidates import (
    Arrival,
    Candidate,
    candidates,
    findings,
    from_outside,
    hold_up,
    was_searched,
)
from rednet_ros.tracking.detector.background import (
    BackgroundDetector,
    DetectionRunner,
    IdleDetector,
    InlineDetector,
)
from rednet_ros.tracking.detector.models import MIN_SCORE, Detector, NoDetector, load_detector
from rednet_ros.tracking.detector.timed import TimedDetector
from rednet_ros.tracking.motion import MotionFilter
from rednet_ros.tracking.posing import posed
from rednet_ros.tracking.recognition.recognition import Recognition
from rednet_ros.tracking.recognition.recognizer import Recognizer
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.sighting import Engine, Look, Sighting, look_at
from rednet_ros.tracking.track import (
    Smooth,
    Track,
    after_bad_frame,
    after_good_frame,
    after_relocation,
    after_search,
    begin,
    keeps_face,
    may_be,
    next_looks,
    smoothed,
)
from rednet_ros.tracking.types import Detection, Detections, Face, FaceStatus, ImageArray, Place

WAIT_SHARE, MIN_WAIT_S = 0.5, 0.05
"""Where images come so slowly that this share of the time between two is as long, a search is waited for: a face found
in this image is worth more than one found in the last."""

MAX_FIRST_WAIT_S = 0.25
"""Where no face is followed nothing has to be in time: a small search is waited for, at most so long."""


@dataclass(frozen=True)
class _View:
    """A camera and its newest image."""

    camera: Camera
    image: ImageArray


class FaceTracker:
    """Tracks the faces of one or several cameras.

    `weights`: name or path of network weights; `device`: "auto", "cpu" or "cuda"; `backend`: how the network and
    CenterFace are computed (docs/inference.md). `detector`: finds new faces, CenterFace by default; with `NoDetector`
    they come from outside (`update_many`). `engine`: runs the network; made from `weights`, `device` and `backend` when
    not given. `settings` may be replaced between two frames, but for `detect_in_background`, `detector_px`,
    `recognizer` and `people_file`. `runner`: how the detector is run, by default as the settings say. `motion`: the
    filter of the landmarks, by default the engine's. `recognizer`: tells people apart, by default the one that the
    settings name; where that cannot be used, the tracker works without, and `recognition_problem` says why.

    Not thread-safe: one thread calls it. Close it, or use it as a context manager. Raises WeightsError or InputError
    where the weights, the detector, the device or the backend cannot be used.
    """

    def __init__(
        self,
        weights: str = DEFAULT_WEIGHTS,
        device: str = "auto",
        *,
        detector: Detector | None = None,
        settings: TrackerSettings | None = None,
        engine: Engine | None = None,
        backend: str = "auto",
        runner: DetectionRunner | None = None,
        motion: MotionFilter | None = None,
        recognizer: Recognizer | None = None,
    ) -> None:
        self.settings = settings or TrackerSettings()
        self._engine = engine or _load_engine(weights, device, backend)
        self._filter = motion or MotionFilter.of(getattr(self._engine, "motion", None))
        self._recognition = Recognition(self._engine, self.settings, recognizer)
        detector = detector or detector_for(self.settings, backend=backend)
        self._detector = TimedDetector(detector)
        self._searches = runner is not None or not isinstance(detector, NoDetector)
        self._runner = runner or (_runner(self._detector, self.settings) if self._searches else IdleDetector())
        self._cameras: dict[str, Camera] = {}
        self._ids = (f"f{number}" for number in itertools.count(1))

    @property
    def weights_name(self) -> str:
        """Name of the network weights in use."""
        return self._engine.weights_name

    def figures(self) -> dict[str, str | int | float]:
        """What runs, for people to read: `weights`; `license`, `backend`, `device`, `engine_file` where there are any;
        `recognizer` with its licence, "none" while nobody is recognised; the detector's figures (`TimedDetector`). May
        be called from any thread."""
        named = {name: getattr(self._engine, name, None) for name in ("license", "backend", "device", "engine_file")}
        known = {name: str(value) for name, value in named.items() if value is not None}
        recognizer = {"recognizer": self._recognition.title}
        return {"weights": self.weights_name, **known, **recognizer, **self._detector.figures()}

    @property
    def notices(self) -> tuple[str, ...]:
        """What went wrong with the engine so far and what was done about it, and last what is wrong with the recogniser
        and the detector now; for people. May be called from any thread."""
        problems = (self.recognition_problem, self._runner.problem())
        return (*getattr(self._engine, "notices", ()), *filter(None, problems))

    @property
    def recognition_problem(self) -> str:
        """Why nobody is recognised though `settings.recognizer` names something; empty where all is well."""
        return self._recognition.problem

    def update(self, image_bgr: ImageArray, stamp_s: float) -> list[Face]:
        """The faces in the next frame of the only camera: H x W x 3, uint8, BGR, taken at `stamp_s` seconds.

        Faces come in the order in which they were found; an empty list where there is none. Raises InputError for
        anything else than such an image.
        """
        return self.update_many({"": (image_bgr, stamp_s)})[""]

    def update_many(
        self,
        frames: Mapping[str, tuple[ImageArray, float]],
        detections: Mapping[str, Detections | Sequence[Detection]] | None = None,
    ) -> dict[str, list[Face]]:
        """As `update`, for one frame (image, stamp) of each of several cameras; all faces go through one batch.

        `detections`: what somebody else has found in a camera's frame, or in one shortly before (`Detections` says in
        which); an empty list where that was nothing. They are used when a search is due, which the tracker's own
        detector, if any, is then spared. Raises InputError for anything else, None included, before any image is used.

        A camera that is absent keeps its faces. Ids are unique across cameras; a face that left one camera's images and
        appears in another's may be recognised (settings.recognition).
        """
        for name, (image, stamp_s) in frames.items():
            _check_frame(name, image, stamp_s)
        given = {name: _as_detections(name, found) for name, found in (detections or {}).items()}
        self._recognition.begin_frame({name: stamp_s for name, (_, stamp_s) in frames.items()}, self.settings)
        views = []
        for name, (image, stamp_s) in frames.items():
            camera = self._cameras.setdefault(name, Camera(name))
            ended = camera.advance(image, stamp_s, self.settings.max_gap_s)
            kept, surplus = camera.tracks[: self.settings.max_faces], camera.tracks[self.settings.max_faces :]
            camera.tracks = kept  # the oldest, where max_faces was lowered
            for track in (*ended, *surplus):
                self._recognition.depart(track)
            views.append(_View(camera, image))
        self._follow(views)
        self._take_detections(views, given)
        self._search(views)
        self._look_at_found(views)
        self._recognition.settle(self._cameras.values(), [view.camera for view in views])
        return {view.camera.name: self._visible(view.camera) for view in views}

    def places(self, camera: str = "") -> list[Place]:
        """Where the faces of a camera's newest image are taken to be: those that `update` returns, those that are not
        confirmed yet, and, where they are expected, those that are lost for a moment. For what must miss none."""
        if camera not in self._cameras:
            return []
        return [Place(track.id, track.landmarks_px, track.bad_s) for track in self._cameras[camera].tracks]

    def calibrate(self, calibration: CameraModel | None, camera: str = "") -> None:
        """How a camera takes its images, for the head poses from now on; None: unknown (settings.assumed_fov_deg)."""
        self._cameras.setdefault(camera, Camera(camera)).calibration = calibration

    def enroll(self, name: str, face_id: str = "") -> str:
        """Let the robot remember a person over restarts, with their consent: in `settings.people_file`, under this
        name, which is their id from the next start on. `face_id`: of a face in view; "": of the only one.

        Returns what was written, for people. May be called from any thread. Raises InputError where there is not one
        such face, or it cannot be enrolled (`Recognition.enroll`).
        """
        tracks = [track for camera in tuple(self._cameras.values()) for track in camera.tracks if self._is_shown(track)]
        chosen = [track for track in tracks if face_id in ("", track.face_id)]
        if len(chosen) != 1:
            wanted = f"a face {face_id!r} is not in view" if face_id else "give the id of one face"
            raise InputError(f"{wanted}: there are {', '.join(track.face_id for track in tracks) or 'none'}")
        return self._recognition.enroll(name, chosen[0])

    def reset(self) -> None:
        """Forget all faces of all cameras, and those that left. Ids go on counting, calibrations stay."""
        for camera in self._cameras.values():
            camera.forget()
        self._recognition.forget()

    def close(self) -> None:
        """Stop the detector's thread and forget all faces. The tracker cannot be used afterwards."""
        self._runner.close()
        self.reset()
        self._recognition.close()

    def __enter__(self) -> FaceTracker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _follow(self, views: list[_View]) -> None:
        """Move every track of every camera on to its camera's new image: one batch."""
        size_px = self._engine.crop_size_px
        looks = [next_looks(view.camera.tracks, view.image, size_px, view.camera.step_s) for view in views]
        seen = iter(look_at(self._engine, list(itertools.chain(*looks))))
        for camera, own in zip((view.camera for view in views), looks, strict=True):
            sightings = list(itertools.islice(seen, len(own)))
            smooth = smoothed(camera.tracks, own, sightings, camera.step_s, self._filter)
            moved = {
                track.id: self._moved(track, look, sighting, found, camera.step_s)
                for track, look, sighting, found in zip(camera.tracks, own, sightings, smooth, strict=True)
            }
            intruding = intruders(track for track in moved.values() if track is not None)
            followed = []
            for track in camera.tracks:
                now = None if track.id in intruding else moved[track.id]
                now = now or after_bad_frame(track, camera.step_s, self.settings)
                if now is None:
                    self._recognition.depart(track)
                else:
                    followed.append(now)
            camera.tracks = followed
            camera.remember()

    def _moved(self, track: Track, look: Look, sighting: Sighting, smooth: Smooth, step_s: float) -> Track | None:
        if not keeps_face(track, look, sighting, self.settings):
            return None
        return self._recognition.observe(
            after_good_frame(track, look, sighting, self.settings, step_s, smooth), look, sighting
        )

    def _take_detections(self, views: list[_View], detections: Mapping[str, Detections]) -> None:
        """Take detections from outside for results of a search, where one is due."""
        for view in views:
            camera = view.camera
            if camera.name in detections and camera.is_search_due(self.settings):
                camera.found.append(from_outside(camera, view.image, detections[camera.name]))
                camera.searched_elsewhere()

    def _search(self, views: list[_View]) -> None:
        """Give due images to the detector, if there is one, and hand its results to their cameras."""
        if not self._searches:
            return
        patience_s = WAIT_SHARE * min((camera.step_s for camera in self._cameras.values()), default=0.0)
        is_idle = not any(camera.tracks for camera in self._cameras.values())
        for view in views:
            camera = view.camera
            if self._runner.is_busy(camera.name):
                camera.keep(view.image)
                continue
            camera.kept = []
            waiting = self._runner.waiting(camera.name)
            if waiting is not None and waiting.epoch == camera.epoch:
                # Its turn has not come: the same region, but of a newer image.
                if camera.clock_s - waiting.clock_s >= KEPT_STEP_S:
                    self._runner.submit(camera.request(view.image, waiting.region))
                continue
            for request in camera.requests(view.image, self.settings, self._runner.is_immediate):
                self._runner.submit(request)
                if is_idle and request.region.is_small:
                    self._runner.wait(MAX_FIRST_WAIT_S)
                elif patience_s >= MIN_WAIT_S and request.region.is_whole:
                    patience_s -= self._runner.wait(patience_s)
        for result in self._runner.collect():
            camera = self._cameras[result.request.camera]
            if result.request.epoch == camera.epoch:
                camera.found.append(result)
                if not result.request.region.is_whole:
                    camera.rest(result.took_s)

    def _look_at_found(self, views: list[_View]) -> None:
        """Begin tracks for detected faces that nobody follows; put those back that are lost or have drifted."""
        found: list[Candidate] = []
        for camera, image in ((view.camera, view.image) for view in views):
            results, camera.found = camera.found, []
            for result in results:
                seen = {finding.track_id for finding in findings(result)}
                camera.tracks = [
                    after_search(track, track.id in seen) if was_searched(track.id, result.request) else track
                    for track in camera.tracks
                ]
                found += candidates(camera, image, result, self.settings, self._engine)
        arrivals = hold_up(self._engine, found, self.settings)
        for camera in (view.camera for view in views):
            self._take_in(camera, [arrival for arrival in arrivals if arrival.candidate.camera is camera])

    def _take_in(self, camera: Camera, arrivals: Sequence[Arrival]) -> None:
        """Decide which lost face each is, if any, and which are new."""
        pairs = returned(camera.tracks, [arrival.sighting for arrival in arrivals])
        for index, arrival in enumerate(arrivals):
            own_id = arrival.candidate.track_id
            is_taken = own_id in pairs.values()
            self._place(camera, arrival, pairs.get(index, None if is_taken else own_id))

    def _place(self, camera: Camera, arrival: Arrival, track_id: str | None) -> None:
        """Put the track of this id, or a new one, on a found face, unless another track follows it."""
        tracks, sighting = camera.tracks, arrival.sighting
        others = [track for track in tracks if track.is_well and track.id != track_id]
        if any(same_face(track.landmarks_px, sighting.landmarks_px) for track in others):
            return
        for index, track in enumerate(tracks):
            if track.id == track_id and may_be(track, sighting):
                tracks[index] = after_relocation(track, sighting, camera.step_s)
                return
            if track.id == track_id:  # somebody else is there after a cut
                self._recognition.depart(tracks.pop(index))
                break
        if len(tracks) < self.settings.max_faces:
            is_photo = camera.begins and not self.settings.detect_in_background  # or may be one
            shown_s = max(camera.step_s, self.settings.confirm_s) if is_photo else camera.step_s
            track = begin(next(self._ids), sighting, self.settings, shown_s, arrival.velocity_px_s)
            tracks.append(self._recognition.greet(track))

    def _visible(self, camera: Camera) -> list[Face]:
        """The faces to be shown; their tracks get the heads' poses."""
        shown = [track for track in camera.tracks if self._is_shown(track)]
        shown = posed(shown, camera.model(self.settings), camera.step_s, self.settings.pose_smoothing_s)
        now = {track.id: track for track in shown}
        camera.tracks = [now.get(track.id, track) for track in camera.tracks]
        return [track.face() for track in shown]

    def _is_shown(self, track: Track) -> bool:
        return track.is_well and (self.settings.include_tentative or track.status is not FaceStatus.TENTATIVE)


def _load_engine(weights: str, device: str, backend: str) -> Engine:
    from rednet_ros.inference.engine import LandmarkEngine

    return LandmarkEngine.load(weights, device, backend=backend)


def detector_for(settings: TrackerSettings, kind_or_path: str = "centerface", backend: str = "auto") -> Detector:
    """The detector that a tracker with these settings needs; see `load_detector`."""
    return load_detector(kind_or_path, settings.detector_px, min(MIN_SCORE, settings.min_detection_score), backend)


def _runner(detector: Detector, settings: TrackerSettings) -> DetectionRunner:
    return BackgroundDetector(detector) if settings.detect_in_background else InlineDetector(detector)


def _check_frame(camera: str, image: ImageArray, stamp_s: float) -> None:
    of = f" of camera {camera!r}" if camera else ""
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        given = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
        raise InputError(f"image{of} must be an H x W x 3 uint8 BGR array, not {given}")
    if image.size == 0:
        raise InputError(f"image{of} is empty: {image.shape[1]} x {image.shape[0]} pixels")
    if not math.isfinite(stamp_s):
        raise InputError(f"stamp{of} must be a finite number of seconds, not {stamp_s}")


def _as_detections(camera: str, given: Detections | Sequence[Detection]) -> Detections:
    faces = given.faces if isinstance(given, Detections) else given
    each = faces if isinstance(faces, Sequence) else [faces]
    wrong = next((type(face).__name__ for face in each if not isinstance(face, Detection)), None)
    if wrong is not None:
        of = f" of camera {camera!r}" if camera else ""
        raise InputError(f"detections{of} must be a list of Detection, empty where nothing was found, not {wrong}")
    return given if isinstance(given, Detections) else Detections(tuple(given))
