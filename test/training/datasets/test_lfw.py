from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.tracking.types import Box
from rednet_ros.training.datasets import open_dataset

Write = Callable[..., Path]
EXPLANATION = (
    "# Facial feature annotations for the LFW images\n"
    "# image_name face_bbox_x face_bbox_y face_bbox_width face_bbox_height headpose num_facial_features ...\n"
)
POINTS = [10, 20, 30, 21, 18, 70, 52, 71, 35, 80, 34, 62, 50, 22, 68, 19, 28, 50, 44, 51]
ROW = "Aaron_Eckhart/Aaron_Eckhart_0001.jpg 60 70 110 112 0 10 " + " ".join(map(str, POINTS))


@pytest.fixture
def folder(tmp_path: Path, write_image: Write) -> Path:
    write_image(tmp_path / "lfw/Aaron_Eckhart/Aaron_Eckhart_0001.jpg")
    return tmp_path


def annotate(folder: Path, *rows: str) -> None:
    (folder / "lfw_ffd_ann.txt").write_text(EXPLANATION + "\n".join(rows) + "\n")


def test_points_are_relative_to_the_box(folder: Path) -> None:
    annotate(folder, ROW)
    (face,) = open_dataset(f"lfw:{folder}")
    assert face.image_path == folder / "lfw/Aaron_Eckhart/Aaron_Eckhart_0001.jpg"
    assert (face.source, face.identity, face.box) == ("lfw", "Aaron_Eckhart", Box(60, 70, 110, 112))
    assert np.flatnonzero(face.annotated).tolist() == [31, 35, 36, 39, 42, 45, 48, 51, 54, 57]
    np.testing.assert_array_equal(face.points_px[36], [70, 90])
    np.testing.assert_array_equal(face.points_px[45], [128, 89])
    np.testing.assert_array_equal(face.points_px[57], [95, 150])
    assert face.points_px[51, 1] < face.points_px[57, 1]


def test_images_may_lie_beside_the_file(tmp_path: Path, write_image: Write) -> None:
    write_image(tmp_path / "Aaron_Eckhart/Aaron_Eckhart_0001.jpg")
    annotate(tmp_path, ROW)
    (face,) = open_dataset(f"lfw:{tmp_path}")
    assert face.image_path.is_file()


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (ROW.rsplit(" ", 1)[0], "line 4: expected 26 numbers behind the image's name, found 25"),
        (ROW.replace("60", "sixty", 1), "line 4: expected numbers behind the image's name"),
        (ROW.replace("60", "nan", 1), "line 4: expected 26 numbers"),
        (ROW.replace("110", "0", 1), "line 4: the face's box has no size"),
    ],
)
def test_errors_name_the_line(folder: Path, row: str, complaint: str) -> None:
    annotate(folder, ROW, row)
    with pytest.raises(InputError, match=f"lfw_ffd_ann.txt, {complaint}"):
        open_dataset(f"lfw:{folder}")


def test_eyes_on_the_wrong_sides_are_another_convention(folder: Path) -> None:
    mirrored = [110 - value if index % 2 == 0 else value for index, value in enumerate(POINTS)]
    annotate(folder, f"{ROW.split(' 60 ')[0]} 60 70 110 112 0 10 {' '.join(map(str, mirrored))}")
    with pytest.raises(InputError, match="the left eye lies right of the right one"):
        open_dataset(f"lfw:{folder}")


def test_missing_annotations_and_images_are_named(tmp_path: Path, write_image: Write) -> None:
    with pytest.raises(InputError, match="lfw_ffd_ann.txt: no such file; expected"):
        open_dataset(f"lfw:{tmp_path}")
    annotate(tmp_path)
    with pytest.raises(InputError, match="holds no annotated image"):
        open_dataset(f"lfw:{tmp_path}")
    annotate(tmp_path, ROW)
    with pytest.raises(InputError, match="Aaron_Eckhart_0001.jpg is not there; expected"):
        open_dataset(f"lfw:{tmp_path}")
