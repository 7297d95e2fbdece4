from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rednet_ros.errors import InputError
from rednet_ros.training.datasets import open_dataset

Write = Callable[..., Path]


def test_numbered_images_are_frames_of_a_sequence(
    tmp_path: Path, shape: NDArray[np.float32], write_pts: Write, write_image: Write
) -> None:
    for name in ("clips/one/000009.png", "clips/one/000010.png", "clips/two/1.jpg", "clips/portrait_1.jpg"):
        write_pts(write_image(tmp_path / name).with_suffix(".pts"), shape + 1)
    faces = open_dataset(f"pts:{tmp_path / 'clips'}")
    assert {face.source for face in faces} == {"clips"}
    assert [(face.image_path.name, face.sequence, face.frame) for face in faces] == [
        ("000009.png", "clips/one", 9),
        ("000010.png", "clips/one", 10),
        ("portrait_1.jpg", None, None),
        ("1.jpg", "clips/two", 1),
    ]
    np.testing.assert_allclose(faces[0].points_px, shape, atol=1e-4)


def test_an_empty_folder_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no annotated image found; expected images"):
        open_dataset(f"pts:{tmp_path}")
