"""The landmarks of a face in a single image: as the tracker finds them for a new face, in three crops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rednet_ros.evaluation.memory import Memory
from rednet_ros.tracking.crops import CropTransform
from rednet_ros.tracking.detector.crop_calibration import crop_from_detection, landmark_box
from rednet_ros.tracking.detector.models import Detector
from rednet_ros.tracking.sighting import Engine, Look, Sighting, closer_looks, look_at, together
from rednet_ros.tracking.types import Box, Detection, ImageArray

MIN_OVERLAP = 0.3
"""A detection covers a face if the intersection over union of its landmark box with the face's is at least this. On
300-W the detected face has 0.5 or more, another face in the picture less than 0.1."""


class StillPredictor:
    """Finds landmarks in unrelated images. Unlike the tracker it judges no result.

    `memory`: what the closer crops take over from the first.
    """

    def __init__(self, engine: Engine, detector: Detector, memory: Memory = Memory.STATE) -> None:
        self._engine = engine
        self._detector = detector
        self._memory = memory

    @property
    def weights_name(self) -> str:
        """Name of the network weights in use."""
        return self._engine.weights_name

    def face_detected_at(self, image: ImageArray, box: Box) -> Sighting | None:
        """The detected face that best covers `box`, the tight box around a face's landmarks; None without any."""
        detection = best_covering(self._detector.detect(image), box)
        if detection is None:
            return None
        return self.face_of(image, detection)

    def face_of(self, image: ImageArray, detection: Detection) -> Sighting:
        """The face that a detector has found."""
        return self.face_in_crop(image, crop_from_detection(detection, self._engine.crop_size_px))

    def face_in_box(self, image: ImageArray, box: Box) -> Sighting:
        """The face whose landmarks' tight box, upright, is `box`; no detector takes part."""
        return self.face_in_crop(image, CropTransform.from_box(box, self._engine.crop_size_px))

    def face_in_crop(self, image: ImageArray, crop: CropTransform) -> Sighting:
        """Run the network on the crop, then on one around the landmarks found there, and mirrored: the mean of all."""
        (first,) = look_at(self._engine, [Look(image, crop, None, self._engine.initial_state(1))])
        closer: Sequence[Look] = closer_looks(self._engine, first, image)
        if self._memory is Memory.CROP:
            closer = [replace(look, previous_px=None) for look in closer]
        return together(first, look_at(self._engine, closer))


def best_covering(detections: Sequence[Detection], box: Box) -> Detection | None:
    """The detection whose landmarks' box has the largest overlap with `box`, None where none has `MIN_OVERLAP`."""
    covering = [(landmark_box(detection).overlap(box), detection) for detection in detections]
    overlap, best = max(covering, key=lambda entry: entry[0], default=(0.0, None))
    return best if overlap >= MIN_OVERLAP else None
