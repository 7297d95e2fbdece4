"""Tracked faces as RViz markers, in the camera's optical frame (REP-103: x right, y down, z forward).

Faces with a pose are drawn where they are, with the axes of REP 155 (red out of the face, green to its left, blue up).
Those without lie on a plane one metre ahead of the camera, on which the picture is one metre wide.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Point, Vector3
from numpy.typing import NDArray
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from rednet_ros.landmarks import CONTOURS
from rednet_ros.tracking.camera_model import CameraModel
from rednet_ros.tracking.head_pose import face_axes, landmarks_in_space
from rednet_ros.tracking.types import Face, HeadPose

PLANE_DISTANCE_M = 1.0
PLANE_WIDTH_M = 1.0
AXIS_M = 0.08
LIFETIME = Duration(sec=2)
"""Markers vanish by themselves when no more images come."""

_POINT_M, _LINE_M, _TEXT_M, _AXIS_WIDTH_M = 0.005, 0.002, 0.03, 0.006
_POINT_COLOR = ColorRGBA(r=1.0, g=0.85, b=0.2, a=1.0)
_LINE_COLOR = ColorRGBA(r=0.3, g=0.9, b=0.5, a=1.0)
_TEXT_COLOR = ColorRGBA(r=1.0, g=1.0, b=1.0, a=1.0)
_AXIS_COLORS = (
    ColorRGBA(r=0.9, g=0.2, b=0.2, a=1.0),
    ColorRGBA(r=0.2, g=0.8, b=0.2, a=1.0),
    ColorRGBA(r=0.3, g=0.4, b=1.0, a=1.0),
)


def face_markers(
    header: Header, image_shape: Sequence[int], faces: Sequence[Face], camera: CameraModel | None = None
) -> MarkerArray:
    """All markers of one image of `image_shape` (height, width, ...); they replace those of the image before."""
    markers = [Marker(header=header, action=Marker.DELETEALL)]
    for number, face in enumerate(faces):
        if camera is None or face.head_pose is None:
            points = on_plane(face.landmarks_px, image_shape)
        else:
            points = landmarks_in_space(face.head_pose, face.landmarks_px, camera).astype(np.float64)
            markers.append(_axes(header, number, face.head_pose))
        known = np.isfinite(points).all(axis=1)
        markers += [
            _marker(header, "landmarks", number, Marker.SPHERE_LIST, _POINT_M, _POINT_COLOR, _points(points[known])),
            _marker(header, "contours", number, Marker.LINE_LIST, _LINE_M, _LINE_COLOR, _points(_lines(points))),
            _label(header, number, face.id, points[known]),
        ]
    return MarkerArray(markers=markers)


def on_plane(points_px: NDArray[np.float32], image_shape: Sequence[int]) -> NDArray[np.float64]:
    """Pixels (N x 2) of an image of `image_shape` as N x 3 metres in the camera's optical frame."""
    height, width = image_shape[:2]
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    flat = (points_px - centre) * (PLANE_WIDTH_M / width)
    return np.column_stack([flat, np.full(len(flat), PLANE_DISTANCE_M)])


def _lines(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Start and end of every line of the face, one after the other; without those that have an end missing (NaN)."""
    ends: list[int] = []
    for indices, closed in CONTOURS:
        following = [*indices[1:], indices[0]] if closed else indices[1:]
        for pair in zip(indices, following, strict=False):
            ends.extend(pair)
    lines = points[ends].reshape(-1, 2, 3)
    return lines[np.isfinite(lines).all(axis=(1, 2))].reshape(-1, 3)


def _points(values: NDArray[np.float64]) -> list[Point]:
    return [Point(x=x, y=y, z=z) for x, y, z in values.tolist()]


def _marker(
    header: Header, namespace: str, number: int, kind: int, size_m: float, color: ColorRGBA, points: list[Point]
) -> Marker:
    marker = Marker(header=header, ns=namespace, id=number, type=kind, action=Marker.ADD, color=color, points=points)
    marker.scale = Vector3(x=size_m, y=size_m, z=size_m)
    marker.pose.orientation.w = 1.0
    marker.lifetime = LIFETIME
    return marker


def _axes(header: Header, number: int, pose: HeadPose) -> Marker:
    origin = np.array(pose.translation_m)
    tips = origin + AXIS_M * face_axes(pose).T
    ends = np.stack([np.broadcast_to(origin, (3, 3)), tips], axis=1).reshape(-1, 3)
    marker = _marker(header, "axes", number, Marker.LINE_LIST, _AXIS_WIDTH_M, _AXIS_COLORS[0], _points(ends))
    marker.colors = [color for color in _AXIS_COLORS for _ in range(2)]
    return marker


def _label(header: Header, number: int, text: str, points: NDArray[np.float64]) -> Marker:
    """Above the face; `points` (N x 3) are its landmarks."""
    marker = _marker(header, "ids", number, Marker.TEXT_VIEW_FACING, _TEXT_M, _TEXT_COLOR, [])
    x, _, z = points.mean(axis=0).tolist()
    marker.pose.position = Point(x=x, y=float(points[:, 1].min()) - 1.5 * _TEXT_M, z=z)
    marker.text = text
    return marker
