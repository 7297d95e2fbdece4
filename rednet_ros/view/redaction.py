"""The view's frames with nobody in them who can be recognised."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from rednet_ros.tracking.detector.models import Detector
from rednet_ros.tracking.redaction.hiding import Style
from rednet_ros.tracking.redaction.redactor import Redactor
from rednet_ros.tracking.types import ImageArray, Place
from rednet_ros.view.live_frame import LiveFrame


class FrameRedactor:
    """Hides faces in frames on their way to a view, its recordings included; as `Redactor`, so many frames late.

    Nobody steers by the view: that it lags by less than half a second costs less than a face shown until it is found.
    """

    def __init__(self, style: Style, detector: Detector) -> None:
        self._redactor = Redactor[LiveFrame](style, detector)

    def add(self, frame: LiveFrame, places: Sequence[Place]) -> list[LiveFrame]:
        """Take the next frame, with where faces are taken to be in it. Returns the frames that are ready."""
        return _hidden(self._redactor.add(frame.image_bgr, frame.time_s, places, frame))

    def finish(self) -> list[LiveFrame]:
        """The frames that are left when no more come."""
        return _hidden(self._redactor.finish())


def _hidden(ready: Iterable[tuple[ImageArray, LiveFrame]]) -> list[LiveFrame]:
    return [replace(frame, image_bgr=image_bgr) for image_bgr, frame in ready]
