import numpy as np
import pytest

from rednet_ros.tracking.recognition.gallery import MAX_DEPARTED, Departed, Gallery, best_match
from rednet_ros.tracking.recognition.portrait import Portrait

SELF = np.eye(1, 256, 0, dtype=np.float32)[0]


def departed(face_id: str, cosine: float, other: int, seen_s: tuple[float, float]) -> Departed:
    """A face at this cosine to SELF; faces of different `other` have nothing more in common."""
    vector = cosine * SELF + np.sqrt(1 - cosine**2) * np.eye(1, 256, other, dtype=np.float32)[0]
    return Departed(face_id, Portrait().with_view(vector, 1.0), *seen_s)


def best(*faces: Departed, threshold: float = 0.5) -> str | None:
    match = best_match(Portrait().with_view(SELF, 1.0), faces, threshold)
    return None if match is None else match[0].id


def test_the_best_is_found_with_its_similarity() -> None:
    faces = [departed("a", 0.6, 1, (0, 9)), departed("b", 0.9, 2, (0, 9))]
    match = best_match(Portrait().with_view(SELF, 1.0), faces, 0.5)
    assert match is not None
    assert (match[0].id, match[1]) == ("b", pytest.approx(0.9))


def test_below_the_threshold_is_nobody() -> None:
    assert best() is None
    assert best(departed("a", 0.49, 1, (0, 9))) is None


def test_two_people_who_are_both_similar_are_not_told_apart() -> None:
    together = [departed("a", 0.7, 1, (0, 9)), departed("b", 0.72, 2, (5, 12))]
    assert best(*together) is None
    assert best(departed("a", 0.7, 1, (0, 9)), departed("b", 0.76, 2, (5, 12))) == "b"


def test_two_ids_of_one_person_do_not_stand_in_each_others_way() -> None:
    """Never seen at a time, and alike: the same person, whom nobody recognised in between."""
    first, second = departed("a", 0.7, 1, (0, 9)), departed("b", 0.72, 1, (20, 30))
    assert best(first, second) == "b"
    beside = departed("b", 0.72, 1, (9, 30))
    assert best(first, beside) is None
    unlike = departed("b", 0.72, 2, (20, 30))  # 0.504 to the first
    assert best(first, unlike, threshold=0.51) is None


def test_of_equals_the_one_who_left_last() -> None:
    assert best(departed("a", 0.8, 1, (0, 9)), departed("b", 0.8, 1, (20, 30))) == "b"


def test_a_portrait_without_direction_is_nobody() -> None:
    blank = Departed("a", Portrait().with_view(np.zeros(256, np.float32), 1.0), 0, 9)
    assert best(blank) is None


def test_it_is_bounded_and_the_oldest_go_first() -> None:
    gallery = Gallery()
    for number in range(MAX_DEPARTED + 10):
        gallery.add(departed(f"f{number}", 0.5, 1, (number, number + 0.5)))
    assert len(gallery) == MAX_DEPARTED
    assert {face.id for face in gallery} == {f"f{number}" for number in range(10, MAX_DEPARTED + 10)}


def test_faces_are_forgotten_by_age_by_id_and_all() -> None:
    gallery = Gallery()
    for number in range(5):
        gallery.add(departed(f"f{number}", 0.5, 1, (0, number)))
    gallery.forget_before(2.0)
    assert [face.id for face in gallery] == ["f2", "f3", "f4"]
    gallery.remove("f3")
    gallery.remove("f99")
    assert [face.id for face in gallery] == ["f2", "f4"]
    gallery.clear()
    assert len(gallery) == 0
