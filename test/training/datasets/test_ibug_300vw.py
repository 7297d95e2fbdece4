from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rednet_ros.errors import InputError
from rednet_ros.training.datasets import open_dataset
from rednet_ros.training.datasets.ibug_300vw import CATEGORIES
from rednet_ros.training.datasets.pictures import PictureReader

Write = Callable[..., Path]


@pytest.fixture
def tree(tmp_path: Path, shape: NDArray[np.float32], write_pts: Write, write_video: Write) -> Path:
    """Three videos of five frames: one to train on, one of category 1, one in no list."""
    folder = tmp_path / "300VW_Dataset_2015_12_14"
    for video in ("001", "401", "999"):
        write_video(folder / video / "vid.avi", 5)
        for frame in range(1, 6):
            write_pts(folder / video / "annot" / f"{frame:06}.pts", shape + frame)
    return folder


def test_frames_have_video_sequence_and_pixels(tree: Path, shape: NDArray[np.float32]) -> None:
    faces = open_dataset(f"300vw:{tree}")
    assert [(face.source, face.frame) for face in faces] == [
        (source, frame) for source in ("300vw_train", "300vw_1", "300vw") for frame in range(1, 6)
    ]
    third = faces[7]
    assert (third.image_path, third.video_frame) == (tree / "401/vid.avi", 2)
    assert (third.sequence, third.identity) == ("300vw_401", "300vw_401")
    np.testing.assert_allclose(third.points_px, shape + 2, atol=1e-4)  # +3 in the file, which counts from 1
    with PictureReader() as reader:
        levels = [reader.read(face).mean() for face in faces]
    np.testing.assert_allclose(levels, [20, 40, 60, 80, 100] * 3, atol=3)


def test_one_video_or_the_folder_above_can_be_given(tree: Path) -> None:
    assert len(open_dataset(f"300vw:{tree.parent}")) == 15
    assert {face.source for face in open_dataset(f"300vw:{tree / '401'}")} == {"300vw_1"}


def test_excluded_frames_are_left_out(tree: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tree / "extra").mkdir()
    (tree / "extra/401.txt").write_text("2\n4\n")
    (tree / "extra/001.mat").write_bytes(matlab_file(b"error", [1, 5]))
    faces = open_dataset(f"300vw:{tree}")
    assert {
        sequence: [face.frame for face in faces if face.sequence == sequence]
        for sequence in ("300vw_001", "300vw_401", "300vw_999")
    } == {"300vw_001": [2, 3, 4], "300vw_401": [1, 3, 5], "300vw_999": [1, 2, 3, 4, 5]}
    assert [face.video_frame for face in faces if face.sequence == "300vw_401"] == [0, 2, 4]
    assert caplog.text == ""


def test_without_the_list_of_excluded_frames_there_is_a_warning(tree: Path, caplog: pytest.LogCaptureFixture) -> None:
    open_dataset(f"300vw:{tree}")
    assert "without the folder extra" in caplog.text


def test_annotations_beyond_the_end_of_the_video_are_not_used(
    tree: Path, shape: NDArray[np.float32], write_pts: Write, caplog: pytest.LogCaptureFixture
) -> None:
    write_pts(tree / "401/annot/000006.pts", shape)
    assert [face.frame for face in open_dataset(f"300vw:{tree / '401'}")] == [1, 2, 3, 4, 5]
    assert "401/vid.avi: has 5 frames, the annotations of 1 later ones are not used" in caplog.text


def test_the_official_split() -> None:
    assert {source: len(videos) for source, videos in CATEGORIES.items()} == {
        "300vw_train": 50,
        "300vw_1": 31,
        "300vw_2": 19,
        "300vw_3": 14,
    }
    assert len({video for videos in CATEGORIES.values() for video in videos}) == 114


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda tree: (tree / "401/vid.avi").unlink(), "401/vid.avi: no such video file"),
        (lambda tree: (tree / "401/annot/000003.pts").write_text("version: 1\n"), "000003.pts: no opening brace"),
        (lambda tree: (tree / "401/annot/last.pts").touch(), "last.pts: expected the number of a frame"),
        (lambda tree: (tree / "402/annot").mkdir(parents=True), "402/vid.avi: no such video file"),
        (lambda tree: (tree / "401/vid.avi").write_text("no video"), "401/vid.avi: not a video that OpenCV can read"),
        (lambda tree: [file.unlink() for file in (tree / "401/annot").iterdir()], "401/annot: no .pts file of a frame"),
    ],
)
def test_damaged_videos_are_named(tree: Path, spoil: Callable[[Path], object], complaint: str) -> None:
    spoil(tree)
    with pytest.raises(InputError, match=complaint):
        open_dataset(f"300vw:{tree}")


def test_a_list_of_excluded_frames_must_hold_numbers(tree: Path) -> None:
    (tree / "extra").mkdir()
    (tree / "extra/401.txt").write_text("2\nfour\n")
    with pytest.raises(InputError, match="401.txt: expected whole numbers only"):
        open_dataset(f"300vw:{tree}")


def test_a_folder_without_videos_says_what_was_expected(tmp_path: Path) -> None:
    (tmp_path / "001").mkdir()
    with pytest.raises(InputError, match="no video of 300-VW found; expected a folder for each video"):
        open_dataset(f"300vw:{tmp_path}")


def matlab_file(name: bytes, values: list[int]) -> bytes:
    """What MATLAB's `save -v6` writes for a row of doubles; `name` has at most eight letters."""
    import struct

    numbers = struct.pack(f"<{len(values)}d", *values)
    array = struct.pack("<IIII", 6, 8, 6, 0) + struct.pack("<IIii", 5, 8, 1, len(values))
    array += struct.pack("<II8s", 1, len(name), name) + struct.pack("<II", 9, len(numbers)) + numbers
    head = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<H", 0x0100) + b"IM"
    return head + struct.pack("<II", 14, len(array)) + array


def test_what_macos_leaves_behind_is_no_video(tree: Path) -> None:
    usual = open_dataset(f"300vw:{tree}")
    for file in [*tree.glob("*/annot/*.pts")]:
        (file.parent / f"._{file.name}").touch()
        leftover = tree / "__MACOSX" / file.parent.parent.name / "annot" / f"._{file.name}"
        leftover.parent.mkdir(parents=True, exist_ok=True)
        leftover.touch()
    assert len(open_dataset(f"300vw:{tree}")) == len(usual)
