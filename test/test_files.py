"""Names and folders as people have them."""

import os
import pwd
import tempfile
from pathlib import Path

import pytest

from rednet_ros.errors import InputError
from rednet_ros.files import library_path, list_files, user_path


def make(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def test_frames_come_in_the_order_of_their_numbers(tmp_path):
    make(tmp_path, "10.jpg", "2.jpg", "1.jpg", "02.jpg", "a3b10.JPG", "a3b9.jpg", "a٣.jpg", "notes.txt")
    assert [path.name for path in list_files(tmp_path, (".jpg",))] == [
        "1.jpg",
        "02.jpg",
        "2.jpg",
        "10.jpg",
        "a3b9.jpg",
        "a3b10.JPG",
        "a٣.jpg",
    ]


def test_leftovers_of_other_systems_are_no_files_of_the_user(tmp_path):
    make(tmp_path, "1.jpg", "._1.jpg", ".DS_Store", "__MACOSX/1.jpg", "__MACOSX/._1.jpg", "b10/1.jpg", "b9/1.jpg")
    make(tmp_path, "b9/._1.jpg", ".cache/1.jpg")
    assert list_files(tmp_path) == [tmp_path / "1.jpg"]
    assert list_files(tmp_path, below=True) == [tmp_path / name for name in ("1.jpg", "b9/1.jpg", "b10/1.jpg")]


def test_a_folder_that_is_hidden_itself_is_listed(tmp_path):
    make(tmp_path, ".data/1.jpg")
    assert list_files(tmp_path / ".data") == [tmp_path / ".data" / "1.jpg"]


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(InputError, match="gone: No such file"):
        list_files(tmp_path / "gone")


@pytest.mark.parametrize("name", [b"M\xe4rz.jpg", "Март.jpg".encode(), b"10:15.jpg", b"plain.jpg", b"end.\xe4\xf6"])
def test_libraries_get_an_absolute_name_in_ascii(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    path = Path(os.fsdecode(name))
    path.write_text("content")
    with library_path(path) as plain:
        assert plain.isascii()
        assert plain.startswith("/")
        assert Path(plain).read_text() == "content"
        assert plain.endswith(".jpg") == name.endswith(b".jpg")


def test_libraries_can_create_files_of_any_name_in_any_folder(tmp_path):
    folder = tmp_path / os.fsdecode(b"M\xe4rz")
    folder.mkdir()
    with library_path(folder / "new.mp4") as plain:
        Path(plain).write_text("made")
    assert (folder / "new.mp4").read_text() == "made"
    assert not (folder / "new.mp4").is_symlink()


def test_where_no_link_can_be_made_the_message_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(InputError, match="rename the file, or set TMPDIR"), library_path(tmp_path / "ä.jpg"):
        pass


def test_a_user_without_a_home_has_paths_all_the_same(monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    assert user_path("~/models") == Path("/home/somebody/models")
    monkeypatch.delenv("HOME")

    def unknown(_):
        raise KeyError("uid not found")

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert user_path("~/models") == Path("~/models")
