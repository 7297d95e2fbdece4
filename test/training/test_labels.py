import json
from pathlib import Path

import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.training.labels import LabelledFace, is_validation, read_labels

POINTS = [[float(i), 100.5 - i] for i in range(68)]


def write(folder: Path, *rows: object) -> Path:
    path = folder / "labels.jsonl"
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def row(**changes: object) -> dict[str, object]:
    return {"image": "images/300w_afw_00010.jpg", "source": "300w_afw", "points": POINTS, "size": 400} | changes


def test_reads_points_and_resolves_the_image_beside_the_file(tmp_path: Path) -> None:
    (face,) = read_labels(write(tmp_path, row()))
    assert face.image_path == tmp_path / "images/300w_afw_00010.jpg"
    assert face.points_px.dtype == np.float32
    np.testing.assert_array_equal(face.points_px, np.array(POINTS, dtype=np.float32))
    assert (face.source, face.identity, face.sequence, face.frame) == ("300w_afw", None, None, None)


def test_reads_video_fields_and_skips_empty_lines(tmp_path: Path) -> None:
    faces = read_labels(write(tmp_path, row(), "", row(identity="Ada", sequence="train:Ada_2", frame=7)))
    assert len(faces) == 2
    assert (faces[1].identity, faces[1].sequence, faces[1].frame) == ("Ada", "train:Ada_2", 7)


def test_only_image_and_points_are_required(tmp_path: Path) -> None:
    (face,) = read_labels(write(tmp_path, {"image": "a.png", "points": POINTS}))
    assert face.source == ""


@pytest.mark.parametrize(
    ("bad", "complaint"),
    [
        ("{not json", "not JSON"),
        ("[1, 2]", "JSON object"),
        ({"points": POINTS}, '"image" is missing'),
        ({"image": "a.jpg"}, '"points" is missing'),
        (row(image=3), '"image" must be text'),
        (row(points=POINTS[:67]), '"points" must hold 68 pairs'),
        (row(points=[*POINTS[:67], [1.0]]), '"points" must be a list'),
        (row(points="many"), '"points" must be a list'),
        (row(points=[*POINTS[:67], [float("nan"), 0.0]]), '"points" holds a value that is not a finite number'),
        (row(points=[[5.0, 5.0]] * 68), "outer eye corners"),
        (row(source=["300w"]), '"source" must be text'),
        (row(frame="first"), '"frame" must be a whole number'),
        (row(frame=True), '"frame" must be a whole number'),
    ],
)
def test_errors_name_file_line_and_field(tmp_path: Path, bad: object, complaint: str) -> None:
    path = write(tmp_path, row(), bad)
    with pytest.raises(InputError) as caught:
        read_labels(path)
    assert f"{path}, line 2: " in str(caught.value)
    assert complaint in str(caught.value)


def test_absent_empty_and_binary_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere.jsonl: no such labels file"):
        read_labels(tmp_path / "nowhere.jsonl")
    with pytest.raises(InputError, match="holds no labels"):
        read_labels(write(tmp_path, ""))
    (tmp_path / "picture.jsonl").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(InputError, match="not a text file"):
        read_labels(tmp_path / "picture.jsonl")


@pytest.mark.parametrize(
    ("source", "name", "expected"),
    [
        ("300w_helen", "300w_helen_04240.jpg", True),
        ("300w_helen", "300w_helen_04241.jpg", False),
        ("300w_afw", "300w_afw_05430.flipped.jpg", True),
        ("udacity_ytf", "udacity_ytf_00010.jpg", False),
        ("300w_afw", "portrait.jpg", False),
    ],
)
def test_validation_is_every_tenth_300w_face_by_file_name(source: str, name: str, expected: bool) -> None:
    face = LabelledFace(Path("images") / name, np.zeros((68, 2), np.float32), source)
    assert is_validation(face) is expected
