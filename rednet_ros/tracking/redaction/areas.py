"""Where the faces of an image are, or may be: what has to be hidden."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rednet_ros.landmarks import REGIONS
from rednet_ros.tracking.detector.models import Detector
from rednet_ros.tracking.types import Box, Detection, FloatArray, ImageArray, Place

FOREHEAD = 0.6
"""Height of the forehead above the brows, as a share of the way from the chin to where the nose meets the forehead."""

MARGIN = 0.12
"""Around a face, as a share of its side: ears, and what landmarks are wrong by."""

GROWTH_1_S = 1.0
"""A face that is not seen may be further away by so many sides a second."""

MAX_GROWTH = 0.75
"""And by no more than so many sides: it has gone, or is found elsewhere."""

_CHIN, _NOSE_BRIDGE = 8, 27
_BROWS = [*REGIONS["right_brow"], *REGIONS["left_brow"]]


@dataclass(frozen=True)
class Area:
    """Part of an image that shows a face: the convex hull of `outline_px` (N x 2), and `margin_px` around it.

    `side_px`: of the face. `track`: id of the track whose place it is, empty for what only the detector saw.
    `is_seen`: the face was seen there in this very image.
    """

    outline_px: FloatArray
    margin_px: float
    side_px: float
    track: str = ""
    is_seen: bool = True

    def grown(self, elapsed_s: float) -> Area:
        """Where the face may be, some time before or after."""
        more_px = self.side_px * min(GROWTH_1_S * elapsed_s, MAX_GROWTH)
        return replace(self, margin_px=self.margin_px + more_px, is_seen=False)


def areas(image_bgr: ImageArray, places: Sequence[Place], detector: Detector) -> list[Area]:
    """The areas of the tracker's `places` in this image, and of what `detector` sees in it, H x W x 3 uint8.

    A detection where a track saw its face belongs to that track.
    """
    tracked = [of_place(place) for place in places]
    seen = [(area, Box.around(area.outline_px)) for area in tracked if area.is_seen]
    found = []
    for detection in detector.detect(image_bgr):
        owner = next((area.track for area, box in seen if _holds(box, detection.box.center)), "")
        found.append(replace(of_detection(detection), track=owner))
    return [area for area in tracked + found if np.isfinite(area.outline_px).all()]


def of_place(place: Place) -> Area:
    """From the chin to the hairline, and more the longer the face has not been seen."""
    points = place.landmarks_px
    up = FOREHEAD * (points[_NOSE_BRIDGE] - points[_CHIN])
    outline = np.concatenate([points, points[_BROWS] + up]).astype(np.float32)
    box = place.box
    side_px = max(box.width, box.height)
    area = Area(outline, MARGIN * side_px, side_px, place.track)
    return area.grown(place.unseen_s) if place.unseen_s else area


def of_detection(detection: Detection) -> Area:
    """The detector's box, which reaches from the chin to the forehead."""
    box = detection.box
    right, bottom = box.x + box.width, box.y + box.height
    corners = np.array([(box.x, box.y), (right, box.y), (right, bottom), (box.x, bottom)], np.float32)
    side_px = max(box.width, box.height)
    return Area(corners, MARGIN * side_px, side_px)


def _holds(box: Box, point: tuple[float, float]) -> bool:
    return 0 <= point[0] - box.x <= box.width and 0 <= point[1] - box.y <= box.height
