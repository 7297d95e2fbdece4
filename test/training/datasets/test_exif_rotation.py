"""Labels of pictures that EXIF turns."""

import logging
import os

import cv2
import numpy as np
import pytest

from rednet_ros.media.images import exif_orientation, read_image
from rednet_ros.tracking.types import Box
from rednet_ros.training.datasets.exif_rotation import as_shown
from rednet_ros.training.datasets.labels import LabelledFace, read_labels, write_labels

WIDTH, HEIGHT = 120, 80


def with_orientation(jpeg, orientation, order="big"):
    def number(value, count):
        return value.to_bytes(count, order)

    entry = number(274, 2) + number(3, 2) + number(1, 4) + number(orientation, 2) + bytes(2)
    tiff = (b"MM" if order == "big" else b"II") + number(42, 2) + number(8, 4) + number(1, 2) + entry + bytes(4)
    content = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + (len(content) + 2).to_bytes(2, "big") + content + jpeg[2:]


def labelled(folder, orientation, order="big"):
    """A picture with a bright spot where landmark 30 (on the axis of symmetry) is, in stored pixels."""
    image = np.full((HEIGHT, WIDTH, 3), 40, np.uint8)
    cv2.circle(image, (90, 20), 4, (250, 250, 250), -1)
    path = folder / f"{orientation}.jpg"
    path.write_bytes(with_orientation(cv2.imencode(".jpg", image)[1].tobytes(), orientation, order))
    points = np.random.default_rng(0).uniform(0, 79, (68, 2)).astype(np.float32)
    points[30] = 90, 20
    return LabelledFace(path, points, box=Box(80, 10, 20, 20))


def spot(image):
    y, x = np.nonzero(image[:, :, 0] > 150)
    return [x.mean(), y.mean()]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_stored_pixels_are_turned_with_the_picture(tmp_path, orientation):
    face = labelled(tmp_path, orientation)
    (shown,) = as_shown([face], stored_pixels=True)
    np.testing.assert_allclose(spot(read_image(face.image_path)), shown.points_px[30], atol=0.6)
    middle = shown.box.x + shown.box.width / 2, shown.box.y + shown.box.height / 2
    np.testing.assert_allclose(middle, shown.points_px[30], atol=0.1)


def test_mirrored_faces_change_sides(tmp_path):
    face = labelled(tmp_path, 2)
    (shown,) = as_shown([face], stored_pixels=True)
    np.testing.assert_allclose(shown.points_px[36], [WIDTH - 1, 0] + face.points_px[45] * [-1, 1], atol=1e-3)


def test_turned_pictures_are_counted(tmp_path, caplog):
    faces = [labelled(tmp_path, 1), labelled(tmp_path, 6, "little"), labelled(tmp_path, 8)]
    faces.append(LabelledFace(tmp_path / "gone.jpg", faces[0].points_px))
    with caplog.at_level(logging.WARNING):
        assert as_shown(faces) == faces
    assert "2 of 4 pictures are shown turned (EXIF)" in caplog.text
    assert "--stored-pixels" in caplog.text


def test_usual_pictures_pass_without_a_word(tmp_path, caplog):
    assert len(as_shown([labelled(tmp_path, 1)])) == 1
    assert caplog.text == ""


def test_a_header_that_is_cut_short_has_no_turn(tmp_path):
    data = labelled(tmp_path, 6).image_path.read_bytes()
    assert exif_orientation(data) == 6
    for length in range(40):
        assert exif_orientation(data[:length]) in (1, 6)
    assert exif_orientation(b"\x89PNG") == 1


def test_labels_may_name_pictures_of_any_name(tmp_path):
    path = tmp_path / os.fsdecode(b"M\xe4rz.jpg")
    face = LabelledFace(path, labelled(tmp_path, 1).points_px, source="März")
    write_labels(tmp_path / "labels.jsonl", [face])
    (again,) = read_labels(tmp_path / "labels.jsonl")
    assert (again.image_path.name, again.source) == (path.name, "März")
