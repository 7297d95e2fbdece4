from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rednet_ros.inference.types import Estimate, FaceState
from rednet_ros.tracking.crops import CropTransform
from rednet_ros.tracking.sighting import Look, closer_looks, look_at, together


def look(image: Any, person: Any, engine: Any) -> Look:
    landmarks = person.landmarks()
    crop = CropTransform.from_landmarks(landmarks + 3, engine.crop_size_px)
    return Look(image, crop, landmarks, engine.initial_state(1))


def test_answers_are_in_image_pixels_and_in_order(person: Any, paint: Any, engine: Any) -> None:
    people = [person(1, 80, 100), person(2, 200, 120, 90)]
    image = paint(people)
    seen = look_at(engine, [look(image, one, engine) for one in people])
    assert engine.batches == [2]
    for one, sighting in zip(people, seen, strict=True):
        np.testing.assert_allclose(sighting.landmarks_px, one.landmarks(), atol=1.5)
        assert sighting.state is not None
        assert float(sighting.state.parts["cell"][0, 0]) == one.number


def test_confidence_is_that_of_the_points_inside_the_image(person: Any, paint: Any, engine: Any) -> None:
    half = person(1, 0, 100)
    (sighting,) = look_at(engine, [look(paint([half]), half, engine)])
    assert sighting.confidence == pytest.approx(0.9)
    blank = paint([])
    outside = Look(
        blank, CropTransform((-200.0, -200.0), 84.0, 0.0, engine.crop_size_px), None, engine.initial_state(1)
    )
    assert look_at(engine, [outside])[0].confidence == 0.0


def test_where_there_is_a_detection_step_it_says_whether_this_is_a_face(person: Any, paint: Any, engine: Any) -> None:
    engine.presence = np.array([[0.1, 0.1, 0.5, 0.5, 0.5, 0.1, 0.5]], np.float32)
    here, half = person(1, 100, 100), person(1, 0, 100)
    assert look_at(engine, [look(paint([here]), here, engine)])[0].confidence == pytest.approx(2.3 / 7)
    # The right eye and mouth corner (0, 1, 5) are outside.
    assert look_at(engine, [look(paint([half]), half, engine)])[0].confidence == pytest.approx(0.5)


def test_no_faces_need_no_network(engine: Any) -> None:
    assert look_at(engine, []) == []
    assert engine.batches == []


def test_faces_with_and_without_state_do_not_mix(person: Any, paint: Any, engine: Any) -> None:
    one = look(paint([]), person(1, 80, 100), engine)
    with pytest.raises(ValueError, match="temporal state"):
        look_at(engine, [one, replace(one, state=None)])


def test_what_a_network_misses_to_one_side_the_mirrored_look_misses_to_the_other(
    person: Any, paint: Any, engine: Any
) -> None:
    run, aside_px = engine.run, np.array([2.0, 0.0], np.float32)

    def askew(*arguments: Any) -> Any:
        estimate = run(*arguments)
        return replace(estimate, landmarks_px=estimate.landmarks_px + aside_px)

    engine.run = askew
    here = person(1, 100, 100)
    image = paint([here])
    (first,) = look_at(engine, [look(image, here, engine)])
    closer, mirrored = look_at(engine, closer_looks(engine, first, image))
    for sighting, missed_px in ((first, 2.6), (closer, 2.4), (mirrored, -2.4), (together(first, [mirrored]), 0.0)):
        np.testing.assert_allclose((sighting.landmarks_px - here.landmarks()).mean(axis=0), (missed_px, 0), atol=0.8)


class Remembering:
    """An engine with a memory of places: it keeps what it is given, and hands out the crop's own places at first."""

    crop_size_px, weights_name, gives_identity, identity_threshold = 64, "remembering", False, None

    def __init__(self) -> None:
        self.given: list[FaceState] = []

    def initial_state(self, faces: int) -> FaceState:
        return FaceState.zeros({"memory": (2, 8, 8)}, faces)

    def run(self, crops: np.ndarray, previous_px: np.ndarray, state: FaceState) -> Estimate:
        self.given.append(state)
        memory = np.ones((len(crops), 2, 8, 8), np.float32)
        memory[:, 0] = np.arange(8) * 8 + 3.5  # the x of each cell, crop pixels
        landmarks_px = np.full((len(crops), 68, 2), 31.5, np.float32)
        sure = np.full((len(crops), 68), 0.9, np.float32)
        return Estimate(landmarks_px, sure, None, FaceState({"memory": memory}))


def test_a_memory_of_places_is_given_as_it_lies_in_the_new_crop(paint: Any) -> None:
    engine, image = Remembering(), paint([])
    first_crop, next_crop = CropTransform((80.0, 60.0), 64.0, 0.0, 64), CropTransform((85.0, 60.0), 32.0, 0.0, 64)
    new = Look(image, first_crop, None, engine.initial_state(1))
    (seen,) = look_at(engine, [new])
    assert not engine.given[0].parts["memory"].any()
    look_at(engine, [replace(new, crop=next_crop, state=seen.state), replace(new, state=engine.initial_state(1))])
    memory, known = engine.given[1].parts["memory"][0]
    assert (known == 1).all()  # the new crop lies within the old one
    in_image = next_crop.to_image(np.stack([np.arange(8) * 8 + 3.5, np.full(8, 31.5)], axis=1))[:, 0]
    np.testing.assert_allclose(memory, np.broadcast_to(in_image - (80 - 31.5), (8, 8)), atol=1e-3)
    assert not engine.given[1].parts["memory"][1].any()
    for again in closer_looks(engine, seen, image):
        assert not again.carried_state().parts["memory"].any()
    assert together(seen, [seen]).state.left_in == (80.0, 60.0, 64.0, 0.0)
