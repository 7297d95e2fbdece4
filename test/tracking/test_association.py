from dataclasses import replace
from typing import Any

import numpy as np

from rednet_ros.tracking.association import intruders, match, same_face
from rednet_ros.tracking.track import Track
from rednet_ros.tracking.types import Box, FaceStatus


def track(person: Any, name: str, **changes: Any) -> Track:
    base = Track(
        name,
        FaceStatus.TRACKED,
        person.landmarks(),
        np.ones(68, np.float32),
        0.9,
        None,
        None,
        good_frames=50,
        good_s=1.7,
    )
    return replace(base, **changes)


def test_every_found_box_goes_to_the_track_it_covers_best() -> None:
    tracked = [Box(0, 0, 100, 100), Box(60, 0, 100, 100)]
    found = [Box(55, 0, 100, 100), Box(10, 0, 100, 100), Box(300, 0, 50, 50)]
    assert match(tracked, found) == {0: 1, 1: 0}


def test_two_found_faces_never_share_a_track() -> None:
    """The face behind another, just coming into sight, overlaps the tracked one too: it is a new face."""
    assert match([Box(0, 0, 100, 100)], [Box(5, 0, 100, 100), Box(40, 0, 100, 100)]) == {0: 0}


def test_neighbours_do_not_match_but_a_track_shrunk_inside_its_face_does() -> None:
    assert match([Box(0, 0, 100, 100)], [Box(75, 0, 100, 100)]) == {}
    assert match([Box(30, 30, 30, 30)], [Box(0, 0, 100, 100)]) == {0: 0}


def test_nothing_to_match() -> None:
    assert match([], [Box(0, 0, 1, 1)]) == {}
    assert match([Box(0, 0, 1, 1)], []) == {}


def test_same_face_depends_on_distance_in_terms_of_the_smaller_face(person: Any) -> None:
    near, beside = person(1, 104, 100).landmarks(), person(1, 120, 100).landmarks()
    face = person(1, 100, 100).landmarks()
    assert same_face(face, near)
    assert not same_face(face, beside)
    assert same_face(face, person(1, 110, 100, 25).landmarks())  # inside it
    assert not same_face(face, person(1, 145, 100, 25).landmarks())  # beside it


def test_the_unconfirmed_then_the_surprised_then_the_younger_track_gives_way(person: Any) -> None:
    here = person(1, 100, 100)
    settled = track(here, "f1")
    assert intruders([settled, track(here, "f2", status=FaceStatus.TENTATIVE, good_frames=90)]) == {"f2"}
    assert intruders([track(here, "f2", surprise=0.4, good_frames=90), settled]) == {"f2"}
    assert intruders([settled, track(here, "f2", good_frames=20, surprise=0.02)]) == {"f2"}
    assert intruders([settled, track(person(2, 200, 100), "f2")]) == set()


def test_of_two_nested_faces_the_small_one_gives_way_even_if_it_is_older(person: Any) -> None:
    shrunk = track(person(1, 105, 100, 30), "f1", good_frames=99)
    assert intruders([shrunk, track(person(1, 100, 100), "f2", surprise=0.5)]) == {"f1"}


def test_of_three_tracks_on_a_face_one_stays(person: Any) -> None:
    here = person(1, 100, 100)
    assert intruders([track(here, "f1", good_frames=3), track(here, "f2"), track(here, "f3", good_frames=9)]) == {
        "f1",
        "f3",
    }


def test_of_two_faces_close_together_the_one_that_does_not_look_as_it_did_gives_way(person: Any) -> None:
    here, close, apart = person(1, 100, 100), person(2, 130, 100), person(2, 140, 100)
    settled = track(here, "f1", likeness=0.9)
    assert intruders([settled, track(close, "f2", likeness=0.3, good_frames=90)]) == {"f2"}
    assert intruders([settled, track(close, "f2", likeness=0.8)]) == set()
    assert intruders([settled, track(apart, "f2", likeness=0.3)]) == set()  # hidden by something else
    assert intruders([track(here, "f1", likeness=0.3), track(close, "f2", likeness=0.3)]) == set()
