import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.tracking.types import Box
from rednet_ros.training.datasets import open_dataset
from rednet_ros.training.datasets.aflw import MARKUP, UNUSED

Write = Callable[..., Path]
# The order of the real table, whose feature_id counts from 1.
NAMES = [
    "LeftBrowLeftCorner",
    "LeftBrowCenter",
    "LeftBrowRightCorner",
    "RightBrowLeftCorner",
    "RightBrowCenter",
    "RightBrowRightCorner",
    "LeftEyeLeftCorner",
    "LeftEyeCenter",
    "LeftEyeRightCorner",
    "RightEyeLeftCorner",
    "RightEyeCenter",
    "RightEyeRightCorner",
    "LeftEar",
    "NoseLeft",
    "NoseCenter",
    "NoseRight",
    "RightEar",
    "MouthLeftCorner",
    "MouthCenter",
    "MouthRightCorner",
    "ChinCenter",
]


def write_database(path: Path, faces: dict[int, tuple[str, Iterable[str]]], with_box_and_pose: bool = True) -> None:
    """Faces by id: their picture and the names of the points seen; point k lies at (10 k, 7 k + 0.5)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("""
            CREATE TABLE Faces (face_id INTEGER PRIMARY KEY, file_id TEXT, db_id TEXT);
            CREATE TABLE FaceImages (image_id INTEGER PRIMARY KEY, db_id TEXT, file_id TEXT, filepath TEXT, bw INTEGER,
                                     width INTEGER, height INTEGER);
            CREATE TABLE FaceRect (face_id INTEGER PRIMARY KEY, x INTEGER, y INTEGER, w INTEGER, h INTEGER,
                                   annot_type_id INTEGER);
            CREATE TABLE FacePose (face_id INTEGER PRIMARY KEY, roll REAL, pitch REAL, yaw REAL, annot_type_id INTEGER);
            CREATE TABLE FeatureCoordTypes (feature_id INTEGER PRIMARY KEY, descr TEXT, code TEXT, x REAL, y REAL,
                                            z REAL);
            CREATE TABLE FeatureCoords (face_id INTEGER, feature_id INTEGER, x REAL, y REAL, annot_type_id INTEGER);
        """)
        connection.executemany(
            "INSERT INTO FeatureCoordTypes (feature_id, descr) VALUES (?, ?)", list(enumerate(NAMES, 1))
        )
        for face_id, (picture, seen) in faces.items():
            file_id = Path(picture).name
            if not connection.execute("SELECT 1 FROM FaceImages WHERE file_id = ?", (file_id,)).fetchone():
                connection.execute("INSERT INTO FaceImages (file_id, filepath) VALUES (?, ?)", (file_id, picture))
            connection.execute("INSERT INTO Faces VALUES (?, ?, 'flickr')", (face_id, file_id))
            if with_box_and_pose:
                connection.execute("INSERT INTO FacePose VALUES (?, 0.1, 0.2, -0.75, 1)", (face_id,))
                connection.execute("INSERT INTO FaceRect VALUES (?, 5, 6, 50, 50, 1)", (face_id,))
            for name in seen:
                number = NAMES.index(name) + 1
                connection.execute(
                    "INSERT INTO FeatureCoords VALUES (?, ?, ?, ?, 1)", (face_id, number, 10 * number, 7 * number + 0.5)
                )
        connection.commit()


def test_seen_points_are_placed_by_name_and_the_rest_is_unannotated(tmp_path: Path, write_image: Write) -> None:
    seen = ["NoseCenter", "LeftEyeLeftCorner", "MouthCenter", "LeftEar"]
    write_database(
        tmp_path / "data/aflw.sqlite", {39341: ("0/image00002.jpg", seen), 39342: ("2/image00004.jpg", NAMES)}
    )
    write_image(tmp_path / "data/flickr/0/image00002.jpg")
    first, second = open_dataset(f"aflw:{tmp_path}")
    assert first.image_path == tmp_path / "data/flickr/0/image00002.jpg"
    assert (first.source, first.box, first.yaw_rad) == ("aflw", Box(5, 6, 50, 50), 0.75)
    assert np.flatnonzero(first.annotated).tolist() == [30, 36]
    np.testing.assert_array_equal(first.points_px[30], [150, 105.5])
    assert np.flatnonzero(second.annotated).tolist() == sorted(MARKUP)


def test_all_of_aflws_points_are_accounted_for() -> None:
    assert sorted([*MARKUP.values(), *UNUSED]) == sorted(NAMES)


def test_the_left_eye_of_aflw_is_the_viewers(tmp_path: Path, write_image: Write) -> None:
    """36 is the outer corner of the person's right eye: in an upright picture the leftmost corner."""
    write_database(tmp_path / "aflw.sqlite", {1: ("0/image00002.jpg", NAMES)})
    write_image(tmp_path / "flickr/0/image00002.jpg")
    (face,) = open_dataset(f"aflw:{tmp_path}")
    for row in ([36, 39, 42, 45], [17, 19, 21, 22, 24, 26], [31, 30, 35], [48, 54]):
        assert (np.diff(face.points_px[row, 0]) > 0).all()


def test_several_faces_of_a_picture_and_faces_with_hardly_a_point(
    tmp_path: Path, write_image: Write, caplog: pytest.LogCaptureFixture
) -> None:
    """One point gives a face no size; those that are none of the 68 do not count."""
    picture = "3/image00032.jpg"
    seen = {7: ["ChinCenter", "NoseLeft"], 8: ["NoseLeft", "NoseRight"], 9: [], 10: ["LeftEar", "RightEar", "NoseLeft"]}
    write_database(
        tmp_path / "aflw.sqlite", {face: (picture, names) for face, names in seen.items()}, with_box_and_pose=False
    )
    write_image(tmp_path / "data/flickr" / picture)
    first, second = open_dataset(f"aflw:{tmp_path}")
    assert first.image_path == second.image_path
    assert (first.box, first.yaw_rad) == (None, None)
    assert [np.flatnonzero(face.annotated).tolist() for face in (first, second)] == [[8, 31], [31, 35]]
    assert "2 faces with fewer than two" in caplog.text


def test_a_missing_database_or_missing_images_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no aflw.sqlite found; expected the unpacked archives"):
        open_dataset(f"aflw:{tmp_path}")
    write_database(tmp_path / "aflw.sqlite", {7: ("0/image00002.jpg", NAMES)})
    with pytest.raises(InputError, match="the image 0/image00002.jpg of the database is in none of data/flickr"):
        open_dataset(f"aflw:{tmp_path}")


def test_other_files_are_not_the_database(tmp_path: Path) -> None:
    path = tmp_path / "aflw.sqlite"
    path.write_bytes(b"no database at all, but long enough to look at")
    with pytest.raises(InputError, match="aflw.sqlite: not the database of AFLW, or damaged"):
        open_dataset(f"aflw:{tmp_path}")
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE Other (x)")
    with pytest.raises(InputError, match="aflw.sqlite: not the database of AFLW, or damaged: no such table: Faces"):
        open_dataset(f"aflw:{tmp_path}")
    path.unlink()
    write_database(path, {})
    with pytest.raises(InputError, match="holds no face with landmarks"):
        open_dataset(f"aflw:{tmp_path}")
