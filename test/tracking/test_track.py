from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rednet_ros.inference.types import FaceState
from rednet_ros.tracking.crops import CropTransform
from rednet_ros.tracking.motion import UNFITTED
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.sighting import Look, Sighting
from rednet_ros.tracking.track import (
    Track,
    after_bad_frame,
    after_good_frame,
    begin,
    keeps_face,
    next_looks,
    shows_face,
    smoothed,
)
from rednet_ros.tracking.types import FaceStatus, FloatArray

STEP_S = 1 / 30
IMAGE = np.zeros((240, 320, 3), np.uint8)
SETTINGS = TrackerSettings(confirm_frames=2, grace_s=0.5, min_confidence=0.3, min_face_px=20.0)


def sighting(person: Any, confidence: float = 0.9) -> Sighting:
    return Sighting(person.landmarks(), np.full(68, confidence, np.float32), confidence, None, None)


def look(person: Any) -> Look:
    crop = CropTransform.from_landmarks(person.landmarks(), 64)
    return Look(IMAGE, crop, person.landmarks(), None)


def good(track: Track, seen: Sighting, step_s: float = STEP_S) -> Track:
    """The track after a frame that showed its face as `seen`."""
    return after(track, next_look(track, IMAGE, 64, step_s), seen, step_s)


def next_look(track: Track, image: Any, crop_size_px: int, step_s: float) -> Look:
    (one,) = next_looks([track], image, crop_size_px, step_s)
    return one


def after(track: Track, where: Look, seen: Sighting, step_s: float) -> Track:
    (smooth,) = smoothed([track], [where], [seen], step_s, UNFITTED)
    return after_good_frame(track, where, seen, SETTINGS, step_s, smooth)


def test_after_a_cut_nothing_of_the_face_before_is_remembered(person: Any) -> None:
    known = FaceState({"memory": np.ones((1, 2, 8, 8), np.float32)}, left_in=(100.0, 100.0, 80.0, 0.0))
    track = begin("f1", replace(sighting(person(1, 100, 100)), state=known), SETTINGS, STEP_S)
    assert next_look(track, IMAGE, 64, STEP_S).state is known
    after_cut = next_look(replace(track, least_likeness=0.75), IMAGE, 64, STEP_S).state
    assert after_cut is not None
    assert not after_cut.parts["memory"].any()
    assert after_cut.left_in is None


def test_a_life(person: Any) -> None:
    here = sighting(person(1, 100, 100))
    face = begin("f1", here, SETTINGS, STEP_S)
    assert face.status is FaceStatus.TENTATIVE
    assert after_bad_frame(face, 0.1, SETTINGS) is None  # unconfirmed: no grace
    confirmed = good(face, here)
    assert confirmed.status is FaceStatus.TRACKED
    hurt = after_bad_frame(confirmed, 0.3, SETTINGS)
    assert hurt is not None
    assert not hurt.is_well
    worse = after_bad_frame(hurt, 0.3, SETTINGS)
    assert worse is not None  # the time of grace is over, but two images say little
    assert after_bad_frame(worse, 0.3, SETTINGS) is None
    healed = good(hurt, here)
    assert healed.is_well
    again = after_bad_frame(healed, 0.3, SETTINGS)
    assert again is not None  # and grace begins anew


def test_steady_motion_is_no_surprise_a_jump_is_and_wears_off(person: Any) -> None:
    track = begin("f1", sighting(person(1, 100, 100)), SETTINGS, STEP_S)
    for number in range(1, 8):
        track = good(track, sighting(person(1, 100 + 6 * number, 100)))
    assert track.surprise < 0.1
    jumped = good(track, sighting(person(1, 112, 100)))
    assert jumped.surprise == pytest.approx(36 / 60, abs=0.02)
    later = jumped
    for _ in range(12):
        later = good(later, sighting(person(1, 112, 100)))
    assert later.surprise < 0.1


def test_what_shows_a_face(person: Any) -> None:
    here = person(1, 100, 100)
    assert shows_face(look(here), sighting(here), SETTINGS)
    assert shows_face(look(here), sighting(person(1, 0, 100)), SETTINGS)  # half outside


@pytest.mark.parametrize(
    ("where", "confidence"),
    [
        ((100, 100, 60), 0.2),  # unsure
        ((-30, 100, 60), 0.9),  # outside the image
        ((100, 100, 30), 0.9),  # half the size of a moment ago
        ((100, 100, 100), 0.9),  # larger than the crop
    ],
)
def test_what_shows_none(person: Any, where: tuple[float, float, float], confidence: float) -> None:
    assert not shows_face(look(person(1, 100, 100)), sighting(person(1, *where), confidence), SETTINGS)


def test_too_small_a_face_is_none(person: Any) -> None:
    tiny = person(1, 100, 100, 15)
    assert not shows_face(look(tiny), sighting(tiny), SETTINGS)


def test_a_face_is_looked_for_where_its_motion_takes_it_in_sight_or_out_of_it(person: Any) -> None:
    walking = begin("f1", sighting(person(1, 100, 100)), SETTINGS, STEP_S)
    for x in (104, 108):
        walking = good(walking, sighting(person(1, x, 100)))
    assert next_look(walking, IMAGE, 64, STEP_S).crop.center_px[0] == pytest.approx(112, abs=0.5)
    hidden = after_bad_frame(walking, 1 / 30, SETTINGS)
    assert hidden is not None
    assert next_look(hidden, IMAGE, 64, STEP_S).crop.center_px[0] == pytest.approx(116, abs=0.5)
    leaping = good(walking, sighting(person(1, 168, 100)))
    leap = next_look(leaping, IMAGE, 64, STEP_S).crop.center_px[0] - 168
    assert leap == pytest.approx(18, abs=0.5)  # 0.3 of its side


def showing(person: Any, appearance: Any, confidence: float = 0.9) -> Sighting:
    """As if its image showed this."""
    seen = sighting(person, confidence)
    vars(seen)["appearance"] = appearance
    return seen


def some_look() -> FloatArray:
    look = np.random.default_rng(0).normal(size=(16, 16)).astype(np.float32)
    return np.asarray(look - look.mean(), np.float32)


def test_a_face_that_was_out_of_sight_for_an_image_moves_on_as_it_did(person: Any) -> None:
    image = np.zeros((240, 640, 3), np.uint8)
    walking = begin("f1", sighting(person(1, 100, 100)), SETTINGS, 0.2, (200, 0))
    for x_px in (140, 180):
        walking = good(walking, sighting(person(1, x_px, 100)), 0.2)
    hidden = after_bad_frame(walking, 0.2, SETTINGS)
    assert hidden is not None
    again = good(hidden, sighting(person(1, 260, 100)), 0.2)
    assert next_look(again, image, 64, 0.2).crop.center_px[0] == pytest.approx(300, abs=15)


def test_a_fast_face_of_a_slow_camera_that_looks_unlike_itself_moves_on_as_it_did(person: Any) -> None:
    look, image = some_look(), np.zeros((240, 640, 3), np.uint8)
    track = begin("f1", showing(person(1, 100, 100), look), SETTINGS, 0.2, (200, 0))
    track = good(track, showing(person(1, 140, 100), look), 0.2)
    hidden = after_bad_frame(track, 0.2, SETTINGS)
    assert hidden is not None
    again = good(hidden, showing(person(1, 240, 100), -look), 0.2)
    assert next_look(again, image, 64, 0.2).crop.center_px[0] > 265


def test_what_hides_a_face_is_not_taken_for_it(person: Any) -> None:
    here, face = person(1, 100, 100), some_look()
    track = begin("f1", showing(here, face), SETTINGS, STEP_S)
    assert keeps_face(track, look(here), showing(here, face, 0.5), SETTINGS)
    assert keeps_face(track, look(here), showing(here, -face, 0.9), SETTINGS)
    assert not keeps_face(track, look(here), showing(here, -face, 0.5), SETTINGS)
    confirmed = good(track, showing(here, face))
    hidden = after_bad_frame(confirmed, STEP_S, SETTINGS)
    assert hidden is not None
    assert keeps_face(hidden, look(here), showing(here, face, 0.7), SETTINGS)
    assert keeps_face(hidden, look(here), showing(here, -face, 0.9), SETTINGS)
    assert not keeps_face(hidden, look(here), showing(here, -face, 0.7), SETTINGS)


def test_a_face_does_not_get_the_speed_of_what_passes_in_front_of_it(person: Any) -> None:
    face, image = some_look(), np.zeros((240, 320, 3), np.uint8)
    track = begin("f1", showing(person(1, 100, 100), face), SETTINGS, STEP_S)
    for shown, expected_px in ((-face, 106), (face, 112)):
        moved = good(track, showing(person(1, 106, 100), shown))
        assert next_look(moved, image, 64, STEP_S).crop.center_px[0] == pytest.approx(expected_px, abs=0.5)


def test_what_a_face_looks_like_is_remembered_over_some_frames(person: Any) -> None:
    look, here = some_look(), person(1, 100, 100)
    known = good(begin("f1", sighting(here), SETTINGS, STEP_S), showing(here, look))
    assert known.likeness == 1.0
    other = good(known, showing(here, -look))
    assert other.likeness == pytest.approx(-1.0)
    again = good(other, showing(here, look))
    assert again.likeness == pytest.approx(1.0)


@pytest.mark.parametrize("short_s", [0.0001, 0.001, 0.005])
def test_images_stamped_in_bursts_say_nothing_of_speed(person: Any, short_s: float) -> None:
    """Drivers that stamp on arrival give pairs of images; the face moves on by 5 pixels from each to the next, and is
    looked for no farther from there than by a fifth of its side."""
    walking = begin("f1", sighting(person(1, 60, 100)), SETTINGS, STEP_S)
    for number in range(1, 24):
        step_s = short_s if number % 2 else 2 * STEP_S - short_s
        x = 60 + 5 * number
        ahead = next_look(walking, IMAGE, 64, step_s)
        assert ahead.crop.center_px[0] == pytest.approx(x, abs=12)
        walking = after(walking, ahead, sighting(person(1, x, 100)), step_s)
