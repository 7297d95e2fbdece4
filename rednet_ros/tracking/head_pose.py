"""Where a head is and how it is turned, from its 68 landmarks: the mean head laid onto them as the camera sees it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rednet_ros.tracking.camera_model import CameraModel
from rednet_ros.tracking.mean_head import MEAN_HEAD_M, SPREAD_M
from rednet_ros.tracking.types import FloatArray, HeadPose

Numbers = NDArray[np.float64]

_RIGID = np.arange(17, 48)
"""Brows, nose and eyes: they move least with the face, and least of all people differ in them."""

MIN_KNOWN = 12
"""So many of them must be where the lens model sees anything."""

LANDMARK_ERROR_M = 0.0016
"""What the network itself errs by on a mean head, in addition to SPREAD_M: 2 % of the distance of the eyes."""

MAX_ITERATIONS, CLOSE_RAD = 8, 0.01
"""A fit has converged when no angle changes by more in one of its steps: the next would change a third of that. Two
steps do for most faces; where landmarks are far off it takes more."""

MAX_MEDIAN_DEVIATION = 1.5
"""In standard deviations: landmarks whose median lies farther from the mean head's are not those of a head. Of rendered
faces 99 in 100 have less than 1."""

MAX_TURN_AWAY = 0.35
"""Sine of the angle by which a face may look away from whom it is seen by; beyond, it would show its back."""

MIN_DISTANCE_M = 0.1
"""Nearer, parts of the head would lie behind the camera."""

FACING = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, -1.0], [-1.0, 0.0, 0.0]])
"""Axes of a face that looks into the camera (x out of the face, y to its left, z up) in the optical frame."""

_PINHOLE = np.eye(3)
_SIGMA_M = np.hypot(SPREAD_M, LANDMARK_ERROR_M)
_NO_STEP = np.full(6, np.nan)
_HEAD = np.vstack([MEAN_HEAD_M.T, np.ones(len(MEAN_HEAD_M))])


@dataclass(frozen=True)
class _View:
    """A face for a camera that looks straight at it. `towards`: 3 x 3, turns the true camera to that one. `seen`:
    68 x 2, x / z and y / z; `known`: 68 bool, where the lens model sees anything; `trust`: 68, 0 elsewhere.
    """

    towards: Numbers
    seen: Numbers
    known: NDArray[np.bool_]
    trust: Numbers


def estimate_head_pose(landmarks_px: FloatArray, confidence: FloatArray, camera: CameraModel) -> HeadPose | None:
    """`estimate_head_poses` of one face: 68 x 2 landmarks and 68 confidences."""
    return estimate_head_poses([landmarks_px], [confidence], camera)[0]


def estimate_head_poses(
    landmarks_px: Sequence[FloatArray], confidences: Sequence[FloatArray], camera: CameraModel
) -> list[HeadPose | None]:
    """Poses of the heads with these landmarks (68 x 2 each, pixels) of these confidences (68 each, 0..1).

    None for landmarks that fit no head.

    Perspective-n-point, robust: each landmark counts by how little people differ in it, by its confidence, and the less
    the farther it lies from where the mean head has it. It is solved for a camera that looks straight at the face, so
    that faces at the border of a wide lens's picture, or beside a fisheye lens, are no special case. The distance is
    that of an adult; a head smaller by a tenth looks farther away by as much.
    """
    poses: list[HeadPose | None] = [None] * len(landmarks_px)
    rows = [row for row, points_px in enumerate(landmarks_px) if np.isfinite(points_px).all()]
    if not rows:
        return poses
    rays = camera.rays(np.concatenate([landmarks_px[row] for row in rows])).reshape(len(rows), -1, 3)
    views = {row: view for row, own in zip(rows, rays, strict=True) if (view := _view(own, confidences[row]))}
    guesses = {row: guess for row, view in views.items() if (guess := _first_guess(view)) is not None}
    views = {row: views[row] for row in guesses}
    for (row, view), pose in zip(views.items(), _fitted(list(guesses.values()), list(views.values())), strict=True):
        if pose is not None:
            x, y, z = (view.towards.T @ pose[3:]).tolist()
            poses[row] = pose_of_axes(view.towards.T @ cv2.Rodrigues(pose[:3])[0], (x, y, z))
    return poses


def face_axes(pose: HeadPose) -> Numbers:
    """The face's own axes (x out of it, y to its left, z up) in the optical frame: the columns of 3 x 3 float64."""
    turns = zip(pose.rotation_rad, np.eye(3), strict=True)
    about_x, about_y, about_z = (cv2.Rodrigues(angle_rad * axis)[0] for angle_rad, axis in turns)
    axes: Numbers = FACING @ about_z @ about_y @ about_x
    return axes


def pose_of_axes(axes: Numbers, place_m: tuple[float, float, float]) -> HeadPose:
    """The pose of a face with these `face_axes` whose sellion is at `place_m`."""
    return HeadPose(_roll_pitch_yaw(FACING.T @ axes), place_m)


def landmarks_in_space(pose: HeadPose, landmarks_px: FloatArray, camera: CameraModel) -> FloatArray:
    """The 68 landmarks (68 x 2, pixels) in the optical frame: 68 x 3 float32, metres.

    Each on the ray on which it was seen, as far off as the mean head in this pose has it; NaN where there is no ray.
    """
    rays = camera.rays(landmarks_px)
    model = MEAN_HEAD_M @ face_axes(pose).T + pose.translation_m
    distance = np.einsum("ij,ij->i", rays, model)
    return (rays * distance[:, None]).astype(np.float32)


def _view(rays: Numbers, confidence: FloatArray) -> _View | None:
    """From where the landmarks are seen, 68 x 3; None where too little is."""
    known: NDArray[np.bool_] = np.isfinite(rays[:, 0])
    if np.count_nonzero(known[_RIGID]) < MIN_KNOWN:
        return None
    towards = _turn_to(np.add.reduce(rays[known]))
    ahead = rays @ towards.T
    known &= ahead[:, 2] > 0.05
    ahead[~known] = 0.0, 0.0, 1.0
    return _View(towards, ahead[:, :2] / ahead[:, 2:], known, np.where(known, confidence, 0.0))


def _turn_to(direction: Numbers) -> Numbers:
    """Rotation (3 x 3) of a camera that looks in this direction, with as little roll as can be."""
    x, y, z = direction.tolist()
    length = math.sqrt(x * x + y * y + z * z)
    x, y, z = x / length, y / length, z / length
    if z < 1e-9 - 1.0:
        return np.diag([1.0, -1.0, -1.0])
    mixed = -x * y / (1 + z)
    return np.array([[1 - x * x / (1 + z), mixed, -x], [mixed, 1 - y * y / (1 + z), -y], [x, y, z]])


def _first_guess(view: _View) -> Numbers | None:
    """Rotation vector and place (6) from the rigid part of the face."""
    rigid = _RIGID[view.known[_RIGID]]
    flags = cv2.SOLVEPNP_SQPNP
    try:
        found, turn, place = cv2.solvePnP(MEAN_HEAD_M[rigid], view.seen[rigid], _PINHOLE, None, flags=flags)
    except cv2.error:  # all in one place
        return None
    return np.concatenate([turn[:, 0], place[:, 0]]) if found and place[2, 0] > MIN_DISTANCE_M else None


def _fitted(guesses: Sequence[Numbers], views: Sequence[_View]) -> list[Numbers | None]:
    """The faces' rotation vectors and places (6 each) from a first guess; None of what is no head's.

    All faces in one go: a face alone has too few numbers to be worth NumPy's while.
    """
    if not views:
        return []
    poses = np.array(guesses)
    seen, trust = np.array([view.seen.T for view in views]), np.array([view.trust for view in views])
    moves = np.ones((len(poses), 1), bool)
    for _ in range(MAX_ITERATIONS):
        steps = _steps(*_deviations(poses, seen), trust)
        poses = poses - steps * moves
        poses[poses[:, 5] <= MIN_DISTANCE_M] = np.nan  # lost, and stays so
        moves &= (np.abs(steps[:, :3]) > CLOSE_RAD).any(axis=1, keepdims=True)
        if not moves.any():
            break
    deviations, _, _ = _deviations(poses, seen)
    return [
        pose if _is_head(pose, deviation[view.known]) else None
        for pose, deviation, view in zip(poses, deviations, views, strict=True)
    ]


def _is_head(pose: Numbers, deviations: Numbers) -> bool:
    looks_away = cv2.Rodrigues(pose[:3])[0][2, 0]
    ordered, middle = np.sort(deviations), (len(deviations) - 1) / 2
    median = (ordered[math.floor(middle)] + ordered[math.ceil(middle)]) / 2  # np.median takes three times as long
    return bool(np.isfinite(pose).all() and looks_away <= MAX_TURN_AWAY and median <= MAX_MEDIAN_DEVIATION)


def _steps(deviations: Numbers, errors: Numbers, slopes: Numbers, trust: Numbers) -> Numbers:
    """One step of Gauss-Newton with Cauchy's weights: what to take off each pose, N x 6; nan where nothing helps."""
    faces = len(slopes)
    weights = trust / (_SIGMA_M**2 * (1.0 + deviations**2))
    weighted = (slopes * weights[:, None, None]).reshape(faces, 6, -1)
    squares = weighted @ slopes.reshape(faces, 6, -1).transpose(0, 2, 1)
    sums = weighted @ errors.reshape(faces, -1, 1)
    solutions = [cv2.solve(square, total, flags=cv2.DECOMP_LU) for square, total in zip(squares, sums, strict=True)]
    return np.array([step[:, 0] if solved else _NO_STEP for solved, step in solutions])


def _deviations(poses: Numbers, seen: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Each landmark's distance from the mean head's in standard deviations (N x 68), errors (N x 2 x 68) and their
    slopes (N x 6 x 2 x 68). Landmarks are the last axis, along which NumPy is fast."""
    values = (np.array([_projection(pose) for pose in poses]) @ _HEAD).reshape(len(poses), 7, 3, -1)
    inverse = 1.0 / values[:, :1, 2:]
    projected = values[:, :1, :2] * inverse
    slopes = (values[:, 1:, :2] - values[:, 1:, 2:] * projected) * inverse
    errors = projected[:, 0] - seen
    deviations = np.hypot(errors[:, 0], errors[:, 1]) * (poses[:, 5:] / _SIGMA_M)
    return deviations, errors, slopes


def _projection(pose: Numbers) -> Numbers:
    """21 x 4: makes of x, y, z, 1 of the head where that is for the camera, and the slopes of this with each of the
    pose's 6 numbers."""
    rotation, slopes = cv2.Rodrigues(pose[:3])
    rows = np.zeros((7, 3, 4))
    rows[0, :, :3], rows[0, :, 3] = rotation, pose[3:]
    rows[1:4, :, :3] = slopes.reshape(3, 3, 3)
    rows[4:, :, 3] = _PINHOLE
    return rows.reshape(21, 4)


def _roll_pitch_yaw(rotation: Numbers) -> tuple[float, float, float]:
    """Of a rotation about x by roll, then y by pitch, then z by yaw (fixed axes)."""
    roll = np.arctan2(rotation[2, 1], rotation[2, 2])
    pitch = np.arcsin(np.clip(-rotation[2, 0], -1.0, 1.0))
    yaw = np.arctan2(rotation[1, 0], rotation[0, 0])
    return float(roll), float(pitch), float(yaw)
