"""What INPUT is: the one place that decides whether a name means a camera, a stream, a pipe, a folder or a file."""

from __future__ import annotations

import os
import re
import stat
import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from urllib.parse import unquote

from rednet_ros.errors import InputError
from rednet_ros.media.image_headers import is_still
from rednet_ros.media.images import IMAGE_SUFFIXES

STDIN = "-"
"""The input that stands for standard input."""

INPUT_HELP = (
    "video or image file, folder of images, camera (its index, or a device such as /dev/video0), network stream "
    "(rtsp://, http:// ...), pipe, or - for standard input"
)
"""What `identify` understands, for the help of commands."""

_PICTURES_IN_A_ROW = (".mjpeg", ".mjpg")
"""Endings of videos that begin like a single picture."""

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_PASSWORD = re.compile(r"(?<=://)([^/@:]*):[^/@]*@")


class InputKind(Enum):
    """What frames come from."""

    CAMERA = "camera"
    STREAM = "network stream"
    PIPE = "pipe"
    FOLDER = "folder of images"
    IMAGE = "image"
    VIDEO = "video file"


@dataclass(frozen=True)
class VideoInput:
    """`kind`; `place`: a camera's index, a stream's address or the path of all others; `name`: for messages."""

    kind: InputKind
    place: int | str | Path
    name: str


def identify(source: str | Path | int) -> VideoInput:
    """Say what `source` is, and that it is there and may be read.

    A number is a camera's index, unless it is a `Path`; write `./5` for a file of that name. `-` is standard input,
    whatever has `://` in it is a network stream (but file://), and everything else is a path: a character device is a
    camera, a named pipe a pipe, a file with the ending of an image, or that begins like one, one image. Passwords in
    addresses are left out of `name`.
    Raises InputError naming the source and the reason.
    """
    if isinstance(source, int) or (isinstance(source, str) and source.isdecimal()):
        return VideoInput(InputKind.CAMERA, int(source), f"camera {source}")
    if isinstance(source, str):
        if source == STDIN:
            return _standard_input()
        if (address := _URL.match(source)) is not None:
            if address[1].lower() != "file":
                return VideoInput(InputKind.STREAM, source, _PASSWORD.sub(r"\1:***@", source))
            source = unquote(source[address.end() :])
        if not source:
            raise InputError("the input is empty: give a file, folder, camera or address")
    path = Path(source)
    return VideoInput(_kind_of(path), path, str(path))


def _standard_input() -> VideoInput:
    if sys.stdin is None:
        raise InputError("standard input is closed: send a video through it, such as `cat clip.avi | ...`")
    if sys.stdin.isatty():
        raise InputError("standard input is a terminal: send a video through it, such as `cat clip.avi | ...`")
    place = Path("/dev/stdin")
    is_file = stat.S_ISREG(os.fstat(sys.stdin.fileno()).st_mode)
    return VideoInput(_kind_of(place) if is_file else InputKind.PIPE, place, "standard input")


def _kind_of(path: Path) -> InputKind:
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        raise InputError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    if not os.access(path, os.R_OK):
        raise InputError(f"{path}: permission denied")
    if stat.S_ISCHR(mode):
        return InputKind.CAMERA
    if stat.S_ISFIFO(mode):
        return InputKind.PIPE
    if stat.S_ISDIR(mode):
        return InputKind.FOLDER
    if not stat.S_ISREG(mode):
        raise InputError(f"{path}: neither a file, a folder, a pipe nor a camera; images cannot be read from it")
    suffix = path.suffix.lower()
    if suffix in IMAGE_SUFFIXES:
        return InputKind.IMAGE
    with path.open("rb") as file:
        is_picture = is_still(file.read(64)) and suffix not in _PICTURES_IN_A_ROW
    return InputKind.IMAGE if is_picture else InputKind.VIDEO
