"""Cut-out heads and things put into a frame, one over the other, and how much of each still shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rednet_ros.evaluation.tracking_bench.people import Cutout
from rednet_ros.tracking.types import FloatArray, ImageArray


@dataclass(frozen=True)
class Place:
    """Where a cutout is: the centre of its box (x, y) and that box's longer side in pixels, and its roll."""

    x: float
    y: float
    side_px: float
    roll_rad: float = 0.0


@dataclass(frozen=True)
class Shown:
    """A face in a frame. `person`: whose. `points_px`: 68 x 2 landmarks. `visible`: share of the head that shows, 0..1,
    neither hidden by what is in front of it nor outside the frame."""

    person: int
    points_px: FloatArray
    visible: float


@dataclass(frozen=True)
class Frame:
    """One image of a clip, H x W x 3 uint8 BGR, and the faces in it."""

    image: ImageArray
    faces: tuple[Shown, ...]


@dataclass(frozen=True)
class Put:
    """A cutout and its place; `person`: its number, None of a thing."""

    cutout: Cutout
    place: Place
    person: int | None


def compose(background: ImageArray, puts: Sequence[Put], noise: FloatArray) -> Frame:
    """A frame with all of `puts`, the last in front. `noise`: what the camera adds, H x W, in grey levels."""
    image = background.astype(np.float32)
    owner = np.full(background.shape[:2], -1, np.int16)
    areas = []
    for index, put in enumerate(puts):
        areas.append(_paste(image, owner, index, put))
    shown = []
    for index, (put, area) in enumerate(zip(puts, areas, strict=True)):
        if put.person is None or put.cutout.points_px is None:
            continue
        matrix = _matrix(put)
        points = (put.cutout.points_px @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
        shown.append(Shown(put.person, points, float((owner == index).sum()) / max(area, 1.0)))
    image += noise[..., None]
    return Frame(np.clip(image, 0, 255).astype(np.uint8), tuple(shown))


def _matrix(put: Put) -> NDArray[np.float64]:
    """2 x 3, from the cutout's pixels to the frame's."""
    box = put.cutout.box
    scale = put.place.side_px / max(box.width, box.height)
    cosine, sine = scale * np.cos(put.place.roll_rad), scale * np.sin(put.place.roll_rad)
    linear = np.array([[cosine, -sine], [sine, cosine]])
    return np.column_stack([linear, np.array([put.place.x, put.place.y]) - linear @ np.array(box.center)])


def _paste(image: FloatArray, owner: NDArray[np.int16], index: int, put: Put) -> float:
    """Draw one cutout, and return the area it would have if all of it showed, in pixels."""
    matrix = _matrix(put)
    height, width = put.cutout.alpha.shape
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]]) @ matrix[:, :2].T + matrix[:, 2]
    left, top = np.floor(np.maximum(corners.min(axis=0), 0)).astype(int)
    right, bottom = np.ceil(np.minimum(corners.max(axis=0), image.shape[1::-1])).astype(int)
    area = float((put.cutout.alpha > 0.5).sum()) * float(np.linalg.det(matrix[:, :2]))
    if right <= left or bottom <= top:
        return area
    inside = matrix.copy()
    inside[:, 2] -= (left, top)
    size = (int(right - left), int(bottom - top))
    picture = cv2.warpAffine(put.cutout.picture, inside, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    alpha = cv2.warpAffine(put.cutout.alpha, inside, size, flags=cv2.INTER_LINEAR)
    part = image[top:bottom, left:right]
    part += alpha[..., None] * (picture - part)
    owner[top:bottom, left:right][alpha > 0.5] = index
    return area
