"""The camera that frames a posed head, and where its landmarks fall in the picture."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rednet_ros.training.rendering.geometry import look_at, perspective
from rednet_ros.training.rendering.gl.renderer import View
from rednet_ros.training.rendering.head import HeadModel
from rednet_ros.training.rendering.landmarks import SeenLandmarks
from rednet_ros.training.rendering.pose import PosedHead
from rednet_ros.training.rendering.scene import Camera


@dataclass(frozen=True, eq=False)
class Framed:
    """A view, the landmarks in it (pixels of a picture of the given side) and its near and far planes."""

    view: View
    landmarks: SeenLandmarks
    planes: tuple[float, float]


def frame_head(model: HeadModel, head: PosedHead, camera: Camera, roll_rad: float, size_px: int) -> Framed:
    """A camera straight in front of the face, its picture cut so that the landmarks' box is framed as asked."""
    middle = head.landmarks.mean(axis=0).astype(np.float64)
    eye = middle + np.array([0, 0, camera.distance_dm])
    planes = max(camera.distance_dm - 3.0, 0.3), camera.distance_dm + 6.0
    view = look_at(eye, middle)
    plain = perspective(1.0, 0.0, 0.0, *planes) @ view
    seen = model.landmarks.seen(head.body.vertices, head.landmarks, plain, 2, roll_rad)
    # In a picture of 2 x 2 pixels, pixel coordinates are OpenGL's device coordinates plus one half, with y downwards.
    device = seen.points_px - 0.5
    low, high = device.min(axis=0), device.max(axis=0)
    focal = 2 / camera.framing / float((high - low).max())
    shift = 2 * np.array(camera.shift) - focal * (low + high) / 2
    matrix = perspective(focal, float(shift[0]), -float(shift[1]), *planes) @ view
    points = ((device * focal + shift + 1) / 2 * size_px - 0.5).astype(np.float32)
    return Framed(View(matrix, eye, middle), replace(seen, points_px=points), planes)
