"""A head's pose, steadied over time: a head at rest is averaged, a head that moves is followed.

The One Euro filter (Casiez, Roussel and Vogel, CHI 2012), for places and for turns: a low pass whose cutoff rises with
the speed, so that what it lags behind stays below a fixed angle and a fixed way.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rednet_ros.tracking.head_pose import face_axes, pose_of_axes
from rednet_ros.tracking.types import HeadPose

Numbers = NDArray[np.float64]

MAX_LAG_RAD = math.radians(4.0)
MAX_LAG = 0.02
"""Of the distance; in places a moving head is followed as closely as this."""

SPEED_CUTOFF_HZ = 1.0
"""Of the speeds by which the cutoff is chosen: jitter is no speed."""


@dataclass(frozen=True, eq=False)
class SteadyPose:
    """What is kept from image to image, and the pose that comes out. `turning_rad_s`, `moving_m_s`: 3 numbers each."""

    pose: HeadPose
    turning_rad_s: Numbers
    moving_m_s: Numbers


def steadied(before: SteadyPose | None, seen: HeadPose, step_s: float, smoothing_s: float) -> SteadyPose:
    """The pose after one more image, `step_s` after the one before; None before: the first one.

    `smoothing_s`: time over which a head at rest is averaged; 0: `seen` as it is.
    """
    if before is None or step_s <= 0 or smoothing_s <= 0:
        return SteadyPose(seen, np.zeros(3), np.zeros(3))
    old_axes, old_place = face_axes(before.pose), np.array(before.pose.translation_m)
    turn: Numbers = cv2.Rodrigues(old_axes.T @ face_axes(seen))[0][:, 0]
    way = np.array(seen.translation_m) - old_place
    turning = _mixed(before.turning_rad_s, turn / step_s, _share(SPEED_CUTOFF_HZ, step_s))
    moving = _mixed(before.moving_m_s, way / step_s, _share(SPEED_CUTOFF_HZ, step_s))
    max_lag_m = MAX_LAG * float(np.linalg.norm(seen.translation_m))
    turned = turn * _share(_cutoff_hz(smoothing_s, turning, MAX_LAG_RAD), step_s)
    x, y, z = (old_place + way * _share(_cutoff_hz(smoothing_s, moving, max_lag_m), step_s)).tolist()
    axes = old_axes @ cv2.Rodrigues(turned)[0]
    return SteadyPose(pose_of_axes(axes, (x, y, z)), turning, moving)


def _cutoff_hz(smoothing_s: float, speed: Numbers, max_lag: float) -> float:
    """A low pass of time constant t lags behind a steady speed by speed times t."""
    return 1 / (2 * math.pi * smoothing_s) + float(np.linalg.norm(speed)) / (2 * math.pi * max_lag)


def _share(cutoff_hz: float, step_s: float) -> float:
    """Of the newest value, in a low pass of this cutoff."""
    return 1 / (1 + 1 / (2 * math.pi * cutoff_hz * step_s))


def _mixed(old: Numbers, new: Numbers, share: float) -> Numbers:
    mixed: Numbers = old + share * (new - old)
    return mixed
