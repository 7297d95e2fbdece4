"""From a detector's box or five points to the crop that a face's 68 landmarks would have given.

The constants were found by least squares on CenterFace's detections of the 300-W rows (Helen, AFW) that are not held
out for validation, each face shown 24, 40, 80 and 140 pixels large; errors were weighted by 1 / side. On the held-out
tenth the centre is off by 0.03 of the box's side (standard deviation, each axis), the side by 5 %, the roll by 3.3
degrees; with a box alone by 0.03 and 0.04, 6 %, and all of the face's roll.
"""

from __future__ import annotations

import math

import numpy as np

from rednet_ros.tracking.crops import CROP_SCALE, CropTransform
from rednet_ros.tracking.types import Box, Detection, FloatArray

SIDE_OF_EYES, SIDE_OF_HEIGHT, SIDE_OF_TURN = 0.870, 1.319, 0.345
"""Side of the box = these times (distance of the eyes, eyes to mouth, nose aside of the eyes' middle)."""

SHIFT_OF_NOSE_X, SHIFT_OF_NOSE_Y, SHIFT_OF_HEIGHT = -2.044, -1.010, 0.206
"""Centre of the box, from the mean of the five points: these times (nose x, nose y from there, eyes to mouth)."""

BOX_SIDE, BOX_SHIFT_DOWN = 0.916, 0.130
"""Without points: side and downward shift, as multiples of the square root of the detector's box area."""


def crop_from_detection(detection: Detection, size_px: int) -> CropTransform:
    """The crop of `size_px` pixels for a detected face, as near as possible to `CropTransform.from_landmarks`.

    With five points it is roll-normalised; with a box only it is upright. Boxes are taken to follow WIDER FACE's
    convention (forehead to chin), as those of CenterFace, YuNet, RetinaFace and SCRFD do.
    """
    if detection.points is None:
        return _from_box(detection, size_px)
    return _from_points(detection.points.astype(np.float64), size_px)


def landmark_box(detection: Detection) -> Box:
    """Estimate of the box around a detected face's 68 landmarks: a square, without its roll."""
    crop = crop_from_detection(detection, 1)
    side_px = crop.side_px / CROP_SCALE
    return Box(crop.center_px[0] - side_px / 2, crop.center_px[1] - side_px / 2, side_px, side_px)


def _from_box(detection: Detection, size_px: int) -> CropTransform:
    box = detection.box
    extent_px = math.sqrt(max(box.width * box.height, 1.0))
    center_x, center_y = box.center
    return CropTransform(
        (center_x, center_y + BOX_SHIFT_DOWN * extent_px), CROP_SCALE * BOX_SIDE * extent_px, 0.0, size_px
    )


def _from_points(points: FloatArray, size_px: int) -> CropTransform:
    right_eye, left_eye, _, right_mouth, left_mouth = points
    across = left_eye - right_eye + left_mouth - right_mouth
    roll_rad = float(np.arctan2(across[1], across[0]))
    cosine, sine = np.cos(roll_rad), np.sin(roll_rad)
    to_upright = np.array([[cosine, sine], [-sine, cosine]])
    middle = points.mean(axis=0)
    right_eye, left_eye, nose, right_mouth, left_mouth = (points - middle) @ to_upright.T
    eyes_px = left_eye[0] - right_eye[0]
    height_px = (right_mouth[1] + left_mouth[1] - right_eye[1] - left_eye[1]) / 2
    turn_px = abs(nose[0] - (right_eye[0] + left_eye[0]) / 2)
    side_px = SIDE_OF_EYES * eyes_px + SIDE_OF_HEIGHT * height_px + SIDE_OF_TURN * turn_px
    shift = np.array([SHIFT_OF_NOSE_X * nose[0], SHIFT_OF_NOSE_Y * nose[1] + SHIFT_OF_HEIGHT * height_px])
    center = middle + shift @ to_upright
    return CropTransform((float(center[0]), float(center[1])), CROP_SCALE * max(float(side_px), 1.0), roll_rad, size_px)
