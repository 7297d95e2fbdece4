"""Images out of video files, folders and cameras, and into video files."""

from __future__ import annotations

import logging
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from rednet_ros.errors import InputError
from rednet_ros.images import read_image
from rednet_ros.tracking.draw import fit
from rednet_ros.tracking.types import ImageArray

logger = logging.getLogger(__name__)

IMAGE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})
DEFAULT_FPS = 25.0
"""Frames a second of folders, and of videos and cameras that name no rate."""

_MIN_FREE_BYTES = 1 << 20
_CODECS = ("avc1", "mp4v")


class TimedImage(NamedTuple):
    """One frame: `image_bgr`, H x W x 3 uint8, and `time_s`, seconds since the start of the source, increasing."""

    image_bgr: ImageArray
    time_s: float


class VideoSource:
    """Frames of a video, folder or camera, to be iterated once; made by `open_source`.

    `name`: what was opened; `fps`: nominal rate; `frame_count`: how many frames the source announces (a container
    may be wrong by some), None where it does not; `live`: a camera, which ends only when it is closed or fails.
    """

    def __init__(
        self,
        name: str,
        frames: Iterator[TimedImage],
        fps: float,
        frame_count: int | None,
        *,
        live: bool = False,
        release: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = name
        self.fps = fps
        self.frame_count = frame_count
        self.live = live
        self._frames = frames
        self._release = release

    def __iter__(self) -> Iterator[TimedImage]:
        return self._frames

    def close(self) -> None:
        """Give the file or camera back. No frame may be asked for while or after."""
        self._release()

    def __enter__(self) -> VideoSource:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_source(source: str | Path | int) -> VideoSource:
    """Open a video file, an image, a folder of images (in the order of their names) or a camera (its index or device).

    The first frame is decoded here. Raises InputError naming the source and the reason if it is absent, cannot be
    read, or holds no frame; iterating raises it for an image of a folder that cannot be read.
    """
    if isinstance(source, int) or str(source).isdecimal():
        return _open_camera(int(str(source)), f"camera {source}")
    path = Path(source)
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    if stat.S_ISCHR(mode):
        return _open_camera(str(path), str(path))
    if not os.access(path, os.R_OK):
        raise InputError(f"{path}: permission denied")
    if path.is_dir():
        images = sorted(entry for entry in path.iterdir() if entry.suffix.lower() in IMAGE_SUFFIXES)
        if not images:
            raise InputError(f"{path}: no image in this folder (looked for {', '.join(sorted(IMAGE_SUFFIXES))})")
        return _open_images(str(path), images)
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return _open_images(str(path), [path])
    return _open_video(path)


def silence_codecs() -> None:
    """Keep FFmpeg's and OpenCV's own remarks off stderr, for programs that report errors themselves.

    Takes effect for the whole process; call it before the first video is opened.
    """
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # AV_LOG_QUIET
    if hasattr(cv2, "utils") and hasattr(cv2.utils, "logging"):
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    elif hasattr(cv2, "setLogLevel"):  # its place in older versions
        cv2.setLogLevel(0)


class VideoWriter:
    """Writes images into a video file: H.264 where this OpenCV has an encoder, else MPEG-4 part 2.

    The first image sets the size; later ones of another size are fitted into it. Raises InputError naming the file
    and the reason when it cannot be created, when the disk is full, or when it is incomplete at `close`.
    """

    def __init__(self, path: str | Path, fps: float) -> None:
        self.path = Path(path)
        self.frames_written = 0
        self._fps = fps
        self._size_px = (0, 0)
        self._writer: cv2.VideoWriter | None = None

    def write(self, image_bgr: ImageArray) -> None:
        """Append one image, H x W x 3 uint8."""
        if self._writer is None:
            height, width = image_bgr.shape[:2]
            self._size_px = (width + width % 2, height + height % 2)  # encoders want even sizes
            self._writer = _open_encoder(self.path, self._fps, self._size_px)
        if self.frames_written % 50 == 0 and shutil.disk_usage(self.path.parent).free < _MIN_FREE_BYTES:
            raise InputError(f"{self.path}: the disk is full")
        self._writer.write(self._padded(image_bgr))
        self.frames_written += 1

    def close(self) -> None:
        """Finish the file and check that it can be read back; a file without a frame is not created."""
        if self._writer is None:
            return
        self._writer.release()
        self._writer = None
        # The encoder reports no failed write; a file cut short has no index or fewer frames.
        readable = _announced_frames(self.path)
        if readable < self.frames_written:
            raise InputError(
                f"{self.path}: only {readable} of {self.frames_written} frames could be written (disk full or quota?)"
            )

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(self, exception_type: type[BaseException] | None, *_: object) -> None:
        if exception_type is None:
            self.close()
        elif self._writer is not None:
            self._writer.release()

    def _padded(self, image_bgr: ImageArray) -> ImageArray:
        height, width = image_bgr.shape[:2]
        pad_x, pad_y = self._size_px[0] - width, self._size_px[1] - height
        if pad_x in (0, 1) and pad_y in (0, 1):
            return np.asarray(cv2.copyMakeBorder(image_bgr, 0, pad_y, 0, pad_x, cv2.BORDER_REPLICATE), np.uint8)
        return fit(image_bgr, self._size_px)


def _open_video(path: Path) -> VideoSource:
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty")
    capture = cv2.VideoCapture(str(path))
    if not capture.isOpened():
        raise InputError(f"{path}: not a video that OpenCV can open (damaged, or an unknown format)")
    fps = _rate(capture)
    announced = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    frame_count = announced if announced > 0 else None
    frames = _decode(capture, str(path), lambda: capture.get(cv2.CAP_PROP_POS_MSEC) / 1000, 1 / fps, frame_count)
    return VideoSource(
        str(path), _checked(frames, f"{path}: no frame could be decoded"), fps, frame_count, release=capture.release
    )


def _open_camera(device: int | str, name: str) -> VideoSource:
    capture = cv2.VideoCapture(device)
    if not capture.isOpened():
        raise InputError(f"{name}: no such camera, or another program is using it")
    start_s = time.monotonic()
    frames = _decode(capture, name, lambda: time.monotonic() - start_s, 1e-6, None)
    checked = _checked(frames, f"{name}: the camera delivers no image")
    return VideoSource(name, checked, _rate(capture), None, live=True, release=capture.release)


def _open_images(name: str, paths: list[Path]) -> VideoSource:
    frames = (TimedImage(read_image(path), index / DEFAULT_FPS) for index, path in enumerate(paths))
    return VideoSource(name, _checked(frames, f"{name}: no image"), DEFAULT_FPS, len(paths))


def _rate(capture: cv2.VideoCapture) -> float:
    fps = capture.get(cv2.CAP_PROP_FPS)
    return float(fps) if np.isfinite(fps) and 0 < fps <= 1000 else DEFAULT_FPS


def _decode(
    capture: cv2.VideoCapture, name: str, position_s: Callable[[], float], step_s: float, announced: int | None
) -> Iterator[TimedImage]:
    """All frames that can be decoded; where the position does not increase, one step is added to the last."""
    count, time_s = 0, -step_s
    while True:
        decoded, image = capture.read()
        if not decoded:
            break
        now_s = position_s()
        time_s = now_s if now_s > time_s else time_s + step_s
        yield TimedImage(np.asarray(image, np.uint8), time_s)
        count += 1
    if announced is not None and count < 0.9 * announced:
        logger.warning("%s: only %d of %d frames could be decoded; the file may be damaged", name, count, announced)


def _checked(frames: Iterator[TimedImage], complaint: str) -> Iterator[TimedImage]:
    """The same frames, of which there is at least one; InputError with `complaint` otherwise."""
    first = next(frames, None)
    if first is None:
        raise InputError(complaint)

    def all_frames() -> Iterator[TimedImage]:
        yield first
        yield from frames

    return all_frames()


def _open_encoder(path: Path, fps: float, size_px: tuple[int, int]) -> cv2.VideoWriter:
    if not path.parent.is_dir():
        raise InputError(f"{path}: the folder {path.parent} does not exist")
    for codec in _CODECS:
        fourcc = cv2.VideoWriter_fourcc(*codec)  # type: ignore[attr-defined]  # its newer name is not in 4.6
        writer = cv2.VideoWriter(str(path), fourcc, fps, size_px)
        if writer.isOpened():
            return writer
    raise InputError(f"{path}: cannot write a video there (no permission, a full disk, or an ending other than .mp4)")


def _announced_frames(path: Path) -> int:
    capture = cv2.VideoCapture(str(path))
    try:
        return int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) if capture.isOpened() else 0
    finally:
        capture.release()
