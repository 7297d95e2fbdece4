"""What an output is given for every tracked image, and what it must do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from std_msgs.msg import Header

from rednet_ros.tracking.camera_model import CameraModel
from rednet_ros.tracking.types import Face, ImageArray, Place


@dataclass(frozen=True)
class FrameResult:
    """One camera's tracked image: what the outputs are made from.

    `header`: the image's, unchanged (but for a frame set by parameter). `image_bgr`: H x W x 3 uint8, maybe the
    message's own memory: do not write to it. `camera_model`: how this image was taken, calibrated or assumed; None
    where neither is known. `places`: where the tracker takes faces to be, the unconfirmed and the lost included.
    """

    camera: str
    header: Header
    image_bgr: ImageArray
    faces: Sequence[Face]
    camera_model: CameraModel | None
    weights_name: str
    places: Sequence[Place] = ()


class Output(Protocol):
    """Something published for every tracked image of a camera; created in `outputs.make_outputs`."""

    def is_wanted(self) -> bool:
        """Whether `publish` has anything to do."""

    def has_subscribers(self) -> bool:
        """Whether it has a subscriber; those of a topic that many nodes share, as /tf, do not count."""

    def publish(self, result: FrameResult) -> None:
        """Publish it; called in the inference thread."""

    def pause(self) -> None:
        """The camera's images are unsubscribed for now."""

    def close(self) -> None:
        """Destroy the publishers."""
