"""The pixels of labelled faces, from image files and out of video files."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from rednet_ros.errors import InputError
from rednet_ros.files import library_path
from rednet_ros.media.images import read_image
from rednet_ros.resources import is_file
from rednet_ros.tracking.types import ImageArray
from rednet_ros.training.datasets.labels import LabelledFace


def read_picture(face: LabelledFace) -> ImageArray:
    """The whole picture that shows `face`, H x W x 3 uint8 BGR.

    A frame of a video costs the decoding of all frames before it: read many with a `PictureReader`, in order.
    Raises InputError naming the file, and the frame, for what cannot be read.
    """
    with PictureReader() as reader:
        return reader.read(face)


def announced_frames(path: Path) -> int | None:
    """How many frames a video file says it has, None where it does not. Raises InputError if it cannot be opened."""
    video = _Video(path)
    try:
        return video.announced_frames
    finally:
        video.close()


class PictureReader:
    """Reads pictures one after another and keeps the last video open, so that its frames in order cost one pass.

    Going back in a video starts it anew: seeking is exact with some codecs only, and a frame too early or too late
    would belong to other landmarks. The picture that was read last is kept for further faces in it; treat it as
    read-only.
    """

    def __init__(self) -> None:
        self._video: _Video | None = None
        self._last: tuple[Path, int | None, ImageArray] | None = None

    def read(self, face: LabelledFace) -> ImageArray:
        """The whole picture that shows `face`, H x W x 3 uint8 BGR. Raises InputError as `read_picture`."""
        path, index = face.image_path, face.video_frame
        if self._last is None or self._last[:2] != (path, index):
            self._last = path, index, read_image(path) if index is None else self._frame(path, index)
        return self._last[2]

    def close(self) -> None:
        """Give the video file back. The reader may be used again."""
        if self._video is not None:
            self._video.close()
        self._video = self._last = None

    def __enter__(self) -> PictureReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _frame(self, path: Path, index: int) -> ImageArray:
        if self._video is None or self._video.path != path or self._video.next_index > index:
            self.close()
            self._video = _Video(path)
        return self._video.frame(index)


class _Video:
    """A video file, read forwards."""

    def __init__(self, path: Path) -> None:
        if not is_file(path):
            raise InputError(f"{path}: no such video file")
        self.path = path
        self.next_index = 0
        with library_path(path) as plain:
            self._capture = cv2.VideoCapture(plain)
        if not self._capture.isOpened():
            raise InputError(f"{path}: not a video that OpenCV can read (damaged, or an unknown codec)")

    @property
    def announced_frames(self) -> int | None:
        count = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        return count if count > 0 else None

    def frame(self, index: int) -> ImageArray:
        while self.next_index < index:
            if not self._capture.grab():
                raise self._too_short(index)
            self.next_index += 1
        complete, image = self._capture.read()
        if not complete:
            raise self._too_short(index)
        self.next_index += 1
        return np.asarray(image, dtype=np.uint8)

    def close(self) -> None:
        self._capture.release()

    def _too_short(self, index: int) -> InputError:
        return InputError(f"{self.path}: ends after {self.next_index} frames, frame {index} (from 0) is labelled")
