"""The camera that frames a posed head, where its landmarks fall in the picture, and the head's pose before it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rednet_ros.training.rendering.geometry import FloatArray, look_at, perspective, rotation
from rednet_ros.training.rendering.gl.renderer import View
from rednet_ros.training.rendering.head import HeadModel
from rednet_ros.training.rendering.landmarks import SeenLandmarks
from rednet_ros.training.rendering.pose import PosedHead
from rednet_ros.training.rendering.scene import Camera, Pose

SELLION = 27 - 17
"""Row of the landmark between nose and forehead in `PosedHead.landmarks`."""

FACE_IN_RIG = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
"""Axes of a face by REP 155 (x out of it, y to its left, z up) in the rig's (x to its left, y up, z out of it)."""

OPTICAL = np.diag([1.0, -1.0, -1.0])
"""From the scene's axes (x right, y up, z to the camera) to those of an optical frame."""


@dataclass(frozen=True, eq=False)
class Lens:
    """A camera that looks along -z from `eye` at `middle` (dm).

    `focal` in half picture widths; `shift`: how far its picture is moved (x right, y down, half picture widths);
    `planes`: nearest and furthest distance.
    """

    eye: FloatArray
    middle: FloatArray
    focal: float
    shift: tuple[float, float]
    planes: tuple[float, float]

    def moved(self, right: float, down: float, zoom: float) -> Lens:
        """The same camera with its picture moved by parts of the picture's width and zoomed."""
        shift = (self.shift[0] * zoom + 2 * right, self.shift[1] * zoom + 2 * down)
        return replace(self, focal=self.focal * zoom, shift=shift)

    @property
    def view(self) -> View:
        """What the renderer needs of it."""
        lens = perspective(self.focal, self.shift[0], -self.shift[1], *self.planes)
        return View(lens @ look_at(self.eye, self.middle), self.eye, self.middle)


def frame_head(model: HeadModel, head: PosedHead, camera: Camera, roll_rad: float) -> Lens:
    """A camera straight in front of the face, its picture cut so that the landmarks' box is framed as asked."""
    middle = head.landmarks.mean(axis=0).astype(np.float64)
    eye = middle + np.array([0, 0, camera.distance_dm])
    planes = max(camera.distance_dm - 3.0, 0.3), camera.distance_dm + 6.0
    plain = Lens(eye, middle, 1.0, (0.0, 0.0), planes)
    # In a picture of 2 x 2 pixels, pixel coordinates are half picture widths plus one half.
    points = landmarks_through(model, head, plain, roll_rad, 2).points_px - 0.5
    low, high = points.min(axis=0), points.max(axis=0)
    focal = 2 / camera.framing / float((high - low).max())
    shift = 2 * np.array(camera.shift) - focal * (low + high) / 2
    return replace(plain, focal=focal, shift=(float(shift[0]), float(shift[1])))


def landmarks_through(model: HeadModel, head: PosedHead, lens: Lens, roll_rad: float, size_px: int) -> SeenLandmarks:
    """The landmarks of a posed head in a camera's picture of size_px x size_px."""
    return model.landmarks.seen(head.body.vertices, head.landmarks, lens.view.matrix, size_px, roll_rad)


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
