"""Values that cross the borders of the tracking layer: frozen, with documented shapes."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from rednet_ros.media.images import ImageArray as ImageArray

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class Box:
    """An axis-aligned box in pixels of the image; `x`, `y` is its top left corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def center(self) -> tuple[float, float]:
        """Centre (x, y) in pixels."""
        return self.x + self.width / 2, self.y + self.height / 2

    @classmethod
    def around(cls, points: FloatArray) -> "Box":
        """The tight box around `points` (N x 2, pixels)."""
        left, top = np.minimum.reduce(points).tolist()  # half the time of points.min, and often asked for
        right, bottom = np.maximum.reduce(points).tolist()
        return cls(left, top, right - left, bottom - top)

    def overlap(self, other: "Box") -> float:
        """Intersection over union with `other`, 0..1."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        if width <= 0 or height <= 0:
            return 0.0
        intersection = width * height
        return intersection / (self.width * self.height + other.width * other.height - intersection)


@dataclass(frozen=True)
class Detection:
    """A face found by a detector.

    `box`: the detector's own box; `score`: 0..1; `points`: 5 x 2 float32 pixels (right eye, left eye, nose tip,
    right mouth corner, left mouth corner; the person's own sides) or None where the detector gives none.
    """

    box: Box
    score: float
    points: FloatArray | None = None


@dataclass(frozen=True)
class Place:
    """Where a tracker takes a face to be, whether it shows it to anybody or not. `track`: an id, of the tracker's own.

    `landmarks_px`: 68 x 2 float32, pixels of the image. `unseen_s`: for how long the face was not seen, 0 for one that
    is seen there.
    """

    track: str
    landmarks_px: FloatArray
    unseen_s: float = 0.0

    @property
    def box(self) -> Box:
        """Tight around the landmarks."""
        return Box.around(self.landmarks_px)


@dataclass(frozen=True)
class Detections:
    """What somebody else has found in an image. `stamp_s`: that of the image, None where it is not known.

    Detections of unknown age are taken to be of that moment within the last second which they fit best.
    """

    faces: tuple[Detection, ...]
    stamp_s: float | None = None


class FaceStatus(IntEnum):
    """Life of a face; the numbers are those of msg/Face.msg, which says what they mean."""

    TENTATIVE = 0
    TRACKED = 1
    RECOVERED = 2


@dataclass(frozen=True)
class HeadPose:
    """Pose of the head in the camera's optical frame (REP-103: x right, y down, z forward).

    `rotation_rad`: (roll, pitch, yaw) from a face that looks straight back along the optical axis, about fixed axes,
    roll first. Signs are those of REP-103 for the head's own axes (x out of the face, y to its left, z up): positive
    roll tilts it to its right shoulder, pitch lowers the chin, yaw turns it to its own left. From -pi to pi.
    `translation_m`: (x, y, z) of the sellion, where the nose meets the forehead, between the eyes (REP-155), in metres.
    """

    rotation_rad: tuple[float, float, float]
    translation_m: tuple[float, float, float]


@dataclass(frozen=True)
class Face:
    """One tracked face in one image.

    `id`: short, starts with a letter, never given to another person in a run (as far as recognition can tell); that of
    a TENTATIVE face is provisional, afterwards it never changes. `landmarks_px`: 68 x 2 float32, pixels of the
    image, pixel centres at integers. `landmark_confidence`: 68 float32, 0..1. `confidence`: 0..1, of the whole
    face. `box`: tight around the landmarks. `identity`: 256 float32 of unit length, None where the weights have no
    identity branch. `identity_similarity`: its cosine, -1..1, to the mean of those kept for this id; nan where there is
    none: recognition is off, or the face was not seen well for long enough. `head_pose`: None where the camera's
    calibration is neither known nor assumed, and where the landmarks fit no head.
    """

    id: str
    status: FaceStatus
    confidence: float
    box: Box
    landmarks_px: FloatArray
    landmark_confidence: FloatArray
    head_pose: HeadPose | None = None
    identity: FloatArray | None = None
    identity_similarity: float = float("nan")
