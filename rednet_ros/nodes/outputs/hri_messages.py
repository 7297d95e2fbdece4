"""Tracked faces as the messages of ROS4HRI (REP 155). Those of hri_msgs 2 are meant; the package is optional."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from rednet_ros.errors import InputError
from rednet_ros.nodes.outputs.messages import bgr_image
from rednet_ros.tracking.types import Box, Face, ImageArray

LANDMARK_COUNT = 70
"""The 68 in the iBUG order, then the pupils, which are not estimated."""

CROP_WIDTH_PX, CROP_HEIGHT_PX = 128, 128
"""Of /cropped: REP 155's defaults of /humans/faces/width and /height. ROS 2 has no global parameters to set them."""

FOREHEAD = 0.28
"""The region of a face is the box around its landmarks, raised by this much of its longer side: landmarks end at the
brows, and those who recognise faces and expressions were trained on whole ones. As in `tracking.calibration`."""


@dataclass(frozen=True)
class HriTypes:
    """The message classes of hri_msgs."""

    ids_list: type
    region: type
    landmarks: type
    point: type


def load_types() -> HriTypes:
    """The classes of the installed hri_msgs. Raises InputError where it is not installed, or lacks one of them."""
    try:
        messages = importlib.import_module("hri_msgs.msg")
        return HriTypes(
            messages.IdsList,
            messages.NormalizedRegionOfInterest2D,
            messages.FacialLandmarks,
            messages.NormalizedPointOfInterest2D,
        )
    except (ImportError, AttributeError) as error:
        raise InputError(
            f"parameter 'ros4hri' needs the messages of hri_msgs 2 ({error}): install ros-$ROS_DISTRO-hri-msgs, "
            "or build github.com/ros4hri/hri_msgs (branch humble-devel) in the workspace"
        ) from error


def face_region(face: Face, image_shape: Sequence[int]) -> Box:
    """The whole face, forehead to chin, in pixels; the part of it that is inside the image of (height, width, ...)."""
    height, width = image_shape[:2]
    raised_px = FOREHEAD * max(face.box.width, face.box.height)
    left, right = np.clip((face.box.x, face.box.x + face.box.width), 0, width - 1).tolist()
    top, bottom = np.clip((face.box.y - raised_px, face.box.y + face.box.height), 0, height - 1).tolist()
    return Box(left, top, right - left, bottom - top)


def region_message(types: HriTypes, header: Header, image_shape: Sequence[int], face: Face) -> Any:
    """`face_region` in parts of the image's size, 0 to 1."""
    height, width = image_shape[:2]
    box = face_region(face, image_shape)
    return types.region(
        header=header,
        xmin=_part(box.x, width),
        ymin=_part(box.y, height),
        xmax=_part(box.x + box.width, width),
        ymax=_part(box.y + box.height, height),
        c=float(np.clip(face.confidence, 0.0, 1.0)),
    )


def landmarks_message(types: HriTypes, header: Header, image_shape: Sequence[int], face: Face) -> Any:
    """The landmarks in parts of the image's size, 0 to 1, of its header.

    Confidence 0, and no meaning, have the pupils and what lies outside the image (at its border, as the message allows
    no other place).
    """
    height, width = image_shape[:2]
    size = np.array([width, height])
    wanted = (face.landmarks_px + 0.5) / size
    parts = np.clip(wanted, 0.0, 1.0)
    confidence = np.where((parts == wanted).all(axis=1), np.clip(face.landmark_confidence, 0.0, 1.0), 0.0)
    points = [types.point(x=x, y=y, c=c) for (x, y), c in zip(parts.tolist(), confidence.tolist(), strict=True)]
    points += [types.point(x=0.0, y=0.0, c=0.0) for _ in range(LANDMARK_COUNT - len(points))]
    return types.landmarks(header=header, height=height, width=width, landmarks=points)


def cropped_image(header: Header, image_bgr: ImageArray, face: Face) -> Image:
    """The face's region, scaled to fit CROP_WIDTH_PX x CROP_HEIGHT_PX, centred on black: bgr8."""
    box = face_region(face, image_bgr.shape)
    left, top = round(box.x), round(box.y)
    region = image_bgr[top : round(box.y + box.height) + 1, left : round(box.x + box.width) + 1]
    scale = min(CROP_WIDTH_PX / region.shape[1], CROP_HEIGHT_PX / region.shape[0])
    width = int(np.clip(round(region.shape[1] * scale), 1, CROP_WIDTH_PX))
    height = int(np.clip(round(region.shape[0] * scale), 1, CROP_HEIGHT_PX))
    canvas = np.zeros((CROP_HEIGHT_PX, CROP_WIDTH_PX, 3), np.uint8)
    x, y = (CROP_WIDTH_PX - width) // 2, (CROP_HEIGHT_PX - height) // 2
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas[y : y + height, x : x + width] = cv2.resize(region, (width, height), interpolation=interpolation)
    return bgr_image(header, canvas)


def _part(position_px: float, size_px: int) -> float:
    """Of the image's size; pixel centres are at integers."""
    return (position_px + 0.5) / size_px
