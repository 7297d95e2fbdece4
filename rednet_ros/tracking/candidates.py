"""From a detector's answer to the faces worth a look: those that nobody follows, and those whose track is
lost or has drifted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rednet_ros.tracking.association import covered, match
from rednet_ros.tracking.background_detector import DetectionResult
from rednet_ros.tracking.calibration import crop_from_detection, landmark_box
from rednet_ros.tracking.camera import Camera
from rednet_ros.tracking.crops import CropTransform
from rednet_ros.tracking.looks import Engine, Look, Sighting, look_at, together
from rednet_ros.tracking.memory import look_again
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.track import shows_face
from rednet_ros.tracking.types import Box, Detection, FloatArray, ImageArray

TRIES_PER_FACE = 2
"""Detections looked at, for each face that may still be added: some of them will turn out not to be faces."""

MAX_SHIFT, MAX_SCALE_RATIO, MIN_COVERED = 0.2, 1.3, 0.6
"""A track has drifted when a detection that shares this much of its box has its landmark box elsewhere by this fraction
of its side, or is this much larger or smaller. The detector's own scatter stays within 0.1 and 1.2 in 99 of 100."""

MAX_EXTENT = 4.0
"""A detection larger than this many times the image's longer side, or as far outside it, is a detector's mistake."""


@dataclass(frozen=True)
class Candidate:
    """A detected face. `image`: its camera's newest. `look`: the first look at it, in the image that was searched.

    `track_id`: the track whose face this is, lost from sight or drifted off it; None for a new face.
    """

    camera: Camera
    image: ImageArray
    look: Look
    track_id: str | None


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


def _is_possible(box: Box, image: ImageArray) -> bool:
    limit_px = MAX_EXTENT * max(image.shape[:2])
    return all(abs(value) <= limit_px for value in (box.x, box.y, box.width, box.height))  # False of nan


def candidates(
    camera: Camera, image: ImageArray, result: DetectionResult, settings: TrackerSettings, engine: Engine
) -> list[Candidate]:
    """Faces worth a look: those whose track is lost or has drifted first, then new ones, the largest first."""
    well = {track.id: track.is_well for track in camera.tracks}
    known, new = [], []
    for finding in findings(result):
        if finding.detection.score < settings.min_detection_score or finding.box.width < settings.min_face_px:
            continue
        crop = crop_from_detection(finding.detection, engine.crop_size_px)
        look = Look(result.request.image, crop, None, engine.initial_state(1))
        candidate = Candidate(camera, image, look, finding.track_id)
        if finding.track_id is None:
            new.append(candidate)
        elif finding.track_id in well:
            landmarks_px = result.request.tracked[finding.track_id]
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


def hold_up(engine: Engine, found: Sequence[Candidate], settings: TrackerSettings) -> list[tuple[Candidate, Sighting]]:
    """The candidates that show a face twice, with what the second look saw.

    The first look is where the detector saw the face, in an image that may be some frames old; the second is at the
    newest image, from the landmarks of the first. Where that is the same image, the mean of both counts.
    """
    first = zip(found, look_at(engine, [candidate.look for candidate in found]), strict=True)
    held = [(one, sighting) for one, sighting in first if shows_face(one.look, sighting, settings)]
    looks = [look_again(engine, one.image, seen) for one, seen in held]
    second = zip(held, looks, look_at(engine, looks), strict=True)
    return [
        (one, together(before, now) if one.image is one.look.image else now)
        for (one, before), look, now in second
        if shows_face(look, now, settings)
    ]
