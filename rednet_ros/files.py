"""Files as people have them: odd names, folders of unpadded numbers, other systems' leftovers, users without a home."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from rednet_ros.errors import InputError

_LEFTOVER_FOLDERS = frozenset({"__MACOSX", "@eaDir"})  # macOS archives, Synology


def natural_key(path: Path) -> tuple[object, ...]:
    """Sort key in which numbers count as numbers: frame 2 comes before frame 10."""
    parts = tuple(tuple(_text_and_numbers(part)) for part in path.parts)
    return parts, path.parts  # 1 and 01 are equal as numbers


def list_files(folder: Path, suffixes: Collection[str] = (), *, below: bool = False) -> list[Path]:
    """The files of `folder` that a user means by it, in natural order.

    `suffixes`: only files that end so, in any case (".png"); all if empty. `below`: those in its subfolders, too;
    symbolic links to folders are followed, but each folder is entered once.
    Hidden files and folders are left out (macOS puts a `._NAME` beside each NAME), and so is `__MACOSX`.
    Raises InputError for a folder that cannot be read.
    """
    entered: set[str] = set()
    found: list[Path] = []
    for root, folders, names in os.walk(folder, onerror=_raise, followlinks=True):
        place = os.path.realpath(root)
        if place in entered:  # a link to a folder around it has no end
            folders.clear()
            continue
        entered.add(place)
        folders[:] = [name for name in folders if below and not is_leftover(name)]
        found += [Path(root, name) for name in names if not is_leftover(name)]
    return sorted((path for path in found if not suffixes or path.suffix.lower() in suffixes), key=natural_key)


def is_leftover(name: str) -> bool:
    """Whether a file or folder of this name is hidden, or was left by another system: never what a user means."""
    return name.startswith(".") or name in _LEFTOVER_FOLDERS


def user_path(text: str | Path) -> Path:
    """`text` as a path, with `~` replaced by the home folder where there is one; left as it is where there is none.

    `Path.expanduser` raises for users without one, as in containers that run with an arbitrary user id.
    """
    return Path(os.path.expanduser(text))  # noqa: PTH111


@contextmanager
def library_path(path: str | Path) -> Iterator[str]:
    """A name of `path` that every C and C++ library can open, valid within the block: absolute and in ASCII.

    Python hands such libraries UTF-8 whatever the locale. OpenCV and PyTorch end the process over a name that is not
    UTF-8, or was not when Python read it; FFmpeg takes a colon in a relative name for the end of a protocol's name.
    A name that is not ASCII is reached through a symbolic link in a temporary folder. The file need not exist:
    writing to the link creates it, unless the library writes another file first and renames that (safetensors).
    What was opened within the block stays open after it.
    Raises InputError where no such link can be made.
    """
    whole = Path(path).absolute()
    if str(whole).isascii():
        yield str(whole)
        return
    try:
        folder = tempfile.TemporaryDirectory(prefix="rednet_ros-")
    except OSError as error:
        raise _no_link(whole, error.strerror) from error
    with folder:
        link = Path(folder.name, "file" + (whole.suffix if whole.suffix.isascii() else ""))
        if not str(link).isascii():
            raise _no_link(whole, f"{folder.name} is not ASCII either")
        try:
            link.symlink_to(whole)
        except OSError as error:
            raise _no_link(whole, error.strerror) from error
        yield str(link)


def _text_and_numbers(text: str) -> Iterator[str | int]:
    """Text and numbers in turn, beginning with a text, which may be empty."""
    for index, piece in enumerate(re.split(r"([0-9]+)", text)):
        yield int(piece) if index % 2 else piece


def _no_link(path: Path, reason: object) -> InputError:
    return InputError(
        f"{path}: a name outside ASCII needs a symbolic link in the folder of temporary files, which cannot be made "
        f"({reason}); rename the file, or set TMPDIR"
    )


def _raise(error: OSError) -> None:
    raise InputError(f"{error.filename}: {error.strerror}") from error
