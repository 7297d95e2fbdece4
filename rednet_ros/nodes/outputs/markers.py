"""Tracked faces as RViz markers, in the camera's optical frame (REP-103: x right, y down, z forward).

Faces with a pose are drawn where they are, with the axes of REP 155 (red out of the face, green to its left, blue up).
Those without lie on a plane one metre ahead of the camera, on which the picture is one metre wide. The camera itself is
the corner from which the edges of its picture go out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Point, Vector3
from numpy.typing import NDArray
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from rednet_ros.landmarks import CONTOURS, REGIONS
from rednet_ros.tracking.camera_model import CameraModel
from rednet_ros.tracking.head_pose import face_axes, landmarks_in_space
from rednet_ros.tracking.types import Face, HeadPose

PLANE_DISTANCE_M = 1.0
PLANE_WIDTH_M = 1.0
AXIS_M = 0.05
"""A third of a head's width."""
LIFETIME = Duration(sec=2)
"""Markers vanish by themselves when no more images come."""


def _line_ends() -> list[tuple[int, int]]:
    """The landmarks at the ends of every line of a face."""
    pairs: list[tuple[int, int]] = []
    for indices, closed in CONTOURS:
        following = [*indices[1:], indices[0]] if closed else indices[1:]
        pairs += zip(indices, following, strict=False)
    return pairs


def _color(red: float, green: float, blue: float) -> ColorRGBA:
    return ColorRGBA(r=red, g=green, b=blue, a=1.0)


REGION_COLORS = {
    "jaw": _color(0.8, 0.8, 0.8),
    "right_brow": _color(1.0, 0.75, 0.2),
    "left_brow": _color(1.0, 0.75, 0.2),
    "nose": _color(0.7, 0.55, 1.0),
    "right_eye": _color(0.3, 0.85, 1.0),
    "left_eye": _color(0.3, 0.85, 1.0),
    "outer_mouth": _color(1.0, 0.4, 0.55),
    "inner_mouth": _color(1.0, 0.7, 0.75),
}
"""Of the landmarks and contours; docs/geometry.md lists them."""

_POINT_M, _LINE_M, _AXIS_WIDTH_M = 0.004, 0.002, 0.004
_LABEL_M, _LABEL_WIDTH_M = 0.03, 0.14
"""Height of a label's letters, and its greatest width: a head's."""
_LETTER_WIDTH = 0.65
"""Of its height; in RViz's font, the mean of digits and small letters."""
_CAMERA_M = 0.25
_TEXT_COLOR = _color(1.0, 1.0, 1.0)
_CAMERA_COLOR = _color(0.5, 0.5, 0.55)
_AXIS_COLORS = (_color(0.9, 0.2, 0.2), _color(0.2, 0.8, 0.2), _color(0.3, 0.4, 1.0))
_LINE_ENDS = np.array(_line_ends())
_POINT_COLORS = [color for name, indices in REGIONS.items() for color in [REGION_COLORS[name]] * len(indices)]


def face_markers(
    header: Header, image_shape: Sequence[int], faces: Sequence[Face], camera: CameraModel | None = None
) -> MarkerArray:
    """All markers of one image of `image_shape` (height, width, ...); they replace those of the image before.

    Namespaces: `landmarks`, `contours`, `ids` and, with a pose, `axes`, whose ids are the places in `faces`; `camera`.
    """
    markers = [Marker(header=header, action=Marker.DELETEALL)]
    if camera is not None:
        markers.append(_camera(header, camera))
    landmarks = []
    for number, face in enumerate(faces):
        if camera is None or face.head_pose is None:
            points = on_plane(face.landmarks_px, image_shape)
        else:
            points = landmarks_in_space(face.head_pose, face.landmarks_px, camera).astype(np.float64)
            markers.append(_axes(header, number, face.head_pose))
        landmarks.append(points)
        is_known = np.asarray(np.isfinite(points).all(axis=1))
        known, ends = np.flatnonzero(is_known), _LINE_ENDS[is_known[_LINE_ENDS].all(axis=1)].ravel()
        markers += [
            _marker(header, "landmarks", number, Marker.SPHERE_LIST, _POINT_M, points[known], _colors(known)),
            _marker(header, "contours", number, Marker.LINE_LIST, _LINE_M, points[ends], _colors(ends)),
        ]
    markers += _labels(header, [face.id for face in faces], landmarks)
    return MarkerArray(markers=markers)


def on_plane(points_px: NDArray[np.float32], image_shape: Sequence[int]) -> NDArray[np.float64]:
    """Pixels (N x 2) of an image of `image_shape` as N x 3 metres in the camera's optical frame."""
    height, width = image_shape[:2]
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    flat = (points_px - centre) * (PLANE_WIDTH_M / width)
    return np.column_stack([flat, np.full(len(flat), PLANE_DISTANCE_M)])


def _colors(indices: NDArray[np.intp]) -> list[ColorRGBA]:
    return [_POINT_COLORS[index] for index in indices.tolist()]


def _marker(
    header: Header,
    namespace: str,
    number: int,
    kind: int,
    size_m: float,
    points: NDArray[np.float64],
    colors: Sequence[ColorRGBA],
) -> Marker:
    """`points`: N x 3; `colors`: one for each of them, or one for all."""
    marker = Marker(header=header, ns=namespace, id=number, type=kind, action=Marker.ADD)
    marker.points = [Point(x=x, y=y, z=z) for x, y, z in points.tolist()]
    marker.color = colors[0] if colors else _TEXT_COLOR
    marker.colors = list(colors) if len(colors) == len(points) else []
    marker.scale = Vector3(x=size_m, y=size_m, z=size_m)
    marker.pose.orientation.w = 1.0
    marker.lifetime = LIFETIME
    return marker


def _axes(header: Header, number: int, pose: HeadPose) -> Marker:
    origin = np.array(pose.translation_m)
    tips = origin + AXIS_M * face_axes(pose).T
    ends = np.stack([np.broadcast_to(origin, (3, 3)), tips], axis=1).reshape(-1, 3)
    colors = [color for color in _AXIS_COLORS for _ in range(2)]
    return _marker(header, "axes", number, Marker.LINE_LIST, _AXIS_WIDTH_M, ends, colors)


def _camera(header: Header, camera: CameraModel) -> Marker:
    """From the camera to the corners of its picture, and around it; without corners that the lens does not see."""
    right, bottom = camera.width_px - 0.5, camera.height_px - 0.5
    corners_px = np.array([(-0.5, -0.5), (right, -0.5), (right, bottom), (-0.5, bottom)], np.float32)
    corners = _CAMERA_M * camera.rays(corners_px)
    pairs = [*((np.zeros(3), corner) for corner in corners), *zip(corners, np.roll(corners, -1, axis=0), strict=True)]
    ends = np.array([pair for pair in pairs if np.isfinite(pair).all()]).reshape(-1, 3)
    return _marker(header, "camera", 0, Marker.LINE_LIST, _LINE_M, ends, [_CAMERA_COLOR])


def _labels(header: Header, texts: Sequence[str], landmarks: Sequence[NDArray[np.float64]]) -> list[Marker]:
    """One above each face. What would cover another label, as the camera sees them, goes above that one."""
    markers, placed = [], np.empty((0, 4))
    order = sorted(range(len(texts)), key=lambda number: -np.nanmin(landmarks[number][:, 1]))
    for number in order:
        points, text = landmarks[number], texts[number]
        size_m = min(_LABEL_M, _LABEL_WIDTH_M / (_LETTER_WIDTH * max(1, len(text))))
        x, _, z = np.nanmean(points, axis=0).tolist()
        top, bottom = np.nanmin(points[:, 1]), np.nanmax(points[:, 1])
        depth = max(z, 0.1)
        half = np.array([_LETTER_WIDTH * len(text), 1.4]) * size_m / 2 / depth
        place = np.array([x, top - 0.4 * (bottom - top)]) / depth
        for _ in placed:  # each of them is passed once at most
            hit = placed[(np.abs(placed[:, :2] - place) < placed[:, 2:] + half).all(axis=1)]
            if not len(hit):
                break
            place[1] = (hit[:, 1] - hit[:, 3]).min() - 1.001 * half[1]
        placed = np.vstack([placed, [*place, *half]])
        marker = _marker(header, "ids", number, Marker.TEXT_VIEW_FACING, size_m, np.empty((0, 3)), [_TEXT_COLOR])
        marker.pose.position = Point(x=x, y=float(place[1] * depth), z=z)
        marker.text = text
        markers.append(marker)
    return sorted(markers, key=lambda marker: marker.id)
