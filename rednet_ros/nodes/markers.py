"""Tracked faces as RViz markers, drawn on a picture plane in front of the camera.

Without a calibrated camera, landmarks are pixels. The markers put them on a plane one metre ahead of the camera (its
optical frame, REP-103: x right, y down, z forward) on which the picture is one metre wide.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from geometry_msgs.msg import Point, Vector3
from numpy.typing import NDArray
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from rednet_ros.landmarks import CONTOURS
from rednet_ros.tracking.types import Face

PLANE_DISTANCE_M = 1.0
PLANE_WIDTH_M = 1.0

_POINT_M, _LINE_M, _TEXT_M = 0.006, 0.003, 0.04
_POINT_COLOR = ColorRGBA(r=1.0, g=0.85, b=0.2, a=1.0)
_LINE_COLOR = ColorRGBA(r=0.3, g=0.9, b=0.5, a=1.0)
_TEXT_COLOR = ColorRGBA(r=1.0, g=1.0, b=1.0, a=1.0)


def face_markers(header: Header, image_shape: Sequence[int], faces: Sequence[Face]) -> MarkerArray:
    """All markers of one image of `image_shape` (height, width, ...); they replace those of the image before."""
    markers = [Marker(header=header, action=Marker.DELETEALL)]
    for number, face in enumerate(faces):
        points = on_plane(face.landmarks_px, image_shape)
        markers += [
            _marker(header, "landmarks", number, Marker.SPHERE_LIST, _POINT_M, _POINT_COLOR, _points(points)),
            _marker(header, "contours", number, Marker.LINE_LIST, _LINE_M, _LINE_COLOR, _points(_lines(points))),
            _label(header, number, face.id, points),
        ]
    return MarkerArray(markers=markers)


def on_plane(points_px: NDArray[np.float32], image_shape: Sequence[int]) -> NDArray[np.float64]:
    """Pixels (N x 2) of an image of `image_shape` as N x 3 metres in the camera's optical frame."""
    height, width = image_shape[:2]
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    flat = (points_px - centre) * (PLANE_WIDTH_M / width)
    return np.column_stack([flat, np.full(len(flat), PLANE_DISTANCE_M)])


def _lines(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Start and end of every line of the face, one after the other."""
    ends: list[int] = []
    for indices, closed in CONTOURS:
        following = [*indices[1:], indices[0]] if closed else indices[1:]
        for pair in zip(indices, following, strict=False):
            ends.extend(pair)
    return points[ends]


def _points(values: NDArray[np.float64]) -> list[Point]:
    return [Point(x=x, y=y, z=z) for x, y, z in values.tolist()]


def _marker(
    header: Header, namespace: str, number: int, kind: int, size_m: float, color: ColorRGBA, points: list[Point]
) -> Marker:
    marker = Marker(header=header, ns=namespace, id=number, type=kind, action=Marker.ADD, color=color, points=points)
    marker.scale = Vector3(x=size_m, y=size_m, z=size_m)
    marker.pose.orientation.w = 1.0
    return marker


def _label(header: Header, number: int, text: str, points: NDArray[np.float64]) -> Marker:
    marker = _marker(header, "ids", number, Marker.TEXT_VIEW_FACING, _TEXT_M, _TEXT_COLOR, [])
    top = points[:, 1].min() - _TEXT_M
    marker.pose.position = Point(x=float(points[:, 0].mean()), y=float(top), z=PLANE_DISTANCE_M)
    marker.text = text
    return marker
