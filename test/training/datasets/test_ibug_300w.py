from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rednet_ros.errors import InputError
from rednet_ros.training.datasets import open_dataset
from rednet_ros.training.datasets.labels import is_validation

Write = Callable[..., Path]
OFFICIAL = {
    "afw/1051618982_1.jpg": "300w_afw",
    "helen/trainset/100032540_1.jpg": "300w_helen",
    "helen/testset/296814969_3.jpg": "300w_helen_test",
    "lfpw/trainset/image_0001.png": "300w_lfpw",
    "lfpw/testset/image_0001.png": "300w_lfpw_test",
    "ibug/image_003_1.jpg": "300w_ibug",
    "300W/01_Indoor/indoor_001.png": "300w_indoor",
    "300W/02_Outdoor/outdoor_001.png": "300w_outdoor",
}


@pytest.fixture
def tree(tmp_path: Path, shape: NDArray[np.float32], write_pts: Write, write_image: Write) -> Path:
    for name in OFFICIAL:
        image = write_image(tmp_path / "300w" / name)
        write_pts(image.with_suffix(".pts"), shape + 1)
    return tmp_path / "300w"


def test_the_official_tree(tree: Path, shape: NDArray[np.float32]) -> None:
    faces = open_dataset(f"300w:{tree}")
    assert {str(face.image_path.relative_to(tree)): face.source for face in faces} == OFFICIAL
    for face in faces:
        np.testing.assert_allclose(face.points_px, shape, atol=1e-4)
        assert (face.sequence, face.identity, face.visible, face.video_frame) == (None,) * 4


@pytest.mark.parametrize(
    ("spec", "sources"),
    [
        ("300w:helen", {"300w_helen", "300w_helen_test"}),
        ("300w:helen/testset", {"300w_helen_test"}),
        ("300w:ibug", {"300w_ibug"}),
        ("helen:helen", {"300w_helen", "300w_helen_test"}),
        ("helen:helen/trainset", {"300w_helen"}),
        ("lfpw:lfpw", {"300w_lfpw", "300w_lfpw_test"}),
    ],
)
def test_parts_of_the_tree_have_the_same_sources(tree: Path, spec: str, sources: set[str]) -> None:
    name, _, part = spec.partition(":")
    assert {face.source for face in open_dataset(f"{name}:{tree / part}")} == sources


def test_the_validation_split_goes_by_the_number_of_the_picture(tree: Path) -> None:
    kept = [face.image_path.name for face in open_dataset(f"300w:{tree}") if is_validation(face)]
    assert kept == ["100032540_1.jpg"]


def test_a_folder_of_another_name_is_told_by_the_format(
    tmp_path: Path, shape: NDArray[np.float32], write_pts: Write, write_image: Write
) -> None:
    write_pts(write_image(tmp_path / "testset/1_1.jpg").with_suffix(".pts"), shape)
    assert open_dataset(f"lfpw:{tmp_path}")[0].source == "300w_lfpw_test"
    assert open_dataset(f"300w:{tmp_path}")[0].source == "300w_test"


def test_an_empty_folder_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"no image with a .pts file found; expected folders as in the official"
    ) as caught:
        open_dataset(f"300w:{tmp_path}")
    assert "helen/{trainset,testset}/*.jpg" in str(caught.value)


def test_images_without_any_points_are_no_data_set(tmp_path: Path, write_image: Write) -> None:
    write_image(tmp_path / "afw/1_1.jpg")
    with pytest.raises(InputError, match="no image with a .pts file"):
        open_dataset(f"300w:{tmp_path}")


def test_the_original_forms_of_helen_and_lfpw_are_explained(tmp_path: Path) -> None:
    (tmp_path / "annotation").mkdir()
    (tmp_path / "annotation/1.txt").write_text("100032540_1\n1 , 2\n")
    with pytest.raises(InputError, match="194 points do not contain the 68 landmarks. Take the re-annotation of 300-W"):
        open_dataset(f"helen:{tmp_path}")
    (tmp_path / "kbvt_lfpw_v1_train.csv").write_text("imageURL\tworker\n")
    with pytest.raises(InputError, match="web addresses"):
        open_dataset(f"lfpw:{tmp_path}")


def test_a_face_without_a_unit_is_refused(
    tmp_path: Path, shape: NDArray[np.float32], write_pts: Write, write_image: Write
) -> None:
    file = write_pts(write_image(tmp_path / "a.jpg").with_suffix(".pts"), np.ones_like(shape))
    with pytest.raises(InputError, match="outer eye corners") as caught:
        open_dataset(f"300w:{tmp_path}")
    assert str(file) in str(caught.value)
