"""Clips with landmarks to judge by: annotated sequences, stills before a moving camera, the faces of real videos."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rednet_ros.evaluation.clip_faces import FaceKey, SceneTracker
from rednet_ros.evaluation.data import DataSet, in_sequences
from rednet_ros.evaluation.flicker import smoothed
from rednet_ros.evaluation.networks import Network
from rednet_ros.landmarks import LANDMARK_COUNT
from rednet_ros.media.video import open_source
from rednet_ros.metrics import interocular_distance
from rednet_ros.tracking.crops import CropTransform
from rednet_ros.tracking.motion import NOMINAL_STEP_S
from rednet_ros.tracking.types import FloatArray, ImageArray
from rednet_ros.training.datasets.annotation import Unit, unit_px
from rednet_ros.training.datasets.geometry import complete
from rednet_ros.training.datasets.labels import LabelledFace
from rednet_ros.training.datasets.pictures import PictureReader, read_picture
from rednet_ros.training.rendering.seeds import generator

STILL_FRAMES, STILL_PX = 60, 256
"""Frames that a still gives, and their side."""

REACH = 1.8
"""Side of these frames, as a multiple of the face's crop; this and the next two as training's virtual camera has it."""

SPEED, INERTIA = (0.025, 0.025, 0.012, 0.02), 0.9
"""Of the camera from frame to frame, standard deviations: x and y in sides of the face's crop, logarithm of the zoom,
roll in radians; and the correlation with the frame before."""

MAX_AWAY = (0.25, 0.25, 0.3, 0.5)
"""In the same units: the camera turns back before the face leaves the picture."""


@dataclass(frozen=True, eq=False)
class Clip:
    """One face in T frames. `points_px`: T x 68 x 2, the landmarks to judge by, NaN where there are none. `unit_px`:
    T, what errors are divided by. `images`: the frames from the first, H x W x 3. `step_s`: the time between two."""

    name: str
    points_px: FloatArray
    unit_px: NDArray[np.floating]
    images: Callable[[], Iterator[ImageArray]]
    step_s: float = NOMINAL_STEP_S

    @cached_property
    def place_px(self) -> FloatArray:
        """T x 68 x 2 without gaps: about where the face is. A frame without landmarks has those of the one before."""
        places: list[FloatArray] = []
        for points_px in self.points_px:
            is_known = np.isfinite(points_px).all(axis=1).sum() > 1
            places.append(complete(points_px) if is_known or not places else places[-1])
        return np.stack(places)


def labelled(data: DataSet, seed: int) -> list[Clip]:
    """The sequences of a data set, and a clip of each still, before a camera that moves by the seed."""
    stills = [face for face in data.faces if face.sequence is None]
    sequences = in_sequences(_Row(face) for face in data.faces)
    clips = [_of_sequence([row.face for row in rows], data.unit) for rows in sequences]
    return clips + [_of_still(face, data.unit, seed, number) for number, face in enumerate(stills)]


def real(network: Network, path: Path) -> list[Clip]:
    """The faces of a video, with the landmarks of the network's own tracker in it. Raises InputError as `open_source`.

    Errors in them are distances from these landmarks; the unit is the inter-ocular distance, averaged over some frames.
    """
    tracker, found, times_s = SceneTracker(network.engine, network.detector), dict[FaceKey, dict[int, FloatArray]](), []
    with open_source(path) as source:
        for index, frame in enumerate(source):
            times_s.append(frame.time_s)
            for key, face in tracker.update(frame.image_bgr, frame.time_s):
                found.setdefault(key, {})[index] = face.landmarks_px
    step_s = float(np.median(np.diff(times_s))) if len(times_s) > 1 else NOMINAL_STEP_S
    return [_of_video(path, f"{path.name} {key[1]}", rows, step_s) for key, rows in found.items()]


@dataclass(frozen=True)
class _Row:
    """What `in_sequences` sorts."""

    face: LabelledFace


def _of_sequence(faces: Sequence[LabelledFace], unit: Unit) -> Clip:
    def images() -> Iterator[ImageArray]:
        with PictureReader() as reader:
            for face in faces:
                yield reader.read(face)

    points_px = np.stack([face.points_px for face in faces])
    return Clip(str(faces[0].sequence), points_px, np.array([unit_px(face, unit) for face in faces]), images)


def _of_still(face: LabelledFace, unit: Unit, seed: int, number: int) -> Clip:
    views = _views(CropTransform.from_landmarks(complete(face.points_px), STILL_PX), seed, number)

    def images() -> Iterator[ImageArray]:
        picture = read_picture(face)
        for view in views:
            yield view.extract(picture)

    points_px = np.stack([view.to_crop(face.points_px) for view in views])
    scale = np.array([STILL_PX / view.side_px for view in views])
    return Clip(face.image_path.stem, points_px, unit_px(face, unit) * scale, images)


def _views(crop: CropTransform, seed: int, number: int) -> list[CropTransform]:
    """Where the camera looks, frame by frame: a path with inertia."""
    rng = generator(seed, "camera", number)
    place, velocity = np.zeros(4), rng.normal(0, SPEED)
    views = []
    for _ in range(STILL_FRAMES):
        x, y, zoom, roll = place
        center = crop.center_px[0] + x * crop.side_px, crop.center_px[1] + y * crop.side_px
        views.append(CropTransform(center, REACH * crop.side_px * float(np.exp(zoom)), float(roll), STILL_PX))
        velocity = INERTIA * velocity + np.sqrt(1 - INERTIA**2) * rng.normal(0, SPEED)
        velocity = np.where(abs(place + velocity) > MAX_AWAY, -velocity, velocity)
        place = place + velocity
    return views


def _of_video(path: Path, name: str, rows: dict[int, FloatArray], step_s: float) -> Clip:
    first, last = min(rows), max(rows)
    lost = np.full((LANDMARK_COUNT, 2), np.nan, np.float32)

    def images() -> Iterator[ImageArray]:
        with open_source(path) as source:
            for index, frame in enumerate(source):
                if index > last:
                    return
                if index >= first:
                    yield frame.image_bgr

    points_px = np.stack([rows.get(frame, lost) for frame in range(first, last + 1)])
    eyes_px = interocular_distance(points_px)
    known = np.isfinite(eyes_px)
    between = np.interp(np.arange(len(eyes_px)), np.flatnonzero(known), eyes_px[known])
    return Clip(name, points_px, smoothed(between), images, step_s)
