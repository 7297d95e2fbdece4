"""From a detector's answer to the faces worth a look: those that nobody follows, and those whose track is
lost or has drifted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rednet_ros.tracking.association import covered, match
from rednet_ros.tracking.camera import Camera, KeptImage, Moment
from rednet_ros.tracking.crops import CropTransform
from rednet_ros.tracking.detector.background import DetectionRequest, DetectionResult
from rednet_ros.tracking.detector.crop_calibration import crop_from_detection, landmark_box
from rednet_ros.tracking.detector.search_plan import whole
from rednet_ros.tracking.motion import velocity
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.sighting import Engine, Look, Sighting, closer_looks, look_again, look_at, together
from rednet_ros.tracking.track import shows_face
from rednet_ros.tracking.types import Box, Detection, Detections, FloatArray, ImageArray

TRIES_PER_FACE = 2
"""Detections looked at, for each face that may still be added: some of them will turn out not to be faces."""

MAX_SHIFT, MAX_SCALE_RATIO, MIN_COVERED = 0.2, 1.3, 0.6
"""A track has drifted when a detection that shares this much of its box has its landmark box elsewhere by this fraction
of its side, or is this much larger or smaller. The detector's own scatter stays within 0.1 and 1.2 in 99 of 100."""

MAX_EXTENT = 4.0
"""A detection larger than this many times the image's longer side, or as far outside it, is a detector's mistake."""


@dataclass(frozen=True)
class Candidate:
    """A detected face. `look`: the first look at it, in the image that was searched, taken at `clock_s`. `way`: the
    images since, through which it is followed; the last one is its camera's newest, maybe the one that was searched.

    `track_id`: the track whose face this is, lost from sight or drifted off it; None for a new face.
    """

    camera: Camera
    look: Look
    clock_s: float
    way: tuple[KeptImage, ...]
    track_id: str | None


@dataclass(frozen=True)
class Arrival:
    """A candidate in its camera's newest image: what the last look showed, and the velocity that it came with."""

    candidate: Candidate
    sighting: Sighting
    velocity_px_s: tuple[float, float]


@dataclass(frozen=True)
class Finding:
    """A detection; `box`: its landmarks' box. `track_id`: the track that was there, None where nobody was followed."""

    detection: Detection
    box: Box
    track_id: str | None


def findings(result: DetectionResult) -> list[Finding]:
    """A result's detections, each with its track, the largest first; those that no camera can see are left out.

    They are compared with the tracks as they were in the image that was searched, so it does not matter how far the
    faces have moved since.
    """
    boxes = [(landmark_box(detection), detection) for detection in result.detections]
    found = [(box, detection) for box, detection in boxes if _is_possible(box, result.request.image)]
    found.sort(key=lambda entry: -entry[0].width)
    tracked = result.request.tracked
    pairs = match([Box.around(landmarks_px) for landmarks_px in tracked.values()], [box for box, _ in found])
    ids = list(tracked)
    return [
        Finding(detection, box, ids[pairs[index]] if index in pairs else None)
        for index, (box, detection) in enumerate(found)
    ]


def was_searched(track_id: str, request: DetectionRequest) -> bool:
    """Whether a track's face would have been found by a search, if it was where the track had it."""
    landmarks_px = request.tracked.get(track_id)
    return landmarks_px is not None and request.region.shows(Box.around(landmarks_px))


def from_outside(camera: Camera, image: ImageArray, given: Detections) -> DetectionResult:
    """What somebody else found, as the result of a search of all of an earlier image."""
    boxes = [landmark_box(detection) for detection in given.faces]
    moment = camera.moment(given.stamp_s)
    if given.stamp_s is None and boxes:
        moment = max(reversed(camera.trail), key=lambda moment: _agreement(moment, boxes))
    height_px, width_px = image.shape[:2]
    region = whole(width_px, height_px, detector_px=max(width_px, height_px))
    request = replace(camera.request(image, region), tracked=moment.tracked)
    return DetectionResult(request, given.faces, is_from_outside=True)


def _agreement(moment: Moment, boxes: Sequence[Box]) -> float:
    """How well found boxes fit where the faces were: the sum of what each shares with the best of them, 0..len."""
    tracked = [Box.around(landmarks_px) for landmarks_px in moment.tracked.values()]
    return round(sum(max((box.overlap(other) for other in tracked), default=0.0) for box in boxes), 2)


def _is_possible(box: Box, image: ImageArray) -> bool:
    limit_px = MAX_EXTENT * max(image.shape[:2])
    return all(abs(value) <= limit_px for value in (box.x, box.y, box.width, box.height))  # False of nan


def candidates(
    camera: Camera, image: ImageArray, result: DetectionResult, settings: TrackerSettings, engine: Engine
) -> list[Candidate]:
    """Faces worth a look: those whose track is lost or has drifted first, then new ones, the largest first."""
    well = {track.id: track.is_well for track in camera.tracks}
    request = result.request
    way = (*camera.kept_since(request.clock_s), KeptImage(image, camera.clock_s))
    known, new = [], []
    for finding in findings(result):
        if not finding.detection.score >= settings.min_detection_score or finding.box.width < settings.min_face_px:
            continue
        crop = crop_from_detection(finding.detection, engine.crop_size_px)
        look = Look(request.image, _carried(crop, finding, camera, result), None, engine.initial_state(1))
        candidate = Candidate(camera, look, request.clock_s, way, finding.track_id)
        if finding.track_id is None:
            new.append(candidate)
        elif finding.track_id in well:
            landmarks_px = request.tracked[finding.track_id]
            if not well[finding.track_id] or has_drifted(landmarks_px, finding.box, crop):
                known.append(candidate)
    room = max(0, settings.max_faces - len(camera.tracks))
    return known + new[: TRIES_PER_FACE * room]


def has_drifted(landmarks_px: FloatArray, box: Box, crop: CropTransform) -> bool:
    """Whether 68 x 2 landmarks are not where a detection of their face, given by box and crop, has it."""
    if covered(Box.around(landmarks_px), box) < MIN_COVERED:
        return False
    own = CropTransform.from_landmarks(landmarks_px, crop.size_px)
    shift_px = float(np.hypot(*np.subtract(own.center_px, crop.center_px)))
    ratio = max(own.side_px, crop.side_px) / min(own.side_px, crop.side_px)
    return shift_px > MAX_SHIFT * box.width or ratio > MAX_SCALE_RATIO


def _carried(crop: CropTransform, finding: Finding, camera: Camera, result: DetectionResult) -> CropTransform:
    """The crop moved on as its track has moved since, where only the newest image is there to be looked at."""
    tracks = [track for track in camera.tracks if track.id == finding.track_id]
    if not (result.is_from_outside and tracks):
        return crop
    then_px = result.request.tracked[tracks[0].id].mean(axis=0)
    x, y = (np.array(crop.center_px) + tracks[0].landmarks_px.mean(axis=0) - then_px).tolist()
    return replace(crop, center_px=(x, y))


def hold_up(engine: Engine, found: Sequence[Candidate], settings: TrackerSettings) -> list[Arrival]:
    """The candidates that show a face in every look, with what the last one saw.

    The first look is where the detector saw the face, in an image that may be some frames old; from its landmarks the
    face is followed to the newest image. Where that is the same image, the mean of it and two closer looks counts.
    """
    held = [
        Arrival(one, sighting, (0.0, 0.0))
        for one, sighting in zip(found, look_at(engine, [candidate.look for candidate in found]), strict=True)
        if shows_face(one.look, sighting, settings)
    ]
    for step in range(max((len(arrival.candidate.way) for arrival in held), default=0)):
        under_way = [arrival for arrival in held if step < len(arrival.candidate.way)]
        there = [arrival for arrival in held if step >= len(arrival.candidate.way)]
        looks = [_next_looks(engine, one, one.candidate.way[step].image) for one in under_way]
        seen = iter(look_at(engine, [look for each in looks for look in each]))
        held = there
        for arrival, each in zip(under_way, looks, strict=True):
            now = [next(seen) for _ in each]
            if all(shows_face(look, sighting, settings) for look, sighting in zip(each, now, strict=True)):
                held.append(_moved_on(arrival, step, now))
    return held


def _next_looks(engine: Engine, arrival: Arrival, image: ImageArray) -> Sequence[Look]:
    if image is arrival.candidate.look.image:
        return closer_looks(engine, arrival.sighting, image)
    return [look_again(arrival.sighting, image, engine.crop_size_px)]


def _moved_on(arrival: Arrival, step: int, seen: Sequence[Sighting]) -> Arrival:
    candidate, now = arrival.candidate, seen[-1]
    if candidate.way[step].image is candidate.look.image:
        return replace(arrival, sighting=together(arrival.sighting, seen))
    before_s = candidate.way[step - 1].clock_s if step else candidate.clock_s
    (x_before, y_before), (x, y) = arrival.sighting.box.center, now.box.center
    speed = velocity((x - x_before, y - y_before), candidate.way[step].clock_s - before_s)
    return Arrival(candidate, now, speed)
