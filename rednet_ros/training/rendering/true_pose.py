"""The true pose of a rendered head, and the camera that took it: what a pose estimate is measured against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rednet_ros.training.rendering.arrays import FloatArray
from rednet_ros.training.rendering.framing import Lens
from rednet_ros.training.rendering.geometry import rotation
from rednet_ros.training.rendering.pose import PosedHead
from rednet_ros.training.rendering.scene import Pose

SELLION = 27 - 17
"""Row of the landmark between nose and forehead in `PosedHead.landmarks`."""

FACE_IN_RIG = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
"""Axes of a face by REP 155 (x out of it, y to its left, z up) in the rig's (x to its left, y up, z out of it)."""

OPTICAL = np.diag([1.0, -1.0, -1.0])
"""From the scene's axes (x right, y up, z to the camera) to those of an optical frame."""


@dataclass(frozen=True, eq=False)
class TruePose:
    """`axes`: 3 x 3, the face's own axes in the camera's optical frame, as columns. `place_m`: its sellion there."""

    axes: FloatArray
    place_m: FloatArray


def true_pose(head: PosedHead, pose: Pose, lens: Lens) -> TruePose:
    """Pose of a head that was posed as `pose` says and is seen through `lens` (a camera that is not turned)."""
    turn = rotation(pose.yaw_rad, pose.pitch_rad, pose.roll_rad).astype(np.float64)
    return TruePose(OPTICAL @ turn @ FACE_IN_RIG, OPTICAL @ (head.landmarks[SELLION] - lens.eye) / 10.0)


def pinhole(lens: Lens, size_px: int) -> tuple[float, tuple[float, float]]:
    """Focal length and centre (x, y) in pixels, with pixel centres at integers, of pictures of size_px x size_px."""
    x, y = ((shift + 1) / 2 * size_px - 0.5 for shift in lens.shift)
    return lens.focal * size_px / 2, (x, y)
