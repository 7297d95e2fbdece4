"""Heads cut out of pictures of faces, and other things that may be in front of them."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from rednet_ros.errors import InputError
from rednet_ros.landmarks import FLIP_ORDER
from rednet_ros.media.images import read_image
from rednet_ros.tracking.crops import CROP_SCALE, CropTransform
from rednet_ros.tracking.face_shape import shape_distance
from rednet_ros.tracking.mean_shape import MEAN_SHAPE
from rednet_ros.tracking.types import Box, FloatArray, ImageArray
from rednet_ros.training.datasets.labels import LabelledFace, is_validation, read_labels

CUTOUT_PX = 160
"""Longer side of a cut-out head's landmark box. Frames show it at about this size or smaller."""

MIN_LABELLED_PX = 80.0
"""Labelled faces that are smaller are not used: enlarged, they would be blurred."""

MAX_SHAPE_DISTANCE = 0.3
"""Of faces on the bench: beyond are profiles, whose cut-outs are no heads."""

_MARGIN = 0.75
"""Picture around the landmarks' box that is kept, as a share of its side."""

_HEAD = (0.60, 0.92, -0.24)
"""Half-width, half-height and upward shift of the ellipse around a head, as shares of its landmark box's side."""

_PORTRAIT_EYES = np.array([[196.0, 107.0], [245.0, 107.0]])
"""Outer eye corners of the astronaut in scikit-image's picture, by eye; the tracker is not measured by them."""


@dataclass(frozen=True)
class Cutout:
    """Something to be put into a frame. `picture`: h x w x 3 uint8; `alpha`: h x w float32, 0..1.

    `points_px`: a face's 68 x 2 landmarks in the picture; None of a thing. `box`: around them, or the whole thing.
    """

    picture: ImageArray
    alpha: NDArray[np.float32]
    points_px: FloatArray | None
    box: Box


def cut_out(image: ImageArray, points_px: FloatArray) -> Cutout:
    """The head with these 68 x 2 landmarks, upright, its landmark box `CUTOUT_PX` large."""
    upright = CropTransform.from_landmarks(points_px, CUTOUT_PX)
    size_px = round(CUTOUT_PX * (1 + 2 * _MARGIN))
    crop = CropTransform(upright.center_px, upright.side_px / CROP_SCALE * (1 + 2 * _MARGIN), upright.roll_rad, size_px)
    points = crop.to_crop(points_px)
    box = Box.around(points)
    alpha = np.zeros((size_px, size_px), np.float32)
    center_x, center_y = box.center
    side = max(box.width, box.height)
    axes = (round(_HEAD[0] * side), round(_HEAD[1] * side))
    cv2.ellipse(alpha, (round(center_x), round(center_y + _HEAD[2] * side)), axes, 0, 0, 360, 1.0, -1)
    return Cutout(crop.extract(image), cv2.GaussianBlur(alpha, (0, 0), 2.0), points, box)


def labelled_people(path: Path, count: int, seed: int) -> list[Cutout]:
    """`count` different people of a labels file: of its faces kept for validation, where it has enough, else of all.

    Raises InputError where there are not so many whose face is large, frontal and completely annotated.
    """
    fitting = [face for face in read_labels(path) if face.video_frame is None and _is_fitting(face.points_px)]
    kept = [face for face in fitting if is_validation(face)]
    chosen = _one_each(kept) if len(_one_each(kept)) >= count else _one_each(fitting)
    if len(chosen) < count:
        raise InputError(
            f"{path}: holds {len(chosen)} people with a frontal face of {MIN_LABELLED_PX:g} px, {count} needed"
        )
    order = np.random.default_rng(seed).permutation(len(chosen))[:count]
    return [cut_out(read_image(chosen[index].image_path), chosen[index].points_px) for index in order]


def portrait_people(count: int) -> list[Cutout]:
    """`count` heads made of one: scikit-image's portrait of an astronaut, wider, mirrored, in other lights and tones.

    Raises InputError where scikit-image is not installed.
    """
    picture = read_image(_portrait_path())
    eyes = _PORTRAIT_EYES
    points = (MEAN_SHAPE * np.linalg.norm(eyes[1] - eyes[0]) + eyes.mean(axis=0)).astype(np.float32)
    return [_variant(cut_out(picture, points), number) for number in range(count)]


def thing(picture: ImageArray, rng: np.random.Generator) -> Cutout:
    """A piece of `picture` with the outline of a hand or a bag: a rounded box."""
    height, width = picture.shape[:2]
    alpha = np.zeros((height, width), np.float32)
    inset = 0.08 * rng.random(4) + 0.02
    first = (round(inset[0] * width), round(inset[1] * height))
    last = (round((1 - inset[2]) * width), round((1 - inset[3]) * height))
    cv2.rectangle(alpha, first, last, 1.0, -1)
    alpha = (cv2.GaussianBlur(alpha, (0, 0), 0.05 * min(width, height)) > 0.5).astype(np.float32)
    box = Box(*first, last[0] - first[0], last[1] - first[1])
    return Cutout(picture, cv2.GaussianBlur(alpha, (0, 0), 1.5), None, box)


def _is_fitting(points_px: FloatArray) -> bool:
    if not np.isfinite(points_px).all() or shape_distance(points_px) > MAX_SHAPE_DISTANCE:
        return False
    box = Box.around(points_px)
    return max(box.width, box.height) >= MIN_LABELLED_PX


def _one_each(faces: Sequence[LabelledFace]) -> list[LabelledFace]:
    """The first face of each person; a picture without a name is a person of its own."""
    people: dict[str, LabelledFace] = {}
    for face in faces:
        people.setdefault(face.identity or face.image_path.name, face)
    return list(people.values())


def _portrait_path() -> Path:
    found = importlib.util.find_spec("skimage")
    for folder in (found.submodule_search_locations or []) if found else []:
        if (path := Path(folder, "data", "astronaut.png")).is_file():
            return path
    raise InputError("the portrait is not installed: pip install scikit-image, or give a labels file of faces")


def _variant(head: Cutout, number: int) -> Cutout:
    """Head number 0 is the portrait itself, the others differ from it and from each other."""
    if number == 0:
        return head
    rng = np.random.default_rng(number)
    picture, alpha, points = head.picture, head.alpha, head.points_px
    assert points is not None
    if number % 2:
        picture, alpha = cv2.flip(picture, 1), cv2.flip(alpha, 1)
        points = np.stack([picture.shape[1] - 1 - points[:, 0], points[:, 1]], axis=1)
        points = points[list(FLIP_ORDER)]
    scale_x, scale_y = rng.uniform(0.88, 1.12, 2)
    size = (round(picture.shape[1] * scale_x), round(picture.shape[0] * scale_y))
    picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    tones = np.exp(rng.normal(size=3) * 0.15 + rng.normal() * 0.25)
    picture = np.clip(picture * tones, 0, 255).astype(np.uint8)
    points = (points * (scale_x, scale_y)).astype(np.float32)
    return Cutout(picture, cv2.resize(alpha, size), points, Box.around(points))
