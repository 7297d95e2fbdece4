"""The pose of a tracked head in its camera's newest image."""

from __future__ import annotations

from dataclasses import replace

from rednet_ros.tracking.camera_model import CameraModel
from rednet_ros.tracking.head_pose import estimate_head_pose
from rednet_ros.tracking.pose_filter import steadied
from rednet_ros.tracking.track import Track


def posed(track: Track, camera: CameraModel | None, step_s: float, smoothing_s: float) -> Track:
    """The track with the pose that its landmarks show, `step_s` after the last image.

    Without a pose where there is no camera model, or the landmarks fit no head. `smoothing_s`: see `steadied`.
    """
    if camera is None:
        return replace(track, pose=None)
    seen = estimate_head_pose(track.landmarks_px, track.landmark_confidence, camera)
    return replace(track, pose=None if seen is None else steadied(track.pose, seen, step_s, smoothing_s))
