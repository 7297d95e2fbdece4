"""A camera, and faces before it as the mean head shows itself there."""

from collections.abc import Callable

import numpy as np
import pytest

from rednet_ros.tracking.camera_model import CameraModel
from rednet_ros.tracking.head_pose import face_axes
from rednet_ros.tracking.mean_head import MEAN_HEAD_M
from rednet_ros.tracking.types import Box, Face, FaceStatus, HeadPose
from rednet_ros.view.live_frame import LiveFrame

CAMERA = CameraModel.from_field_of_view(640, 480, 53.0)

MakeFace = Callable[..., Face]
MakeFrame = Callable[..., LiveFrame]


def face(face_id: str = "f1", yaw_rad: float = 0.0, place_m: tuple[float, float, float] = (0.0, 0.0, 0.5)) -> Face:
    pose = HeadPose((0.0, 0.0, yaw_rad), place_m)
    landmarks_px = CAMERA.project(MEAN_HEAD_M @ face_axes(pose).T + place_m).astype(np.float32)
    confidence = np.linspace(0.2, 1.0, 68).astype(np.float32)
    return Face(face_id, FaceStatus.TRACKED, 0.9, Box.around(landmarks_px), landmarks_px, confidence, head_pose=pose)


def frame(number: int = 0, *faces: Face) -> LiveFrame:
    image = np.full((480, 640, 3), (60, 90 + number % 100, 120), np.uint8)
    return LiveFrame(image, faces or (face(),), number / 25, 0.02, CAMERA)


@pytest.fixture(scope="session")
def make_face() -> MakeFace:
    """`make_face("f1", yaw_rad=0.3, place_m=(0, 0, 1))`."""
    return face


@pytest.fixture(scope="session")
def make_frame() -> MakeFrame:
    """`make_frame(number, face, ...)`: of a stream of 25 Hz; one face if none is given."""
    return frame


@pytest.fixture(scope="session")
def camera() -> CameraModel:
    """Theirs: 640 x 480."""
    return CAMERA
