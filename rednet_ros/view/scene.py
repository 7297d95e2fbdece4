"""The heads in space: landmarks, contours, axes and ids before the camera with its image. Metres, optical frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import viser
from numpy.typing import NDArray

from rednet_ros.landmarks import CONTOURS
from rednet_ros.tracking.camera_model import CameraModel
from rednet_ros.tracking.draw import Color, confidence_color, id_color
from rednet_ros.tracking.head_pose import face_axes, landmarks_in_space
from rednet_ros.tracking.types import Face, ImageArray

AXIS_M = 0.06
IMAGE_DISTANCE_M = 0.2
"""From the camera to its picture in the scene."""

_POINT_M, _LINE_M, _AXIS_LINE_M, _FRUSTUM_LINE_M = 0.0035, 0.0012, 0.003, 0.0015
_LABEL_ABOVE_M = 0.05
_AXIS_COLORS = ((70, 70, 235), (90, 205, 70), (255, 120, 90))  # x, y, z
_FRUSTUM_COLOR = (150, 150, 150)
_VIEW_FROM_M, _VIEW_TO_M = (1.12, -0.54, -0.2), (0.0, 0.0, 0.33)
_VIEW_ANGLE_RAD = 0.75


def _segments() -> NDArray[np.intp]:
    """The two landmarks at the ends of each line of a face: L x 2."""
    ends = [
        pair
        for indices, closed in CONTOURS
        for pair in zip(indices, (*indices[1:], indices[0]) if closed else indices[1:], strict=False)
    ]
    return np.array(ends)


_SEGMENTS = _segments()


class Label(NamedTuple):
    """A text and where it stands: 3 float32 metres."""

    text: str
    place: NDArray[np.float32]


class Heads(NamedTuple):
    """What is drawn of all faces that have a pose: `points` N x 3, `lines` and `axes` of N x 2 x 3, float32 metres.
    Their colours (RGB uint8) have the same shapes. `labels`: by id."""

    points: NDArray[np.float32]
    point_colors: NDArray[np.uint8]
    lines: NDArray[np.float32]
    line_colors: NDArray[np.uint8]
    axes: NDArray[np.float32]
    axis_colors: NDArray[np.uint8]
    labels: dict[str, Label]


def heads(faces: Sequence[Face], camera: CameraModel) -> Heads | None:
    """The faces before this camera; None where none has a pose."""
    parts = [_head(face, camera) for face in faces if face.head_pose is not None]
    if not parts:
        return None
    return Heads(
        np.concatenate([part.points for part in parts]),
        np.concatenate([part.point_colors for part in parts]),
        np.concatenate([part.lines for part in parts]),
        np.concatenate([part.line_colors for part in parts]),
        np.concatenate([part.axes for part in parts]),
        np.concatenate([part.axis_colors for part in parts]),
        {face_id: place for part in parts for face_id, place in part.labels.items()},
    )


def _head(face: Face, camera: CameraModel) -> Heads:
    assert face.head_pose is not None
    points = landmarks_in_space(face.head_pose, face.landmarks_px, camera)
    known = np.isfinite(points).all(axis=1)
    lines = points[_SEGMENTS]
    lines = lines[np.isfinite(lines).all(axis=(1, 2))]
    origin = np.array(face.head_pose.translation_m, np.float32)
    tips = origin + AXIS_M * face_axes(face.head_pose).T.astype(np.float32)
    axes = np.stack([np.broadcast_to(origin, (3, 3)), tips], axis=1)
    above = origin + _LABEL_ABOVE_M * face_axes(face.head_pose)[:, 2].astype(np.float32)
    colors = np.array([_rgb(confidence_color(float(value))) for value in face.landmark_confidence], np.uint8)
    return Heads(
        points[known],
        colors[known],
        lines,
        np.broadcast_to(_line_rgb(id_color(face.id)), lines.shape),
        axes,
        np.repeat(np.array([_line_rgb(color) for color in _AXIS_COLORS])[:, None], 2, axis=1),
        {face.id: Label(f"{face.id}  {float(np.linalg.norm(origin)):.1f} m", above)},
    )


class Scene:
    """Draws into viser's scene. One thread uses it."""

    def __init__(self, server: viser.ViserServer) -> None:
        self._scene = server.scene
        self._scene.set_up_direction("-y")
        server.initial_camera.position = _VIEW_FROM_M
        server.initial_camera.look_at = _VIEW_TO_M
        server.initial_camera.fov = _VIEW_ANGLE_RAD
        self._frustum: viser.CameraFrustumHandle | None = None
        self._camera: CameraModel | None = None
        self._nodes: dict[str, viser.SceneNodeHandle] = {}
        self._labels: dict[str, viser.LabelHandle] = {}

    def show(self, faces: Sequence[Face], camera: CameraModel | None, image_rgb: ImageArray) -> None:
        """Replace what is shown. `image_rgb`: the picture before the camera, of any size."""
        if camera is not None:
            self._show_camera(camera, image_rgb)
        shown = heads(faces, camera) if camera is not None else None
        if shown is None:
            for node in self._nodes.values():
                node.visible = False
        else:
            self._show_points(shown)
            self._show_lines("contours", shown.lines, shown.line_colors, _LINE_M)
            self._show_lines("axes", shown.axes, shown.axis_colors, _AXIS_LINE_M)
        self._show_labels({} if shown is None else shown.labels)

    def _show_camera(self, camera: CameraModel, image_rgb: ImageArray) -> None:
        """A pinhole of the same focal length: distortion is not drawn."""
        if self._frustum is None or camera != self._camera:
            height = camera.height_px / camera.focal_px[1]
            self._frustum = self._scene.add_camera_frustum(
                "/camera",
                fov=2 * float(np.arctan(height / 2)),
                aspect=camera.width_px / camera.focal_px[0] / height,
                thickness=_FRUSTUM_LINE_M,
                color=_FRUSTUM_COLOR,
                format="jpeg",
                image=image_rgb,
                cast_shadow=False,
                receive_shadow=False,
            )
            self._frustum.scale = IMAGE_DISTANCE_M / self._frustum.compute_canonical_frustum_size()[2]
            self._camera = camera
        else:
            self._frustum.image = image_rgb

    def _show_points(self, shown: Heads) -> None:
        node = self._nodes.get("landmarks")
        if isinstance(node, viser.PointCloudHandle) and len(node.points) == len(shown.points):
            node.points, node.colors, node.visible = shown.points, shown.point_colors, True
        else:
            self._nodes["landmarks"] = self._scene.add_point_cloud(
                "/heads/landmarks",
                shown.points,
                shown.point_colors,
                point_size=_POINT_M,
                point_shape="circle",
                precision="float32",
            )

    def _show_lines(self, name: str, lines: NDArray[np.float32], colors: NDArray[np.uint8], thickness_m: float) -> None:
        node = self._nodes.get(name)
        if isinstance(node, viser.LineSegmentsHandle) and len(node.points) == len(lines):
            node.points, node.colors, node.visible = lines, colors, True
        else:
            self._nodes[name] = self._scene.add_line_segments(f"/heads/{name}", lines, colors, thickness=thickness_m)

    def _show_labels(self, labels: dict[str, Label]) -> None:
        for face_id in self._labels.keys() - labels.keys():
            self._labels.pop(face_id).remove()
        for face_id, (text, place) in labels.items():
            if (node := self._labels.get(face_id)) is None:
                name = f"/heads/ids/{face_id.encode().hex()}"  # an enrolled person's may hold a slash
                self._labels[face_id] = self._scene.add_label(name, text, position=place, anchor="bottom-center")
                continue
            node.position = place
            if node.text != text:
                node.text = text


def _line_rgb(color: Color) -> NDArray[np.uint8]:
    """As viser's page wants the colours of lines: it takes them for linear light, and those of points for sRGB."""
    return np.rint(255 * (np.array(_rgb(color)) / 255) ** 2.2).astype(np.uint8)


def _rgb(color: Color) -> Color:
    blue, green, red = color
    return red, green, blue
