"""Where a head is and how it is turned, from its 68 landmarks: the mean head laid onto them as the camera sees it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rednet_ros.tracking.camera_model import CameraModel
from rednet_ros.tracking.mean_head import MEAN_HEAD_M, SPREAD_M
from rednet_ros.tracking.types import FloatArray, HeadPose

Numbers = NDArray[np.float64]

FIRST_GUESS = slice(17, 48)
"""Brows, nose and eyes: they move least with the face, and least of all people differ in them."""

LANDMARK_ERROR_M = 0.0016
"""What the network itself errs by on a mean head, in addition to SPREAD_M: 2 % of the distance of the eyes."""

ITERATIONS = 4

MAX_MEDIAN_DEVIATION = 1.5
"""In standard deviations: landmarks whose median lies farther from the mean head's are not those of a head. Of rendered
faces 99 in 100 have less than 1."""

MAX_TURN_AWAY = 0.35
"""Sine of the angle by which a face may look away from the camera's plane; beyond, it would show its back."""

FACING = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, -1.0], [-1.0, 0.0, 0.0]])
"""Axes of a face that looks into the camera (x out of the face, y to its left, z up) in the optical frame."""

_PINHOLE = np.eye(3)
_SIGMA_M = np.hypot(SPREAD_M, LANDMARK_ERROR_M)


def estimate_head_pose(landmarks_px: FloatArray, confidence: FloatArray, camera: CameraModel) -> HeadPose | None:
    """Pose of the head with these landmarks (68 x 2, pixels) of these confidences (68, 0..1); None if they fit no head.

    Perspective-n-point, robust: each landmark counts by how little people differ in it, by its confidence, and the less
    the farther it lies from where the mean head has it. The distance is that of an adult; a head smaller by a tenth
    looks farther away by as much.
    """
    seen = camera.directions(landmarks_px)
    pose = _first_guess(seen) if np.isfinite(seen).all() else None
    for _ in range(ITERATIONS):
        pose = None if pose is None else _improved(pose, seen, confidence)
    if pose is None:
        return None
    rotation = cv2.Rodrigues(pose[:3])[0]
    if rotation[2, 0] > MAX_TURN_AWAY or np.median(_deviations(pose, seen)[0]) > MAX_MEDIAN_DEVIATION:
        return None
    x, y, z = pose[3:].tolist()
    return HeadPose(_roll_pitch_yaw(FACING.T @ rotation), (x, y, z))


def _first_guess(seen: Numbers) -> Numbers | None:
    """Rotation vector and place (6) from the rigid part of the face."""
    rigid = np.ascontiguousarray(seen[FIRST_GUESS])
    try:
        found, turn, place = cv2.solvePnP(MEAN_HEAD_M[FIRST_GUESS], rigid, _PINHOLE, None, flags=cv2.SOLVEPNP_SQPNP)
    except cv2.error:  # all in one place
        return None
    return np.concatenate([turn[:, 0], place[:, 0]]) if found else None


def _improved(pose: Numbers, seen: Numbers, confidence: FloatArray) -> Numbers | None:
    """One step of Gauss-Newton with Cauchy's weights; None where the pose is lost."""
    deviations, errors, slopes = _deviations(pose, seen)
    weights = np.repeat(confidence / (_SIGMA_M**2 * (1.0 + deviations**2)), 2)
    try:
        step = np.linalg.solve(slopes.T @ (slopes * weights[:, None]), slopes.T @ (weights * errors))
    except np.linalg.LinAlgError:
        return None
    better = pose - step
    return better if np.isfinite(better).all() and better[5] > 0 else None


def _deviations(pose: Numbers, seen: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Each landmark's distance from the mean head's in standard deviations, errors (136) and their slopes (136 x 6)."""
    projected, slopes = cv2.projectPoints(MEAN_HEAD_M, pose[:3], pose[3:], _PINHOLE, None)
    errors = projected[:, 0] - seen
    return np.linalg.norm(errors, axis=1) * pose[5] / _SIGMA_M, errors.reshape(-1), slopes[:, :6]


def _roll_pitch_yaw(rotation: Numbers) -> tuple[float, float, float]:
    """Of a rotation about x by roll, then y by pitch, then z by yaw (fixed axes)."""
    roll = np.arctan2(rotation[2, 1], rotation[2, 2])
    pitch = np.arcsin(np.clip(-rotation[2, 0], -1.0, 1.0))
    yaw = np.arctan2(rotation[1, 0], rotation[0, 0])
    return float(roll), float(pitch), float(yaw)
