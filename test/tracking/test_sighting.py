from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rednet_ros.tracking.crops import CropTransform
from rednet_ros.tracking.sighting import Look, look_at, second_look, together


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
        assert float(sighting.state.cell[0, 0]) == one.number


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
    (second,) = look_at(engine, [second_look(engine, first, image)])
    for sighting, missed_px in ((first, 2.6), (second, -2.6), (together(first, second), 0.0)):
        np.testing.assert_allclose((sighting.landmarks_px - here.landmarks()).mean(axis=0), (missed_px, 0), atol=0.8)
