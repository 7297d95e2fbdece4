"""From a detector's answer to the faces worth a look: those that nobody follows, and those lost from sight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rednet_ros.tracking.association import match
from rednet_ros.tracking.background_detector import DetectionResult
from rednet_ros.tracking.calibration import crop_from_detection, landmark_box
from rednet_ros.tracking.camera import Camera
from rednet_ros.tracking.crops import CropTransform
from rednet_ros.tracking.looks import Engine, Look, Sighting, look_at
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.track import shows_face
from rednet_ros.tracking.types import Box, Detection, ImageArray

TRIES_PER_FACE = 2
"""Detections looked at, for each face that may still be added: some of them will turn out not to be faces."""


@dataclass(frozen=True)
class Candidate:
    """A detected face. `image`: its camera's newest. `look`: the first look at it, in the image that was searched.

    `revives`: id of the track whose face this is, lost from sight; None for a new face.
    """

    camera: Camera
    image: ImageArray
    look: Look
    revives: str | None


def candidates(
    camera: Camera, image: ImageArray, result: DetectionResult, settings: TrackerSettings, engine: Engine
) -> list[Candidate]:
    """Candidates among a result's detections: those lost from sight first, then new ones, the largest first.

    The detections are compared with the tracks as they were in the image that was searched, so it does not matter
    how far the faces have moved since.
    """
    found = [(landmark_box(detection), detection) for detection in result.detections]
    found = [(box, detection) for box, detection in found if _qualifies(box, detection, settings)]
    found.sort(key=lambda entry: -entry[0].width)
    followed = list(result.request.tracked)
    pairs = match(list(result.request.tracked.values()), [box for box, _ in found])
    lost = {track.id for track in camera.tracks if not track.is_well}
    revived, new = [], []
    for index, (_, detection) in enumerate(found):
        crop = crop_from_detection(detection, engine.crop_size_px)
        look = Look(result.request.image, crop, None, engine.initial_state(1))
        if index not in pairs:
            new.append(Candidate(camera, image, look, None))
        elif followed[pairs[index]] in lost:
            revived.append(Candidate(camera, image, look, followed[pairs[index]]))
    room = max(0, settings.max_faces - len(camera.tracks))
    return revived + new[: TRIES_PER_FACE * room]


def hold_up(engine: Engine, found: Sequence[Candidate], settings: TrackerSettings) -> list[tuple[Candidate, Sighting]]:
    """The candidates that show a face twice, with what the second look saw.

    The first look is where the detector saw the face, in an image that may be some frames old; the second is at the
    newest image, from the landmarks of the first.
    """
    first = zip(found, look_at(engine, [candidate.look for candidate in found]), strict=True)
    held = [(one, sighting) for one, sighting in first if shows_face(one.look, sighting, settings)]
    looks = [_second_look(one, sighting, engine.crop_size_px) for one, sighting in held]
    second = zip(held, looks, look_at(engine, looks), strict=True)
    return [(one, sighting) for (one, _), look, sighting in second if shows_face(look, sighting, settings)]


def _second_look(candidate: Candidate, sighting: Sighting, crop_size_px: int) -> Look:
    crop = CropTransform.from_landmarks(sighting.landmarks_px, crop_size_px)
    return Look(candidate.image, crop, sighting.landmarks_px, sighting.state)


def _qualifies(box: Box, detection: Detection, settings: TrackerSettings) -> bool:
    return detection.score >= settings.min_detection_score and box.width >= settings.min_face_px
