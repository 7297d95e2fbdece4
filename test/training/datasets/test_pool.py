"""Faces on disk, found by source, person and sequence, with pictures cut to what is needed."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_faces import SHAPE

from rednet_ros.errors import InputError
from rednet_ros.training.datasets.labels import LabelledFace, read_labels
from rednet_ros.training.datasets.pool import LARGE_PX, UNKNOWN_PERSON, FacePool, cut_out


def face(folder: Path, name: str, **fields: object) -> LabelledFace:
    return LabelledFace(folder / name, np.random.default_rng(1).uniform(0, 90, (68, 2)).astype(np.float32), **fields)


def test_people_are_classes_where_there_are_two_faces_of_them(tmp_path: Path) -> None:
    pool = FacePool(
        [
            face(tmp_path, "a", source="render", identity="b"),
            face(tmp_path, "b", source="render", identity="a"),
            face(tmp_path, "c", source="render", identity="once"),
            face(tmp_path, "d", source="render_clip", identity="a"),  # the same person, in a clip
            face(tmp_path, "e", source="ytf", identity="b"),  # another data set's b
            face(tmp_path, "f", source="render", identity="b"),
            face(tmp_path, "g", source="ytf"),
        ]
    )
    assert [pool.person(index) for index in range(7)] == [1, 0, UNKNOWN_PERSON, 0, UNKNOWN_PERSON, 1, UNKNOWN_PERSON]
    assert len(pool.persons) == 2
    assert sorted(pool.by_person["render"]) == [[0, 5], [1]]
    assert pool.by_person["ytf"] == []


def test_sequences_are_runs_of_consecutive_frames(tmp_path: Path) -> None:
    numbers = [5, 1, 2, 3, 7, 6, 11]
    faces = [face(tmp_path, str(n), source="v", sequence="s", frame=n) for n in numbers]
    other = [face(tmp_path, f"o{n}", source="v", sequence="s", identity="other", frame=n) for n in (4, 5)]
    pool = FacePool(faces + other)
    runs = [[pool.faces[index].frame for index in run] for run in pool.sequences["v"]]
    assert runs == [[1, 2, 3], [5, 6, 7]]


def test_pictures_are_read_when_they_are_asked_for(make_faces: Callable[..., Path]) -> None:
    labels = make_faces(2)
    pool = FacePool(read_labels(labels))
    labels.with_name(pool.faces[1].image_path.name).unlink()
    assert pool.picture(0).image.shape == (160, 160, 3)
    with pytest.raises(InputError, match="no such image"):
        pool.picture(1)


def test_a_face_with_some_landmarks_lies_where_all_of_them_do(make_faces: Callable[..., Path]) -> None:
    (whole,) = read_labels(make_faces(1))
    points = whole.points_px.copy()
    points[0:36] = np.nan
    part = FacePool([LabelledFace(whole.image_path, points, "made")]).picture(0)
    assert np.isnan(part.points_px[:36]).all()
    np.testing.assert_allclose(part.place_px, whole.points_px, atol=1.5)


def test_faces_with_one_landmark_are_left_out(tmp_path: Path) -> None:
    points = np.full((68, 2), np.nan, np.float32)
    points[30] = 5
    with pytest.raises(InputError, match="no face to train on"):
        FacePool([LabelledFace(tmp_path / "a.png", points, "made")])


@pytest.mark.parametrize("scale", [0.1, 0.9])
def test_large_pictures_are_cut_around_the_face(tmp_path: Path, draw: Callable[..., np.ndarray], scale: float) -> None:
    size_px = 3 * LARGE_PX
    points = (SHAPE * size_px * scale + size_px * np.array([0.4, 0.6])).astype(np.float32)
    image = draw(points, (150, 180, 220), size_px)
    cv2.imwrite(str(tmp_path / "large.png"), image)
    pool = FacePool([LabelledFace(tmp_path / "large.png", points, "made")])
    cut, moved = cut_out(image, points)
    assert max(cut.shape) < size_px
    small = cv2.GaussianBlur(cut, (0, 0), 1).astype(int)
    for x, y in moved[17:]:
        inside = small[round(float(y)), round(float(x))]
        assert inside.sum() < 400, "the dot is dark, the skin is not"
    first, again = pool.picture(0), pool.picture(0)
    np.testing.assert_allclose(first.points_px, again.points_px)
    assert first.image.shape == again.image.shape == cut.shape


def test_an_annotation_outside_of_its_picture_leaves_the_picture_as_it_is() -> None:
    image = np.zeros((2000, 900, 3), np.uint8)
    points = (SHAPE * 100 - 500).astype(np.float32)
    cut, moved = cut_out(image, points)
    assert cut.shape == image.shape
    np.testing.assert_array_equal(moved, points)
