"""What all commands do alike with files that they cannot write."""

import errno
import os
from argparse import Namespace

import pytest

from rednet_ros.cli import command
from rednet_ros.errors import InputError


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "/.cache"), "name: /.cache: Permission denied"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", b"gone"), "name: gone: No such file"),
        (OSError(errno.ENOSPC, "No space left on device"), "name: No space left on device"),
    ],
)
def test_a_file_that_cannot_be_written_costs_one_line(error, line, capsys):
    def body(_):
        raise error

    assert command.execute("name", body, Namespace()) == 2
    (told,) = capsys.readouterr().err.splitlines()
    assert told.startswith(line)


def test_what_is_no_matter_of_files_keeps_its_traceback():
    def body(_):
        raise OSError(errno.EINVAL, "a bug")

    with pytest.raises(OSError, match="a bug"):
        command.execute("name", body, Namespace())


@pytest.fixture
def read_only(tmp_path, monkeypatch):
    """A folder that is read-only for root, too."""
    folder = tmp_path / "read-only"
    folder.mkdir()
    (folder / "old.json").touch()
    access = os.access
    monkeypatch.setattr("os.access", lambda path, mode: folder not in (path, path.parent) and access(path, mode))
    return folder


@pytest.mark.parametrize("name", ["new.json", "old.json"])
def test_an_output_that_cannot_be_written_is_refused_before_the_work(read_only, name):
    with pytest.raises(InputError, match=f"{name}: cannot be written: .*read-only.* is read-only for this user"):
        command.check_outputs([], [read_only / name])


def test_a_folder_that_would_have_to_be_made_in_a_read_only_one_is_refused(read_only):
    with pytest.raises(InputError, match="is read-only for this user; set X"):
        command.check_writable(read_only / "a" / "b" / "file", "; set X")


def test_what_can_be_written_passes(tmp_path):
    (tmp_path / "old.json").touch()
    command.check_outputs([], [tmp_path / "old.json", tmp_path / "new.json", None])
    command.check_writable(tmp_path / "a" / "b" / "file")
