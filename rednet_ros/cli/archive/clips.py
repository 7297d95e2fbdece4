"""The videos below a folder, and where their results go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rednet_ros.errors import InputError
from rednet_ros.files import list_files
from rednet_ros.media.images import IMAGE_SUFFIXES
from rednet_ros.media.video import VIDEO_SUFFIXES

READ_SUFFIXES = (*VIDEO_SUFFIXES, ".webm", ".mpg", ".mpeg", ".ts", ".mts", ".flv", ".ogv", ".mjpeg", ".mjpg")
"""Endings of the videos that are looked for, in lower case."""


@dataclass(frozen=True)
class Clip:
    """`name`: path below the folder, which names the clip in messages. `source`: the file."""

    name: str
    source: Path

    def jsonl(self, output: Path) -> Path:
        """Its faces: the whole name and `.jsonl`, so that a.mp4 and a.avi have a result each."""
        return output / f"{self.name}.jsonl"

    def video(self, output: Path) -> Path:
        """Its video with the faces drawn in."""
        return output / f"{self.name}.faces.mp4"


@dataclass(frozen=True)
class Listing:
    """The clips below a folder in natural order, and how many `images` and `others` files are left out."""

    clips: list[Clip]
    images: int
    others: int


def list_clips(folder: Path, output: Path) -> Listing:
    """What is to be tracked: the videos in `folder` and its subfolders, but not what lies in `output`.

    Symbolic links are followed; a folder that several of them lead to is entered once, a loop never. Hidden files are
    left out. Raises InputError where there is no such folder, or no video in it, and where `output` is that folder:
    results would be taken for clips.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: --output needs a folder of videos; for one video use --jsonl and --video")
    if output.exists() and not output.is_dir():
        raise InputError(f"{output}: this is a file, give the name of a folder")
    if output.resolve() == folder.resolve():
        raise InputError(f"{output}: the results cannot be written between the videos; name a folder of their own")
    place = output.resolve()
    files = [path for path in list_files(folder, below=True) if not path.parent.resolve().is_relative_to(place)]
    videos = [path for path in files if path.suffix.lower() in READ_SUFFIXES and _may_be_read(path)]
    clips = [Clip(str(path.relative_to(folder)), path) for path in videos]
    images = sum(path.suffix.lower() in IMAGE_SUFFIXES for path in files)
    if not clips:
        hint = "; a folder of images is one recording: track it without --output" if images else ""
        raise InputError(f"{folder}: no video in this folder or below (looked for {', '.join(READ_SUFFIXES)}){hint}")
    return Listing(clips, images, len(files) - len(clips) - images)


def _may_be_read(path: Path) -> bool:
    """Not pipes and devices, which would be waited for; a link that leads nowhere is a clip that cannot be read."""
    return path.is_file() or not path.exists()
