"""A small world for the tracker: painted people, and a network and a detector that see exactly those.

A person is a square patch: blue says who it is, green and red grow from left to right and from top to bottom, so that
any part of a patch tells where the whole lies, also when the image's border or another person hides the rest, or the
network looks at the mirror image.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from rednet_ros.inference.types import Estimate, FaceState
from rednet_ros.network.config import REDNetConfig
from rednet_ros.tracking.mean_shape import MEAN_SHAPE
from rednet_ros.tracking.types import Box, Detection, FloatArray, ImageArray

LOW, HIGH = MEAN_SHAPE.min(axis=0), MEAN_SHAPE.max(axis=0)


@dataclass(frozen=True)
class Person:
    """Who (1..12), and where the landmarks' box is: its centre and side in pixels."""

    number: int
    x: float
    y: float
    side: float = 60.0

    def landmarks(self) -> FloatArray:
        unit = (MEAN_SHAPE - LOW) / (HIGH - LOW).max()
        return (unit * self.side + (self.x - self.side / 2, self.y - self.side / 2)).astype(np.float32)


def paint(people: Sequence[Person], width: int = 320, height: int = 240) -> ImageArray:
    """An image of these people, the last one in front."""
    image = np.zeros((height, width, 3), np.uint8)
    rows, columns = np.mgrid[0:height, 0:width]
    for person in people:
        across = (columns - person.x) / person.side + 0.5
        down = (rows - person.y) / person.side + 0.5
        inside = (across >= 0) & (across <= 1) & (down >= 0) & (down <= 1)
        patch = np.stack([np.full_like(across, 20 * person.number), 255 * across, 255 * down], axis=2)
        image[inside] = patch[inside].astype(np.uint8)
    return image


def people_in(image: ImageArray) -> list[tuple[Person, int]]:
    """The people in an image, with the number of pixels that show them."""
    found = []
    blue = image[..., 0].astype(int)
    moves = np.zeros(blue.shape, bool)  # False where a border was repeated into the crop
    green, red = image[..., 1].astype(int), image[..., 2].astype(int)
    across = np.diff(green, axis=1)[:-1]
    rightwards = np.median(across[across != 0]) > 0 if across.any() else True  # not so in a mirrored crop
    moves[:-1, :-1] = ((across if rightwards else -across) > 0) & (np.diff(red, axis=0)[:, :-1] > 0)
    for number in range(1, 13):
        rows, columns = np.nonzero((abs(blue - 20 * number) <= 1) & moves)
        if len(rows) < 40 or min(np.ptp(green[rows, columns]), np.ptp(red[rows, columns])) < 30:
            continue  # nobody, or the blurred outline of somebody else
        slope_x, left = np.polyfit(green[rows, columns] / 255, columns, 1)
        slope_y, top = np.polyfit(red[rows, columns] / 255, rows, 1)
        found.append((Person(number, left + slope_x / 2, top + slope_y / 2, (abs(slope_x) + slope_y) / 2), len(rows)))
    return found


@dataclass
class PaintedEngine:
    """A network that sees painted people: of several in a crop, the one nearest to its middle.

    The state counts: `hidden` the frames a face was seen, `cell` the sum of the numbers of the people it was.
    `batches`: how many faces each run had. `previous`: what was passed as such, of every run. `blind`: it sees nobody.
    `sticky`: it believes the previous landmarks more than its eyes. `sureness`: its confidence in what it sees.
    `presence`: as in Estimate, the same for every run. `vectors`: number of a person -> the identity vector that the
    network has for them; None: without an identity branch. `identity_threshold`: as of the weights.
    """

    crop_size_px: int = 64
    weights_name: str = "painted"
    batches: list[int] = field(default_factory=list)
    previous: list[FloatArray] = field(default_factory=list)
    blind: bool = False
    sticky: bool = False
    sureness: float = 0.9
    presence: np.ndarray | None = None
    vectors: dict[int, FloatArray] | None = None
    identity_threshold: float | None = None

    @property
    def gives_identity(self) -> bool:
        return self.vectors is not None

    def initial_state(self, faces: int) -> FaceState | None:
        return FaceState.zeros(REDNetConfig().state_shapes, faces)

    def run(self, crops: ImageArray, previous_px: FloatArray, state: FaceState | None) -> Estimate:
        assert crops.shape[1:] == (self.crop_size_px, self.crop_size_px, 3)
        assert crops.dtype == np.uint8
        assert previous_px.shape == (len(crops), 68, 2)
        assert state is not None
        assert len(state) == len(crops)
        self.batches.append(len(crops))
        self.previous.append(previous_px)
        seen = [self._nearest(crop) for crop in crops]
        nowhere = Person(0, self.crop_size_px / 2, self.crop_size_px / 2, self.crop_size_px / 1.4)
        landmarks = np.stack([(person or nowhere).landmarks() for person in seen])
        confidence = np.array([self.sureness if person else 0.05 for person in seen], np.float32)
        if self.sticky:
            known = np.isfinite(previous_px).all(axis=(1, 2))
            landmarks[known], confidence[known] = previous_px[known], self.sureness
        numbers = np.array([person.number if person else 0 for person in seen], np.float32)
        return Estimate(
            landmarks,
            np.repeat(confidence[:, None], 68, axis=1),
            self._identities(seen),
            FaceState({"hidden": state.parts["hidden"] + 1, "cell": state.parts["cell"] + numbers[:, None]}),
            self.presence,
        )

    def _identities(self, seen: Sequence[Person | None]) -> np.ndarray | None:
        if self.vectors is None:
            return None
        nobody = np.zeros(256, np.float32)
        return np.stack([self.vectors[one.number] if one else nobody for one in seen])

    def _nearest(self, crop: ImageArray) -> Person | None:
        middle = self.crop_size_px / 2
        people = [person for person, _ in people_in(crop)]
        if self.blind or not people:
            return None
        return min(people, key=lambda person: np.hypot(person.x - middle, person.y - middle))


@dataclass
class PaintedDetector:
    """Finds painted people of whom enough pixels show. `calls`: how often it ran."""

    calls: int = 0

    def detect(self, image_bgr: ImageArray) -> list[Detection]:
        self.calls += 1
        return [as_detection(person) for person, pixels in people_in(image_bgr) if pixels > 0.3 * person.side**2]


def as_detection(person: Person, score: float = 0.9) -> Detection:
    """What a detector says of a person."""
    points = person.landmarks()
    five = [points[36:42].mean(axis=0), points[42:48].mean(axis=0), points[30], points[48], points[54]]
    return Detection(Box.around(points), score, np.array(five, np.float32))


@pytest.fixture
def person() -> type[Person]:
    return Person


@pytest.fixture
def engine() -> PaintedEngine:
    return PaintedEngine()


@pytest.fixture
def detector() -> PaintedDetector:
    return PaintedDetector()


@pytest.fixture(name="paint")
def paint_fixture() -> Callable[..., ImageArray]:
    return paint
