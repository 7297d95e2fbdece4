"""What a face's annotation says of the whole face: the box of its landmarks, the unit of its errors, its yaw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from rednet_ros.errors import InputError
from rednet_ros.landmarks import LEFT_OUTER_EYE_CORNER, NOSE_TIP, RIGHT_OUTER_EYE_CORNER
from rednet_ros.metrics import box_size, interocular_distance
from rednet_ros.tracking.types import Box, FloatArray
from rednet_ros.tracking.yaw import NOSE_BY_HALF_EYES, turn
from rednet_ros.training.datasets.geometry import complete
from rednet_ros.training.datasets.labels import LabelledFace

Unit = Literal["interocular", "box", "landmarks"]
"""The length that errors are divided by."""

UNITS: dict[Unit, str] = {
    "interocular": "distance of the outer eye corners",
    "box": "size of the data set's face box",
    "landmarks": "size of the box around the annotated landmarks",
}
"""What each unit is, for people. The size of a box is the geometric mean of its sides."""


def landmark_box(points_px: FloatArray) -> Box:
    """The tight box around a face's 68 landmarks, of which `points_px` (68 x 2) may hold only some (others NaN).

    Landmarks that are missing are taken from the mean shape, turned, scaled and moved onto the others. Raises
    ValueError for fewer than two annotated landmarks.
    """
    return Box.around(complete(points_px))


def unit_px(face: LabelledFace, unit: Unit) -> float:
    """The unit of a face's errors, in pixels of its picture; NaN or 0 where the face has none."""
    if unit == "interocular":
        return float(interocular_distance(face.points_px))
    if unit == "landmarks":
        return float(box_size(face.points_px))
    return float("nan") if face.box is None else float(np.sqrt(face.box.width * face.box.height))


def choose_unit(faces: Sequence[LabelledFace], unit: Unit | None = None) -> Unit:
    """`unit`, or the first of `UNITS` that every one of the faces has: a mean over several units would mean nothing.

    Raises InputError naming the first face that cannot be measured, because it lacks the unit or has fewer than two
    annotated landmarks.
    """
    for face in faces:
        if face.annotated.sum() < 2:
            raise InputError(f"{face.image_path}: needs at least two annotated landmarks to be evaluated")
    chosen: Unit = _first_common(faces) if unit is None else unit
    lacking = _lacking(faces, chosen)
    if lacking is not None:
        raise InputError(f"{lacking.image_path}: errors have no unit here, the {UNITS[chosen]} is not known or zero")
    return chosen


def estimated_yaw_rad(points_px: FloatArray) -> float:
    """How far a face is turned to the side, 0 to pi / 2, estimated from its outer eye corners and nose tip (`turn`).

    Pi / 2 where one of the three is not annotated, as data sets leave out the eye that the head hides, or where the
    corners coincide.
    """
    corners = points_px[[RIGHT_OUTER_EYE_CORNER, LEFT_OUTER_EYE_CORNER]]
    if not np.isfinite([*corners, points_px[NOSE_TIP]]).all() or (corners[0] == corners[1]).all():
        return float(np.pi / 2)
    return float(np.arctan(turn(points_px) / NOSE_BY_HALF_EYES))


def _first_common(faces: Sequence[LabelledFace]) -> Unit:
    for unit in UNITS:
        if _lacking(faces, unit) is None:
            return unit
    return "landmarks"


def _lacking(faces: Sequence[LabelledFace], unit: Unit) -> LabelledFace | None:
    return next((face for face in faces if not unit_px(face, unit) > 0), None)
