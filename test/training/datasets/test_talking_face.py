from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rednet_ros.errors import InputError
from rednet_ros.landmarks import DETECTION_INDICES
from rednet_ros.training.datasets import open_dataset
from rednet_ros.training.datasets.talking_face import MARKUP

Write = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path, write_pts: Write, write_image: Write) -> Path:
    """Two complete frames; the k-th point of a file is (k, 100 + k)."""
    numbers = np.arange(68, dtype=np.float32)
    for frame in (0, 1):
        write_image(tmp_path / f"images/franck_{frame:05}.jpg")
        write_pts(tmp_path / f"points/franck_{frame:05}.pts", np.column_stack([numbers, 100 + numbers]))
    return tmp_path


def test_the_points_of_xm2vts_are_put_into_ibugs_order(folder: Path) -> None:
    first, second = open_dataset(f"talking-face:{folder}")
    assert (first.image_path.name, first.frame, second.frame) == ("franck_00000.jpg", 0, 1)
    assert (first.source, first.sequence, first.identity) == ("talking_face", "talking_face", "franck")
    for index, theirs in MARKUP.items():
        np.testing.assert_array_equal(first.points_px[index], [theirs, 100 + theirs])  # counted from 0 in the file
    assert np.flatnonzero(first.annotated).tolist() == sorted(MARKUP)


def test_the_seven_detection_landmarks_are_all_there() -> None:
    assert set(DETECTION_INDICES) <= set(MARKUP)
    assert len(set(MARKUP.values())) == len(MARKUP) == 28


def test_frames_without_points_or_image_are_left_out(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "images/franck_00000.jpg").unlink()
    (face,) = open_dataset(f"talking-face:{folder}")
    assert face.frame == 1
    assert "1 frames lack their image or their points" in caplog.text


def test_a_folder_without_frames_says_what_was_expected(tmp_path: Path, write_image: Write) -> None:
    write_image(tmp_path / "franck_00000.jpg")
    with pytest.raises(InputError, match="expected the unpacked archives: franck_00000.jpg"):
        open_dataset(f"talking-face:{tmp_path}")


def test_wrong_counts_are_refused(folder: Path, write_pts: Write, shape: NDArray[np.float32]) -> None:
    write_pts(folder / "points/franck_00001.pts", shape[:67])
    with pytest.raises(InputError, match="franck_00001.pts: holds 67 points, expected 68"):
        open_dataset(f"talking-face:{folder}")
