from pathlib import Path

import cv2
import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.training.datasets import pictures
from rednet_ros.training.datasets.labels import LabelledFace
from rednet_ros.training.datasets.pictures import PictureReader, read_picture

SHAPE = np.arange(136, dtype=np.float32).reshape(68, 2)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Five frames with the grey levels 20, 60, ... 180."""
    path = tmp_path / "vid.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 25, (64, 48))
    for index in range(5):
        writer.write(np.full((48, 64, 3), 20 + 40 * index, np.uint8))
    writer.release()
    return path


def frame(path: Path, index: int) -> LabelledFace:
    return LabelledFace(path, SHAPE, video_frame=index)


def test_a_picture_is_read_as_it_is(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 255, (20, 30, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), image)
    np.testing.assert_array_equal(read_picture(LabelledFace(tmp_path / "a.png", SHAPE)), image)


@pytest.mark.parametrize("index", [0, 3, 4])
def test_any_frame_of_a_video_can_be_read_alone(video: Path, index: int) -> None:
    image = read_picture(frame(video, index))
    assert image.shape == (48, 64, 3)
    assert image.mean() == pytest.approx(20 + 40 * index, abs=3)


def test_frames_can_be_read_in_any_order_and_the_right_one_comes(video: Path) -> None:
    order = [0, 1, 3, 3, 2, 4, 0]
    with PictureReader() as reader:
        levels = [reader.read(frame(video, index)).mean() for index in order]
    np.testing.assert_allclose(levels, [20 + 40 * index for index in order], atol=3)


def test_frames_in_order_open_the_video_once(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []

    class Counting(pictures._Video):
        def __init__(self, path: Path) -> None:
            opened.append(path)
            super().__init__(path)

    monkeypatch.setattr(pictures, "_Video", Counting)
    with PictureReader() as reader:
        for index in (0, 1, 1, 4):
            reader.read(frame(video, index))
    assert opened == [video]


def test_what_cannot_be_read_is_named(video: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"vid.avi: ends after 5 frames, frame 9 \(from 0\) is labelled"):
        read_picture(frame(video, 9))
    with pytest.raises(InputError, match="gone.avi: no such video file"):
        read_picture(frame(tmp_path / "gone.avi", 0))
    (tmp_path / "text.avi").write_text("no video")
    with pytest.raises(InputError, match="text.avi: not a video that OpenCV can read"):
        read_picture(frame(tmp_path / "text.avi", 0))
    with pytest.raises(InputError, match="gone.png: no such image file"):
        read_picture(LabelledFace(tmp_path / "gone.png", SHAPE))
