"""Where a head is and how it is turned, from its 68 landmarks: the mean head laid onto them as the camera sees it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rednet_ros.tracking.camera_model import CameraModel
from rednet_ros.tracking.mean_head import MEAN_HEAD_M, SPREAD_M
from rednet_ros.tracking.types import FloatArray, HeadPose

Numbers = NDArray[np.float64]

FIRST_GUESS = range(17, 48)
"""Brows, nose and eyes: they move least with the face, and least of all people differ in them."""

MIN_KNOWN = 12
"""So many of them must be where the lens model sees anything."""

LANDMARK_ERROR_M = 0.0016
"""What the network itself errs by on a mean head, in addition to SPREAD_M: 2 % of the distance of the eyes."""

ITERATIONS = 4

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


def estimate_head_pose(landmarks_px: FloatArray, confidence: FloatArray, camera: CameraModel) -> HeadPose | None:
    """Pose of the head with these landmarks (68 x 2, pixels) of these confidences (68, 0..1); None if they fit no head.

    Perspective-n-point, robust: each landmark counts by how little people differ in it, by its confidence, and the less
    the farther it lies from where the mean head has it. It is solved for a camera that looks straight at the face, so
    that faces at the border of a wide lens's picture, or beside a fisheye lens, are no special case. The distance is
    that of an adult; a head smaller by a tenth looks farther away by as much.
    """
    if not np.isfinite(landmarks_px).all():
        return None
    rays = camera.rays(landmarks_px)
    known: NDArray[np.bool_] = np.isfinite(rays[:, 0])
    if known[FIRST_GUESS].sum() < MIN_KNOWN:
        return None
    towards = _turn_to(rays[known].mean(axis=0))
    ahead = rays @ towards.T
    known &= ahead[:, 2] > 0.05
    seen = np.where(known[:, None], ahead[:, :2] / np.where(known, ahead[:, 2], 1.0)[:, None], 0.0)
    pose = _fitted(seen, known, confidence)
    if pose is None:
        return None
    x, y, z = (towards.T @ pose[3:]).tolist()
    return pose_of_axes(towards.T @ cv2.Rodrigues(pose[:3])[0], (x, y, z))


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


def _turn_to(direction: Numbers) -> Numbers:
    """Rotation (3 x 3) of a camera that looks in this direction, with as little roll as can be."""
    x, y, z = direction / np.linalg.norm(direction)
    angle = np.arccos(np.clip(z, -1.0, 1.0))
    across = np.hypot(x, y)
    axis = np.array([y, -x, 0.0]) / across if across > 1e-9 else np.array([1.0, 0.0, 0.0])
    turn: Numbers = cv2.Rodrigues(angle * axis)[0]
    return turn


def _fitted(seen: Numbers, known: NDArray[np.bool_], confidence: FloatArray) -> Numbers | None:
    """Rotation vector and place (6) for a camera that sees the landmarks at `seen` (68 x 2, x / z and y / z)."""
    trust = np.where(known, confidence, 0.0)
    pose = _first_guess(seen, known)
    for _ in range(ITERATIONS):
        pose = None if pose is None else _improved(pose, seen, trust)
    if pose is None:
        return None
    looks_away = cv2.Rodrigues(pose[:3])[0][2, 0]
    deviation = np.median(_deviations(pose, seen)[0][known])
    return None if looks_away > MAX_TURN_AWAY or deviation > MAX_MEDIAN_DEVIATION else pose


def _first_guess(seen: Numbers, known: NDArray[np.bool_]) -> Numbers | None:
    """From the rigid part of the face."""
    rigid = [number for number in FIRST_GUESS if known[number]]
    try:
        found, turn, place = cv2.solvePnP(MEAN_HEAD_M[rigid], seen[rigid], _PINHOLE, None, flags=cv2.SOLVEPNP_SQPNP)
    except cv2.error:  # all in one place
        return None
    return np.concatenate([turn[:, 0], place[:, 0]]) if found and place[2, 0] > MIN_DISTANCE_M else None


def _improved(pose: Numbers, seen: Numbers, trust: Numbers) -> Numbers | None:
    """One step of Gauss-Newton with Cauchy's weights; None where the pose is lost."""
    deviations, errors, slopes = _deviations(pose, seen)
    weights = np.repeat(trust / (_SIGMA_M**2 * (1.0 + deviations**2)), 2)
    weighted = slopes.T * weights
    solved, step = cv2.solve(weighted @ slopes, weighted @ errors, flags=cv2.DECOMP_LU)
    better = pose - step[:, 0]
    return better if solved and np.isfinite(better).all() and better[5] > MIN_DISTANCE_M else None


def _deviations(pose: Numbers, seen: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Each landmark's distance from the mean head's in standard deviations, errors (136) and their slopes (136 x 6)."""
    projected, slopes = cv2.projectPoints(MEAN_HEAD_M, pose[:3], pose[3:], _PINHOLE, None)
    errors = projected[:, 0] - seen
    return np.hypot(errors[:, 0], errors[:, 1]) * (pose[5] / _SIGMA_M), errors.reshape(-1), slopes[:, :6]


def _roll_pitch_yaw(rotation: Numbers) -> tuple[float, float, float]:
    """Of a rotation about x by roll, then y by pitch, then z by yaw (fixed axes)."""
    roll = np.arctan2(rotation[2, 1], rotation[2, 2])
    pitch = np.arcsin(np.clip(-rotation[2, 0], -1.0, 1.0))
    yaw = np.arctan2(rotation[1, 0], rotation[0, 0])
    return float(roll), float(pitch), float(yaw)
