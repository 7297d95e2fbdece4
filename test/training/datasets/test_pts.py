from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rednet_ros.errors import InputError
from rednet_ros.training.datasets import open_dataset
from rednet_ros.training.datasets.pts import find_pairs, read_pts

HEAD = "version: 1\nn_points: 68\n{\n"
BODY = "".join(f"{i}.5 {i}\n" for i in range(68))


def write(folder: Path, text: str) -> Path:
    path = folder / "face.pts"
    path.write_text(text)
    return path


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_the_first_pixel_of_matlab_is_one(
    tmp_path: Path, shape: NDArray[np.float32], write_pts: Callable[..., Path], line_end: str
) -> None:
    path = write_pts(tmp_path / "a.pts", shape, line_end=line_end)
    points = read_pts(path, first_pixel=1)
    assert points.dtype == np.float32
    np.testing.assert_allclose(points, shape - 1, atol=1e-4)
    np.testing.assert_allclose(read_pts(path, first_pixel=0), shape, atol=1e-4)


def test_comments_empty_lines_and_spaces_are_accepted(tmp_path: Path) -> None:
    text = (
        "\ufeff# made by hand\n"
        + HEAD.replace("\n", "  \n\n")
        + "\n"
        + BODY.replace(" ", "\t  ", 3)
        + "// end\n } \n\n"
    )
    np.testing.assert_array_equal(read_pts(write(tmp_path, text), 0)[67], [67.5, 67])


def test_points_outside_the_image_are_kept(tmp_path: Path) -> None:
    points = read_pts(write(tmp_path, HEAD + BODY.replace("0.5 0\n", "-40.25 1e4\n", 1) + "}"), 0)
    np.testing.assert_array_equal(points[0], [-40.25, 10000])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (HEAD + BODY, ": no closing brace; the file is cut short"),
        ("version: 1\n" + BODY, ": no opening brace"),
        ("", ": no opening brace"),
        (HEAD + BODY.replace("67.5 67\n", "") + "}", ": announces 68 points and holds 67"),
        (HEAD.replace("68", "5") + "1 1\n" * 5 + "}", ": holds 5 points, expected 68"),
        (HEAD + BODY.replace("2.5 2\n", "2.5\n", 1) + "}", ", line 6: expected two numbers, found '2.5'"),
        (HEAD + BODY.replace("2.5 2\n", "2.5 2 1\n", 1) + "}", ", line 6: expected two numbers"),
        (HEAD + BODY.replace("2.5 2\n", "2.5 two\n", 1) + "}", ", line 6: expected two numbers"),
        (HEAD + BODY.replace("2.5 2\n", "2.5 nan\n", 1) + "}", ", line 6: '2.5 nan' is no position"),
        (HEAD + BODY.replace("2.5 2\n", "inf 2\n", 1) + "}", ", line 6: 'inf 2' is no position"),
    ],
)
def test_errors_name_file_and_line(tmp_path: Path, text: str, complaint: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(InputError) as caught:
        read_pts(path, first_pixel=1)
    assert str(caught.value).startswith(f"{path}{complaint}")


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "face.pts"
    path.write_bytes(bytes(range(256)))
    with pytest.raises(InputError, match="no .pts file"):
        read_pts(path, first_pixel=1)


def test_pairs_are_found_at_any_depth_and_png_comes_before_jpg(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("b.JPG", "b.pts", "sub/a.png", "sub/a.jpg", "sub/a.pts", "sub/lonely.png", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert find_pairs(tmp_path) == [
        (tmp_path / "b.JPG", tmp_path / "b.pts"),
        (tmp_path / "sub/a.png", tmp_path / "sub/a.pts"),
    ]
    assert "1 images have no .pts file" in caplog.text


def test_a_point_file_needs_its_image(tmp_path: Path) -> None:
    (tmp_path / "a.pts").touch()
    with pytest.raises(InputError, match=r"a.pts: no image of this name beside it \(looked for .png, .jpg"):
        find_pairs(tmp_path)


def test_linked_folders_are_entered_but_not_for_ever(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.jpg").touch()
    (elsewhere / "a.pts").touch()
    (elsewhere / "around").symlink_to(elsewhere)
    (tmp_path / "set").mkdir()
    (tmp_path / "set/helen").symlink_to(elsewhere)
    assert find_pairs(tmp_path / "set") == [(tmp_path / "set/helen/a.jpg", tmp_path / "set/helen/a.pts")]


def test_what_macos_leaves_behind_is_no_point_file_without_an_image(tmp_path: Path) -> None:
    for name in ("a10.jpg", "a10.pts", "a9.jpg", "a9.pts", "._a9.jpg", "._a9.pts", "__MACOSX/._a9.pts"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [file.name for _, file in find_pairs(tmp_path)] == ["a9.pts", "a10.pts"]


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
