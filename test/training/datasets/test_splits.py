"""What is kept apart: 300-W's tenth, every tenth person, and where there is neither every tenth picture."""

from pathlib import Path

import numpy as np

from rednet_ros.training.datasets.labels import LabelledFace
from rednet_ros.training.datasets.splits import MAX_VALIDATION, is_kept_apart, split


def face(name: str, source: str, **fields: object) -> LabelledFace:
    return LabelledFace(Path(name), np.zeros((68, 2), np.float32), source, **fields)


def people(count: int, source: str = "render") -> list[LabelledFace]:
    return [face(f"{n}_{k}.jpg", source, identity=f"person{n}") for n in range(count) for k in range(3)]


def test_a_person_is_on_one_side_only() -> None:
    training, validation = split(people(300))
    trained, kept = ({face.identity for face in faces} for faces in (training, validation))
    assert not trained & kept
    assert 0.05 * 300 < len(kept) < 0.15 * 300


def test_a_person_stays_on_its_side_whatever_else_there_is() -> None:
    kept = {face.identity for face in people(300) if is_kept_apart(face)}
    again = {face.identity for face in people(500, "render_clip") if is_kept_apart(face)}
    assert kept == {name for name in again if int(name[6:]) < 300}


def test_validation_rows_of_300w_are_kept_apart_with_and_without_people() -> None:
    rows = [face(f"image_{number:04d}.jpg", "300w_helen") for number in range(1, 101)]
    for others in ([], people(40)):
        _, validation = split(rows + others)
        assert [f.image_path.stem for f in validation if f.source == "300w_helen"] == [
            f"image_{number:04d}" for number in range(10, 101, 10)
        ]


def test_renders_without_people_are_split_by_their_names() -> None:
    rows = [face(f"{number:06d}.jpg", "render") for number in range(400)]
    training, validation = split(rows)
    assert len(training) + len(validation) == 400
    assert 20 < len(validation) < 60
    assert split(rows[::-1])[1][0] in validation


def test_validation_is_thinned_evenly_but_sequences_stay_whole() -> None:
    stills = [face(f"a{number}.jpg", "render", identity="person4") for number in range(2000)]
    clip = [face(f"b{n}.jpg", "render_clip", identity="person4", sequence="s", frame=n) for n in range(900)]
    assert is_kept_apart(stills[0])
    _, validation = split(stills + clip)
    kept = [int(f.image_path.stem[1:]) for f in validation if f.source == "render"]
    assert MAX_VALIDATION / 2 < len(kept) <= MAX_VALIDATION
    assert max(kept) > 1800
    assert [f.frame for f in validation if f.source == "render_clip"] == list(range(MAX_VALIDATION))
