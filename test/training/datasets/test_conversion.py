from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from rednet_ros.errors import InputError
from rednet_ros.media.images import read_image
from rednet_ros.tracking.mean_shape import MEAN_SHAPE
from rednet_ros.tracking.types import Box
from rednet_ros.training.datasets.conversion import CROP_SCALE, MOST_PX, convert
from rednet_ros.training.datasets.labels import LabelledFace, is_validation, read_labels, write_labels

CENTER = np.array([150.0, 120.0])


def mean_face(width_px: float) -> NDArray[np.float32]:
    """The mean shape around CENTER."""
    low, high = MEAN_SHAPE.min(axis=0), MEAN_SHAPE.max(axis=0)
    return ((MEAN_SHAPE - (low + high) / 2) * width_px / (high - low)[0] + CENTER).astype(np.float32)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A smooth gradient that survives JPEG, 300 x 240: blue grows along x, green along y."""
    y, x = np.mgrid[0:240, 0:300]
    path = tmp_path / "in/100032540_1.png"
    path.parent.mkdir()
    cv2.imwrite(str(path), np.stack([x * 0.8, y, np.full(x.shape, 90)], axis=-1).astype(np.uint8))
    return path


def test_landmarks_keep_their_place_in_the_picture(picture: Path, tmp_path: Path) -> None:
    face = LabelledFace(picture, mean_face(60), "300w_helen", visible=np.arange(68) > 5)
    (crop,) = convert([face], tmp_path / "out")
    image, whole = read_image(crop.image_path), read_image(picture)
    extent = np.ptp(face.points_px, axis=0).max()
    assert image.shape[0] == image.shape[1] == round(CROP_SCALE * extent)
    for (x, y), (crop_x, crop_y) in zip(face.points_px, crop.points_px, strict=True):
        difference = image[round(crop_y), round(crop_x)].astype(int) - whole[round(y), round(x)]
        assert np.abs(difference).max() <= 3
    np.testing.assert_allclose(
        (crop.points_px.min(axis=0) + crop.points_px.max(axis=0)) / 2, image.shape[0] / 2, atol=1.5
    )
    assert (crop.source, crop.visible is face.visible) == ("300w_helen", True)


def test_names_keep_the_validation_split(picture: Path, tmp_path: Path) -> None:
    face = LabelledFace(picture, mean_face(60), "300w_helen")
    first, second = convert([face, face], tmp_path / "out")
    folder = tmp_path / "out/images/300w_helen"
    assert (first.image_path, second.image_path) == (folder / "100032540_1.jpg", folder / "100032540_1_b.jpg")
    assert is_validation(face)
    assert is_validation(first)
    assert is_validation(second)


def test_large_faces_are_made_smaller(picture: Path, tmp_path: Path) -> None:
    (crop,) = convert([LabelledFace(picture, mean_face(280))], tmp_path / "out")
    assert read_image(crop.image_path).shape == (MOST_PX, MOST_PX, 3)
    assert np.ptp(crop.points_px, axis=0).max() == pytest.approx(MOST_PX / CROP_SCALE, rel=1e-3)


def test_borders_repeat_the_picture(picture: Path, tmp_path: Path) -> None:
    face = LabelledFace(picture, mean_face(60) - CENTER.astype(np.float32))  # its centre is the picture's corner
    image = read_image(next(convert([face], tmp_path / "out")).image_path)
    np.testing.assert_allclose(image[5, 5], [0, 0, 90], atol=4)
    assert image[-1, -1, 0] > 30


def test_a_few_landmarks_are_cut_like_the_whole_face(picture: Path, tmp_path: Path) -> None:
    whole = LabelledFace(picture, mean_face(60))
    points = whole.points_px.copy()
    points[[index for index in range(68) if index not in (8, 36, 45, 48)]] = np.nan
    few = replace(whole, points_px=points, box=Box(120, 90, 60, 60))
    first, second = convert([whole, few], tmp_path / "out")
    assert np.flatnonzero(second.annotated).tolist() == [8, 36, 45, 48]
    np.testing.assert_allclose(second.points_px[second.annotated], first.points_px[second.annotated], atol=0.6)
    assert read_image(second.image_path).shape == pytest.approx(read_image(first.image_path).shape, abs=1)
    shift = first.points_px[8] - whole.points_px[8]
    assert second.box is not None
    np.testing.assert_allclose(
        [second.box.x, second.box.y, second.box.width, second.box.height],
        [120 + shift[0], 90 + shift[1], 60, 60],
        atol=1,
    )


def test_frames_of_a_video_become_pictures_of_a_sequence(tmp_path: Path, write_video: Callable[..., Path]) -> None:
    video = write_video(tmp_path / "114/vid.avi", 4)
    points = (mean_face(30) - 100).astype(np.float32)
    faces = [
        LabelledFace(video, points, "300vw_1", "300vw_114", "300vw_114", index + 1, video_frame=index)
        for index in range(4)
    ]
    crops = list(convert(faces, tmp_path / "out"))
    assert crops[2].image_path == tmp_path / "out/images/300vw_1/300vw_114/000002.jpg"
    assert [(crop.frame, crop.video_frame, crop.sequence) for crop in crops[:2]] == [
        (1, None, "300vw_114"),
        (2, None, "300vw_114"),
    ]
    np.testing.assert_allclose([read_image(crop.image_path).mean() for crop in crops], [20, 40, 60, 80], atol=3)
    write_labels(tmp_path / "out/labels.jsonl", crops)
    assert read_labels(tmp_path / "out/labels.jsonl")[3].image_path.is_file()


def test_a_sequence_cannot_lead_out_of_the_folder(picture: Path, tmp_path: Path) -> None:
    face = LabelledFace(picture, mean_face(60), "../a", sequence="../../b:c", frame=3)
    (crop,) = convert([face], tmp_path / "out")
    assert crop.image_path == tmp_path / "out/images/_a/_b_c/000003.jpg"


def test_unreadable_pictures_and_unwritable_folders_are_named(picture: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="gone.png: no such image file"):
        list(convert([LabelledFace(tmp_path / "gone.png", mean_face(60))], tmp_path / "out"))
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="100032540_1.jpg: cannot be written"):
        list(convert([LabelledFace(picture, mean_face(60))], tmp_path / "file"))
