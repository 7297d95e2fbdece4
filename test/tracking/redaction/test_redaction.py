"""What redaction hides, on painted people: see painted_people.py."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from painted_people import PaintedDetector, PaintedEngine, Person, paint

from rednet_ros.tracking.detector.models import NoDetector
from rednet_ros.tracking.redaction.areas import areas, of_place
from rednet_ros.tracking.redaction.hiding import BLOCKS, STYLES, Style, cover, hide
from rednet_ros.tracking.redaction.redactor import HOLD_FRAMES, Redactor
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.tracker import FaceTracker
from rednet_ros.tracking.types import Detection, ImageArray, Place

ANNE = Person(3, 160, 120)


class BlindUntil(PaintedDetector):
    """Sees nobody before its call number `first`, nor from `last` on."""

    def __init__(self, first: int, last: int = 1000) -> None:
        super().__init__()
        self.first, self.last = first, last

    def detect(self, image_bgr: ImageArray) -> list[Detection]:
        found = super().detect(image_bgr)
        return found if self.first < self.calls <= self.last else []


def noise() -> ImageArray:
    return np.random.default_rng(0).integers(0, 255, (240, 320, 3)).astype(np.uint8)


def is_hidden(before: ImageArray, after: ImageArray, person: Person = ANNE) -> bool:
    """Whether nothing of the person's face is as it was."""
    points = person.landmarks()[17:]
    mask = np.zeros(before.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(points).astype(np.int32)), 1)
    return float((before != after).any(axis=2)[mask > 0].mean()) > 0.95


@pytest.mark.parametrize("style", STYLES)
def test_of_a_face_no_more_than_a_few_blocks_are_left_and_the_rest_stays(style: Style) -> None:
    image = noise()
    area = of_place(Place("f1", ANNE.landmarks()))
    hidden = hide(image, [area], style)
    mask = cover([area], 320, 240) > 0
    assert (hidden[~mask] == image[~mask]).all()
    assert is_hidden(image, hidden)
    left = hidden[mask].reshape(-1, 3)
    if style == "landmarks":
        assert len(np.unique(left, axis=0)) == 1
    if style == "pixelate":
        assert len(np.unique(left, axis=0)) <= (2 * BLOCKS) ** 2
    if style == "blur":
        assert float(left.std()) < 0.3 * float(image.std())


def test_the_forehead_is_hidden_with_the_face_however_it_is_turned() -> None:
    upright = of_place(Place("f1", ANNE.landmarks()))
    assert upright.outline_px[:, 1].min() < ANNE.landmarks()[:, 1].min() - 0.3 * ANNE.side
    turned = ANNE.landmarks()[:, ::-1].copy()  # lies on its side
    lying = of_place(Place("f1", turned))
    assert lying.outline_px[:, 0].min() < turned[:, 0].min() - 0.3 * ANNE.side


def test_a_face_at_the_border_or_outside_harms_nothing() -> None:
    image = noise()
    far = [np.array((x, y), np.float32) for x, y in ((-160, 0), (150, -110), (1e9, 0), (-1e9, 1e9))]
    for away in far:
        hidden = hide(image, [of_place(Place("f1", ANNE.landmarks() + away))], "pixelate")
        assert hidden.shape == image.shape
    nowhere = Place("f1", np.full((68, 2), np.nan, np.float32))
    assert areas(image, [nowhere], NoDetector()) == []
    edge = of_place(Place("f1", ANNE.landmarks() - np.array((195, 0), np.float32)))  # its margin alone is in the image
    mask = cover([edge], 320, 240) > 0
    assert mask.any()
    assert (hide(image, [edge], "pixelate")[mask] != image[mask]).any(axis=1).mean() > 0.9


def test_a_face_is_hidden_before_it_is_found_and_after_it_was_lost() -> None:
    detector = BlindUntil(first=20, last=22)  # sees it in frames 20 and 21
    images = [paint([ANNE]) for _ in range(60)]
    redactor = Redactor[int]("landmarks", detector, look_ahead=12)
    ready = [pair for n, image in enumerate(images) for pair in redactor.add(image, n / 30, [], n)]
    ready += redactor.finish()
    assert [n for _, n in ready] == list(range(60))
    assert [n for hidden, n in ready if is_hidden(images[n], hidden)] == list(range(8, 22 + HOLD_FRAMES))


def test_live_a_face_is_shown_until_it_is_found() -> None:
    redactor = Redactor[None]("blur", BlindUntil(first=2), look_ahead=0)
    image = paint([ANNE])
    hidden = [redactor.add(image, n / 30, [], None)[0][0] for n in range(4)]
    assert [is_hidden(image, one) for one in hidden] == [False, False, True, True]


def test_unconfirmed_and_lost_faces_are_among_the_trackers_places() -> None:
    engine = PaintedEngine()
    with FaceTracker(engine=engine, detector=PaintedDetector(), settings=TrackerSettings()) as tracker:
        assert tracker.places() == []
        seen = []
        for n in range(12):
            engine.blind = n == 11
            image = paint([Person(3, 120 + 2 * n, 120)] if n else [])
            seen.append((len(tracker.update(image, n / 30)), [place.unseen_s > 0 for place in tracker.places()]))
            if places := tracker.places():
                expected = Person(3, 120 + 2 * n, 120).landmarks()
                assert abs(places[0].landmarks_px.mean(axis=0) - expected.mean(axis=0)).max() < 6
    assert (0, [False]) in seen  # not confirmed
    assert (1, [False]) in seen
    assert seen[-1] == (0, [True])  # lost


def test_the_longer_a_face_is_lost_the_more_is_hidden_around_it() -> None:
    sizes = [
        int((cover([of_place(Place("f1", ANNE.landmarks(), unseen_s))], 320, 240) > 0).sum())
        for unseen_s in (0.0, 0.1, 0.3)
    ]
    assert sizes == sorted(set(sizes))


def test_a_tracked_face_leaves_no_trail_of_where_it_was() -> None:
    """Only faces that nobody follows are hidden where they were in other frames."""
    redactor = Redactor[None]("landmarks", PaintedDetector(), look_ahead=0)
    for n in range(5):
        person = Person(3, 60 + 40 * n, 120, 40)
        image = paint([person])
        ((hidden, _),) = redactor.add(image, n / 30, [Place("f1", person.landmarks())], None)
    changed = (hidden != image).any(axis=2)
    assert changed[:, 180:].any()
    assert not changed[:, :150].any()
