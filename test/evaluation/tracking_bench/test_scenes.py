"""The clips of the bench show what they say."""

from collections import Counter

import numpy as np
import pytest

pytest.importorskip("skimage", reason="scikit-image is not installed: run `make test`")

from rednet_ros.errors import InputError
from rednet_ros.evaluation.tracking_bench.canvas import Place, Put, compose
from rednet_ros.evaluation.tracking_bench.people import labelled_people, portrait_people
from rednet_ros.evaluation.tracking_bench.scenes import Scenes, bench_clips
from rednet_ros.tracking.face_shape import is_face_shape

NO_NOISE = np.zeros((240, 320), np.float32)


@pytest.fixture(scope="module")
def people():
    return portrait_people(12)


@pytest.fixture(scope="module")
def scenes(people):
    return Scenes(people)


def test_a_face_shows_where_it_was_put(people):
    room = np.zeros((240, 320, 3), np.uint8)
    frame = compose(room, [Put(people[0], Place(100, 120, 60), 7)], NO_NOISE)
    (shown,) = frame.faces
    low, high = shown.points_px.min(axis=0), shown.points_px.max(axis=0)
    np.testing.assert_allclose((low + high) / 2, (100, 120), atol=0.5)
    assert max(high - low) == pytest.approx(60, abs=0.5)
    assert shown.visible == pytest.approx(1.0, abs=0.05)
    assert shown.person == 7
    assert frame.image[120, 100].max() > 30
    assert frame.image[:, 200:].max() == 0


@pytest.mark.parametrize(("x", "expected"), [(200.0, 1.0), (100.0, 0.0), (118.0, 0.35), (0.0, 0.5)])
def test_what_is_hidden_or_outside_does_not_count_as_visible(people, x, expected):
    room = np.zeros((240, 320, 3), np.uint8)
    front = Put(people[1], Place(100, 120, 60), 2)
    hidden, whole = compose(room, [Put(people[0], Place(x, 120, 50), 1), front], NO_NOISE).faces
    assert hidden.visible == pytest.approx(expected, abs=0.15)
    assert whole.visible == pytest.approx(1.0, abs=0.05)


def test_all_people_have_the_shape_of_a_face(people):
    assert all(is_face_shape(one.points_px) for one in people)


def test_the_bench_is_as_large_as_it_says(scenes):
    clips = bench_clips(scenes)
    kinds = Counter(clip.kind for clip in clips)
    assert kinds["crossing"] == kinds["cut"] == 20
    assert len({clip.name for clip in clips}) == len(clips)
    assert sum(100 for clip in clips if clip.kind == "empty") >= 2000


def test_the_same_seed_gives_the_same_frames(people):
    first, second = (next(iter(Scenes(people, seed=3).crossing(2).frames())) for _ in range(2))
    np.testing.assert_array_equal(first.image, second.image)
    other = next(iter(Scenes(people, seed=4).crossing(2).frames()))
    assert (other.image != first.image).any()


def test_faces_cross_and_one_is_hidden_on_the_way(scenes):
    frames = list(scenes.crossing(0).frames())
    sides = [np.sign(frame.faces[0].points_px[:, 0].mean() - frame.faces[1].points_px[:, 0].mean()) for frame in frames]
    assert sides[0] == -sides[-1]
    assert min(min(face.visible for face in frame.faces) for frame in frames) < 0.6
    assert all(face.visible > 0.9 for frame in (frames[0], frames[-1]) for face in frame.faces)


def test_empty_clips_hold_no_face_and_cuts_another_one(scenes):
    assert all(frame.faces == () for frame in scenes.empty(1, frames=5).frames())
    people = [frame.faces[0].person for frame in scenes.cut(0, frames=10).frames()]
    assert people == [people[0]] * 5 + [people[-1]] * 5
    assert people[0] != people[-1]


def test_a_labels_file_without_enough_faces_says_so(tmp_path):
    import json

    path = tmp_path / "labels.jsonl"
    path.write_text(json.dumps({"image": "a.png", "points": [[i, i * i % 7] for i in range(68)]}) + "\n")
    with pytest.raises(InputError, match="holds 0 people"):
        labelled_people(path, 3, seed=0)
