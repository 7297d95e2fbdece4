"""The faces' landmarks in space as sensor_msgs/PointCloud2."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

from rednet_ros.tracking.camera_model import CameraModel
from rednet_ros.tracking.head_pose import landmarks_in_space
from rednet_ros.tracking.types import Face

POINT = np.dtype(
    [
        ("x", "<f4"),
        ("y", "<f4"),
        ("z", "<f4"),
        ("confidence", "<f4"),
        ("landmark", "<u2"),
        ("face", "<u2"),
    ]
)
"""One point: metres in the optical frame, 0..1, which of the 68 landmarks, which face of the message `faces`."""

_FIELD_TYPES = {"<f4": PointField.FLOAT32, "<u2": PointField.UINT16}


def landmark_cloud(header: Header, camera: CameraModel | None, faces: Sequence[Face]) -> PointCloud2:
    """68 points of each face that has a pose, in the order of `faces`; NaN for a landmark where the lens sees nothing.

    The cloud is empty without a camera model: then no face has a pose.
    """
    posed = [] if camera is None else [(n, face) for n, face in enumerate(faces) if face.head_pose is not None]
    points = np.zeros((len(posed), 68), POINT)
    for row, (number, face) in zip(points, posed, strict=True):
        assert camera is not None
        assert face.head_pose is not None
        row["x"], row["y"], row["z"] = landmarks_in_space(face.head_pose, face.landmarks_px, camera).T
        row["confidence"] = face.landmark_confidence
        row["landmark"] = np.arange(68)
        row["face"] = number
    message = _cloud(header, points.ravel())
    message.is_dense = not np.isnan(points["x"]).any()
    return message


def _cloud(header: Header, points: NDArray[np.void]) -> PointCloud2:
    """By sensor_msgs_py, where it is installed; it is in no wheel."""
    fields = [_field(name) for name in POINT.names or ()]
    try:
        create_cloud = importlib.import_module("sensor_msgs_py.point_cloud2").create_cloud
    except ImportError:
        return _filled(header, fields, points)
    message: PointCloud2 = create_cloud(header, fields, points)
    return message


def _filled(header: Header, fields: list[PointField], points: NDArray[np.void]) -> PointCloud2:
    message = PointCloud2(
        header=header,
        height=1,
        width=points.size,
        fields=fields,
        is_bigendian=False,
        point_step=POINT.itemsize,
        row_step=points.nbytes,
    )
    # The generated setter takes an array of bytes as it is, but checks anything else value by value.
    message.data.frombytes(points.tobytes())
    return message


def _field(name: str) -> PointField:
    assert POINT.fields is not None
    kind, offset = POINT.fields[name][:2]
    return PointField(name=name, offset=offset, datatype=_FIELD_TYPES[kind.str], count=1)
