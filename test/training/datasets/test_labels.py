import json
from pathlib import Path

import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.tracking.types import Box
from rednet_ros.training.datasets.labels import LabelledFace, is_validation, read_labels, write_labels

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
        (row(points=[None] * 68), "no landmark is annotated"),
        (row(points=[*POINTS[:67], [None, 1.0]]), '"points"'),
        (row(visible=[1] * 67), '"visible" must hold 68 times 0 or 1'),
        (row(visible=[1] * 67 + [2]), '"visible" must hold 68 times 0 or 1'),
        (row(video_frame=-1), '"video_frame" counts from 0'),
        (row(box=[0, 0, 10]), '"box" must be [x, y, width, height]'),
        (row(box=[0, 0, 10, -1]), "positive size"),
        (row(yaw_rad=-0.1), '"yaw_rad" must be a number from 0 to pi'),
        (row(yaw_rad="left"), '"yaw_rad" must be a number from 0 to pi'),
    ],
)
def test_errors_name_file_line_and_field(tmp_path: Path, bad: object, complaint: str) -> None:
    path = write(tmp_path, row(), bad)
    with pytest.raises(InputError) as caught:
        read_labels(path)
    assert f"{path}, line 2: " in str(caught.value)
    assert complaint in str(caught.value)


def test_null_is_a_landmark_that_nobody_annotated(tmp_path: Path) -> None:
    (face,) = read_labels(write(tmp_path, row(points=[None, *POINTS[1:36], None, *POINTS[37:]])))
    assert np.flatnonzero(~face.annotated).tolist() == [0, 36]
    assert np.isnan(face.points_px[36]).all()
    np.testing.assert_array_equal(face.points_px[37], np.array(POINTS[37], np.float32))


def test_reads_visibility_video_frame_and_box(tmp_path: Path) -> None:
    (face,) = read_labels(write(tmp_path, row(visible=[0] * 17 + [1] * 51, video_frame=4, box=[1, 2, 30, 40.5])))
    assert face.visible is not None
    assert np.flatnonzero(face.visible).tolist() == list(range(17, 68))
    assert face.video_frame == 4
    assert face.box == Box(1, 2, 30, 40.5)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    points = np.array(POINTS, np.float32)
    points[3] = np.nan
    visible = np.arange(68) % 3 > 0
    (tmp_path / "sub").mkdir()
    faces = [
        LabelledFace(tmp_path / "a.png", points, "aflw", box=Box(1, 2, 3, 4), yaw_rad=1.25),
        LabelledFace(tmp_path / "sub/ä.avi", points + 1, "300vw_1", "Ada", "300vw_114", 7, visible, 6),
    ]
    path = tmp_path / "sub" / "labels.jsonl"
    write_labels(path, faces)
    assert [json.loads(line)["image"] for line in path.read_text().splitlines()] == ["../a.png", "ä.avi"]
    for read, written in zip(read_labels(path), faces, strict=True):
        assert read.image_path.resolve() == written.image_path.resolve()
        np.testing.assert_allclose(read.points_px, written.points_px, atol=1e-3)
        np.testing.assert_array_equal(read.visible, written.visible)
        for field in ("source", "identity", "sequence", "frame", "video_frame", "box", "yaw_rad"):
            assert getattr(read, field) == getattr(written, field)


def test_a_folder_that_does_not_exist_cannot_be_written_to(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere/labels.jsonl: cannot be written"):
        write_labels(tmp_path / "nowhere/labels.jsonl", [])


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
        # names of the official distribution: the number of the picture, not of the face in it
        ("300w_helen", "100032540_1.jpg", True),
        ("300w_helen", "100032541_10.jpg", False),
        ("300w_ibug", "image_020_1.jpg", True),
        ("300w_lfpw", "image_0030.png", True),
        ("300w_lfpw", "image_0031.png", False),
    ],
)
def test_validation_is_every_tenth_300w_face_by_file_name(source: str, name: str, expected: bool) -> None:
    face = LabelledFace(Path("images") / name, np.zeros((68, 2), np.float32), source)
    assert is_validation(face) is expected
