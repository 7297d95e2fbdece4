"""The faces that a run trains on: by source, by person, by sequence. Pictures are decoded when they are sampled."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rednet_ros.errors import InputError
from rednet_ros.landmarks import DETECTION_INDICES
from rednet_ros.tracking.crops import CropTransform
from rednet_ros.tracking.types import FloatArray, ImageArray
from rednet_ros.training.datasets.geometry import complete
from rednet_ros.training.datasets.labels import LabelledFace
from rednet_ros.training.datasets.pictures import PictureReader

log = logging.getLogger(__name__)

LARGE_PX = 640
"""Pictures with a longer side, and frames of videos, are cut around the face and kept, encoded, after their first use:
they are slow to decode."""

CUT_SCALE, CUT_FACE_PX = 3.0, 320
"""Side of such a cut as a multiple of the face's crop, and the pixels that the crop has in it at most."""

JPEG_QUALITY = 95

UNKNOWN_PERSON = -1


@dataclass(frozen=True)
class Picture:
    """A face to sample from. `points_px`: 68 x 2 pixels of `image`, NaN where not annotated; `place_px`: the same with
    the missing ones guessed, which says where the face lies. `person`: class of the identity, or `UNKNOWN_PERSON`."""

    image: ImageArray
    points_px: FloatArray
    place_px: FloatArray
    person: int


class FacePool:
    """Labelled faces, their pictures on disk. A hundred thousand of them take some hundred megabytes.

    `persons`: names of the classes that the identity branch learns to tell apart: everybody of whom there are two
    faces. `by_source`: indices of the faces of a source. `by_person`: source -> the indices of each of these people.
    `sequences`: source -> runs of faces of one person in consecutive frames.
    """

    def __init__(self, faces: Sequence[LabelledFace]) -> None:
        """Raises InputError if no face is left after those with fewer than two landmarks."""
        self.faces = [face for face in faces if np.isfinite(face.points_px).all(axis=1).sum() > 1]
        if len(self.faces) < len(faces):
            log.warning("%d faces with fewer than two landmarks left out", len(faces) - len(self.faces))
        if not self.faces:
            raise InputError("there is no face to train on")
        self.by_source: dict[str, list[int]] = {}
        for index, face in enumerate(self.faces):
            self.by_source.setdefault(face.source, []).append(index)
        people = _people(self.faces)
        self.persons = tuple(people)
        self._class = {index: number for number, name in enumerate(self.persons) for index in people[name]}
        self.by_person = {source: self._group(indices) for source, indices in self.by_source.items()}
        self.sequences = {source: _runs(self.faces, indices) for source, indices in self.by_source.items()}
        self._reader = PictureReader()
        self._cuts: dict[int, tuple[NDArray[np.uint8], FloatArray]] = {}

    def __len__(self) -> int:
        return len(self.faces)

    def person(self, index: int) -> int:
        """Class of the face's identity, `UNKNOWN_PERSON` where it has none."""
        return self._class.get(index, UNKNOWN_PERSON)

    def picture(self, index: int) -> Picture:
        """The face's pixels and landmarks.

        Raises:
            InputError: the picture cannot be read.
        """
        image, points_px = self._read(index)
        return Picture(image, points_px, complete(points_px), self.person(index))

    def mean_points(self) -> FloatArray:
        """7 x 2: where the detection landmarks lie on average in undisturbed crops, as fractions of the crop."""
        step = max(1, len(self.faces) // 5000)
        places = [complete(face.points_px) for face in self.faces[::step]]
        shapes = [CropTransform.from_landmarks(place, 1024).to_crop(place) for place in places]
        return np.mean(shapes, axis=0)[list(DETECTION_INDICES)] / 1024

    def check_sources(self, wanted: set[str], stage_name: str) -> None:
        """Raises InputError if a source of a stage's mix has no faces."""
        if missing := wanted - set(self.by_source):
            raise InputError(
                f"stage {stage_name}: no faces of {sorted(missing)}; the labels have {sorted(self.by_source)}"
            )

    def _group(self, indices: Sequence[int]) -> list[list[int]]:
        groups: dict[int, list[int]] = {}
        for index in indices:
            if self.person(index) != UNKNOWN_PERSON:
                groups.setdefault(self.person(index), []).append(index)
        return list(groups.values())

    def _read(self, index: int) -> tuple[ImageArray, FloatArray]:
        if index in self._cuts:
            encoded, points_px = self._cuts[index]
            return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8), points_px
        face = self.faces[index]
        image = self._reader.read(face)
        if face.video_frame is None and max(image.shape) <= LARGE_PX:
            return image, face.points_px
        cut, points_px = cut_out(image, face.points_px)
        self._cuts[index] = cv2.imencode(".jpg", cut, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1], points_px
        return cut, points_px


def cut_out(image: ImageArray, points_px: FloatArray) -> tuple[ImageArray, FloatArray]:
    """The part of a large picture around its face, made smaller where the face is large, and the landmarks in it."""
    crop = CropTransform.from_landmarks(complete(points_px), CUT_FACE_PX)
    half = CUT_SCALE * crop.side_px / 2
    left, top = (max(0, int(center - half)) for center in crop.center_px)
    right, bottom = (max(0, int(center + half) + 1) for center in crop.center_px)
    cut = image[top:bottom, left:right]
    if not cut.size:  # the annotation lies outside of the picture
        return image, points_px
    shrink = min(1.0, CUT_FACE_PX / crop.side_px)
    size = (max(1, round(cut.shape[1] * shrink)), max(1, round(cut.shape[0] * shrink)))
    factor = np.array([size[0] / cut.shape[1], size[1] / cut.shape[0]])
    small = cv2.resize(cut, size, interpolation=cv2.INTER_AREA)
    moved = (points_px - [left, top] + 0.5) * factor - 0.5
    return np.asarray(small, np.uint8), moved.astype(np.float32)


def person_name(face: LabelledFace) -> str | None:
    """Who this is, None where nobody says.

    Names are a data set's own: they mean the same person in sources that share the first word of their names, as the
    stills and clips of `render` and `render_clip` do.
    """
    return None if face.identity is None else f"{face.source.split('_')[0]}/{face.identity}"


def _people(faces: Sequence[LabelledFace]) -> dict[str, list[int]]:
    """Indices of the faces of everybody who is seen at least twice, in a fixed order."""
    people: dict[str, list[int]] = {}
    for index, face in enumerate(faces):
        if (name := person_name(face)) is not None:
            people.setdefault(name, []).append(index)
    return {name: people[name] for name in sorted(people) if len(people[name]) > 1}


def _runs(faces: Sequence[LabelledFace], indices: Sequence[int]) -> list[list[int]]:
    """Runs of consecutive frames of one person in one sequence, each at least three long."""
    rows: dict[tuple[str, str | None], list[tuple[int, int]]] = {}
    for index in indices:
        face = faces[index]
        if face.sequence is not None and face.frame is not None:
            rows.setdefault((face.sequence, face.identity), []).append((face.frame, index))
    runs: list[list[int]] = []
    for frames in rows.values():
        run: list[int] = []
        before: int | None = None
        for frame, index in sorted(frames):
            if before is None or frame != before + 1:
                run = []
                runs.append(run)
            run.append(index)
            before = frame
    return [run for run in runs if len(run) >= 3]
