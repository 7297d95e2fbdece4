"""The poses of tracked heads in their camera's newest image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rednet_ros.tracking.camera_model import CameraModel
from rednet_ros.tracking.head_pose import estimate_head_poses
from rednet_ros.tracking.pose_filter import steadied
from rednet_ros.tracking.track import Track


def posed(tracks: Sequence[Track], camera: CameraModel | None, step_s: float, smoothing_s: float) -> list[Track]:
    """The tracks with the poses that their landmarks show, `step_s` after the last image.

    Without a pose where there is no camera model, or the landmarks fit no head. `smoothing_s`: see `steadied`.
    """
    if camera is None:
        return [replace(track, pose=None) for track in tracks]
    landmarks_px = [track.landmarks_px for track in tracks]
    poses = estimate_head_poses(landmarks_px, [track.landmark_confidence for track in tracks], camera)
    return [
        replace(track, pose=None if seen is None else steadied(track.pose, seen, step_s, smoothing_s))
        for track, seen in zip(tracks, poses, strict=True)
    ]
