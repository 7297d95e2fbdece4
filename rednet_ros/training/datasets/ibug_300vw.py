"""300-VW: 114 videos, each frame with a .pts file."""

from __future__ import annotations

import logging
from pathlib import Path

from rednet_ros.errors import InputError
from rednet_ros.files import is_leftover, list_files, natural_key
from rednet_ros.training.datasets.labels import LabelledFace, check_points
from rednet_ros.training.datasets.matlab import read_whole_numbers
from rednet_ros.training.datasets.pictures import announced_frames
from rednet_ros.training.datasets.pts import read_pts

logger = logging.getLogger(__name__)

LAYOUT = """a folder for each video, as in the official archive:
  001/vid.avi  001/annot/000001.pts  001/annot/000002.pts ...  002/ ...
and beside them, for the frames that are left out, extra/401.mat ... (the official list)"""

# fmt: off
CATEGORIES: dict[str, tuple[int, ...]] = {
    "300vw_train": (
        1, 2, 3, 4, 7, 9, 10, 11, 13, 15, 16, 17, 18, 19, 20, 22, 25, 27, 28, 29, 31, 33, 34, 35, 37, 39, 41, 43, 44,
        46, 47, 48, 49, 53, 57, 59, 112, 113, 115, 119, 120, 123, 138, 143, 144, 160, 204, 205, 223, 225,
    ),
    "300vw_1": (
        114, 124, 125, 126, 150, 158, 401, 402, 505, 506, 507, 508, 509, 510, 511, 514, 515, 518, 519, 520, 521, 522,
        524, 525, 537, 538, 540, 541, 546, 547, 548,
    ),
    "300vw_2": (203, 208, 211, 212, 213, 214, 218, 224, 403, 404, 405, 406, 407, 408, 409, 412, 550, 551, 553),
    "300vw_3": (410, 411, 516, 517, 526, 528, 529, 530, 531, 533, 557, 558, 559, 562),
}
# fmt: on
"""Source -> its videos: 50 to train on; test category 1, well lit; 2, unconstrained light; 3, anything goes."""

EXCLUSION_FOLDERS = ("extra", "300VW_extra")
EXCLUSION_VARIABLE = "error"
"""The array in the official .mat files: numbers of the frames, from 1, whose annotation cannot be relied on."""


def load(folder: Path) -> list[LabelledFace]:
    """Faces of all videos in `folder`, or of `folder` itself if it is one video's, in the order of video and frame.

    `source` is the official category; `sequence` and `identity` are the video (there is one person in each); `frame`
    counts from 1 as the files do, `video_frame` from 0. Excluded frames are left out; without the official list there
    is a warning, and so there is for annotations beyond a video's end. Raises InputError for a folder without videos,
    a video that is absent or cannot be opened, and as `read_pts`.
    """
    videos = _videos(folder)
    if not videos:
        raise InputError(f"{folder}: no video of 300-VW found; expected {LAYOUT}")
    if not any(_exclusion_folders(videos[0])):
        logger.warning(
            "%s: without the folder %s (the official list of frames to leave out) all frames are used",
            videos[0].parent,
            EXCLUSION_FOLDERS[0],
        )
    return [face for video in videos for face in _faces(video)]


def category(video: int) -> str:
    """The source of a video by its number; "300vw" for one that is in no official list."""
    return next((source for source, videos in CATEGORIES.items() if video in videos), "300vw")


def excluded_frames(video: Path) -> frozenset[int]:
    """Numbers (from 1) of a video's excluded frames: from NNN.mat, or NNN.txt with a number a line."""
    for folder in _exclusion_folders(video):
        if (file := folder / f"{video.name}.mat").is_file():
            return frozenset(read_whole_numbers(file, EXCLUSION_VARIABLE))
        if (file := folder / f"{video.name}.txt").is_file():
            try:
                return frozenset(int(word) for word in file.read_text(encoding="utf-8").split())
            except ValueError as error:
                raise InputError(f"{file}: expected whole numbers only ({error})") from error
    return frozenset()


def _videos(folder: Path) -> list[Path]:
    """Folders named by a number with annotations in them: `folder` itself, in it, or one level deeper."""
    own = folder.resolve()
    if own.name.isdecimal() and (own / "annot").is_dir():
        return [own]
    found = [*folder.glob("*/annot"), *folder.glob("*/*/annot")]
    videos = [path.parent for path in found if not is_leftover(path.parents[1].name)]
    return sorted((video for video in videos if video.name.isdecimal()), key=natural_key)


def _exclusion_folders(video: Path) -> list[Path]:
    return [folder for name in EXCLUSION_FOLDERS if (folder := video.parent / name).is_dir()]


def _faces(video: Path) -> list[LabelledFace]:
    file = video / "vid.avi"
    if not file.is_file():
        raise InputError(f"{file}: no such video file; expected {LAYOUT}")
    name = f"300vw_{video.name}"
    faces = []
    for frame, annotation in _annotations(video, file):
        points_px = read_pts(annotation, first_pixel=1)
        check_points(points_px, str(annotation))
        faces.append(
            LabelledFace(
                file,
                points_px,
                source=category(int(video.name)),
                identity=name,
                sequence=name,
                frame=frame,
                video_frame=frame - 1,
            )
        )
    return faces


def _annotations(video: Path, file: Path) -> list[tuple[int, Path]]:
    """(number from 1, point file) of a video's frames that are to be used, in order."""
    annotations = {}
    for annotation in list_files(video / "annot", (".pts",)):
        if not annotation.stem.isdecimal() or int(annotation.stem) < 1:
            raise InputError(f"{annotation}: expected the number of a frame, from 1, as name")
        annotations[int(annotation.stem)] = annotation
    if not annotations:
        raise InputError(f"{video / 'annot'}: no .pts file of a frame")
    last = announced_frames(file) or max(annotations)
    if beyond := sum(frame > last for frame in annotations):
        logger.warning("%s: has %d frames, the annotations of %d later ones are not used", file, last, beyond)
    excluded = excluded_frames(video)
    return [(frame, annotations[frame]) for frame in sorted(annotations) if frame <= last and frame not in excluded]
