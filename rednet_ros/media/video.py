"""Images out of video files, folders, streams and cameras, and into video files."""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from rednet_ros.errors import InputError
from rednet_ros.files import library_path, list_files
from rednet_ros.media.images import (
    IMAGE_SUFFIXES,
    MAX_IMAGE_PIXELS,
    ImageArray,
    fit,
    image_size_px,
    read_image,
    refusal,
)
from rednet_ros.media.video_input import InputKind, VideoInput, identify

logger = logging.getLogger(__name__)

DEFAULT_FPS = 25.0
"""Frames a second of folders, and of videos and cameras that name no rate."""

VIDEO_SUFFIXES = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".m2ts", ".wmv", ".asf", ".3gp", ".3g2")
"""Endings of the video files that `VideoWriter` writes, in lower case: OpenCV takes the container from the ending."""

_HEADER_BYTES = 1 << 20
_MIN_FREE_BYTES = 1 << 20
_CODECS = ("avc1", "mp4v")
_STREAM_TIMEOUT_S = 10
_STREAM_SETTINGS = (
    *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, 1000 * _STREAM_TIMEOUT_S),
    *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, 1000 * _STREAM_TIMEOUT_S),
)


class TimedImage(NamedTuple):
    """One frame: `image_bgr`, H x W x 3 uint8, and `time_s`, seconds since the start of the source, increasing."""

    image_bgr: ImageArray
    time_s: float


class VideoSource:
    """Frames of a video, folder, stream or camera, to be iterated once; made by `open_source`.

    `name`: what was opened; `fps`: nominal rate; `frame_count`: how many frames the source announces (a container
    may be wrong by some), None where it does not; `live`: a camera or live stream, which ends only when it is closed
    or fails.
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
    """Open whatever `identify` understands: a file, folder (in natural order of its names), camera, stream or pipe.

    The first frame is decoded here. Raises InputError naming the source and the reason if it is absent, cannot be
    read, or holds no frame; iterating raises it for an image of a folder that cannot be read.
    """
    found = identify(source)
    if found.kind is InputKind.CAMERA:
        return _open_camera(found)
    if found.kind is InputKind.STREAM:
        return _open_stream(found)
    path = Path(str(found.place))
    if found.kind is InputKind.FOLDER:
        images = list_files(path, IMAGE_SUFFIXES)
        if not images:
            raise InputError(f"{path}: no image in this folder (looked for {', '.join(IMAGE_SUFFIXES)})")
        return _open_images(found.name, images)
    if found.kind is InputKind.IMAGE:
        return _open_images(found.name, [path])
    return _open_pipe(found, path) if found.kind is InputKind.PIPE else _open_video(found, path)


def silence_codecs() -> None:
    """Keep FFmpeg's and OpenCV's own remarks off stderr, for programs that report errors themselves.

    Takes effect for the whole process; call it before the first video is opened.
    """
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # AV_LOG_QUIET
    if hasattr(cv2, "utils") and hasattr(cv2.utils, "logging"):
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    elif hasattr(cv2, "setLogLevel"):  # its place in older versions
        cv2.setLogLevel(0)


def check_video_name(path: Path) -> None:
    """Raises InputError if no video can be written into a file with this ending."""
    if path.suffix.lower() not in VIDEO_SUFFIXES:
        ending = f"the ending {path.suffix}" if path.suffix else "no ending"
        raise InputError(f"{path}: cannot write a video into a file with {ending}; use .mp4")


class VideoWriter:
    """Writes images into a video file: H.264 where this OpenCV has an encoder, else MPEG-4 part 2.

    The first image sets the size; later ones of another size are fitted into it. Raises InputError naming the file
    and the reason when its ending is not a video's, when it cannot be created, when the disk is full, or when it is
    incomplete at `close`.
    """

    def __init__(self, path: str | Path, fps: float) -> None:
        self.path = Path(path)
        check_video_name(self.path)
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


def _open_video(found: VideoInput, path: Path) -> VideoSource:
    if path.stat().st_size == 0:
        raise InputError(f"{found.name}: the file is empty")
    _check_size(found.name, path)
    with library_path(path) as plain:
        capture = cv2.VideoCapture(plain)
    if not capture.isOpened():
        raise InputError(f"{found.name}: not a video that OpenCV can open (damaged, or an unknown format)")
    return _recorded(capture, found.name, "no frame could be decoded")


def _check_size(name: str, path: Path) -> None:
    """FFmpeg decodes pictures, too, of any size: a GIF, or whatever calls itself a video. Raises InputError."""
    with path.open("rb") as file:
        start = file.read(_HEADER_BYTES)
    if reason := refusal(start[:12]):  # for its kind: a row of JPEGs has as many scans as it likes
        raise InputError(f"{name}: {reason}")
    size_px = image_size_px(start)
    if size_px is not None and size_px[0] * size_px[1] > MAX_IMAGE_PIXELS:
        raise InputError(
            f"{name}: a picture of {size_px[0]} x {size_px[1]} pixels, more than the limit of {MAX_IMAGE_PIXELS}; "
            "scale it down"
        )


def _open_pipe(found: VideoInput, path: Path) -> VideoSource:
    with library_path(path) as plain:
        # By FFmpeg alone: the next to try would wait for a second writer.
        capture = cv2.VideoCapture(plain, cv2.CAP_FFMPEG)
    advice = (
        "a pipe cannot be wound back, which MP4 and MOV files mostly need: send AVI, Matroska (.mkv) or MPEG-TS, or "
        "name the file itself"
    )
    if not capture.isOpened():
        raise InputError(f"{found.name}: not a video that OpenCV can open; {advice}")
    return _recorded(capture, found.name, f"no frame could be decoded; {advice}")


def _recorded(capture: cv2.VideoCapture, name: str, complaint: str) -> VideoSource:
    """Frames with the times that are written beside them."""
    fps = _rate(capture)
    count = _announced(capture)
    frames = _decode(capture, name, lambda: capture.get(cv2.CAP_PROP_POS_MSEC) / 1000, 1 / fps, count)
    return VideoSource(name, _checked(frames, f"{name}: {complaint}"), fps, count, release=capture.release)


def _open_camera(found: VideoInput) -> VideoSource:
    if isinstance(found.place, int):
        capture = cv2.VideoCapture(found.place)
    else:
        with library_path(found.place) as plain:
            capture = cv2.VideoCapture(plain)
    if not capture.isOpened():
        raise InputError(f"{found.name}: no such camera, or another program is using it")
    return _live(capture, found.name)


def _open_stream(found: VideoInput) -> VideoSource:
    capture = cv2.VideoCapture(str(found.place), cv2.CAP_FFMPEG, _STREAM_SETTINGS)
    if not capture.isOpened():
        raise InputError(
            f"{found.name}: no video stream there that OpenCV's FFmpeg can open. Check address, user and password; "
            f"an address that is silent for {_STREAM_TIMEOUT_S} s is given up. `ffprobe ADDRESS` says more"
        )
    if _announced(capture) is not None:  # a file on a server
        return _recorded(capture, found.name, "no frame could be decoded")
    return _live(capture, found.name)


def _live(capture: cv2.VideoCapture, name: str) -> VideoSource:
    """Frames with the times at which they arrive."""
    start_s = time.monotonic()
    frames = _decode(capture, name, lambda: time.monotonic() - start_s, 1e-6, None)
    checked = _checked(frames, f"{name}: delivers no image")
    return VideoSource(name, checked, _rate(capture), None, live=True, release=capture.release)


def _open_images(name: str, paths: list[Path]) -> VideoSource:
    frames = (TimedImage(read_image(path), index / DEFAULT_FPS) for index, path in enumerate(paths))
    return VideoSource(name, _checked(frames, f"{name}: no image"), DEFAULT_FPS, len(paths))


def _announced(capture: cv2.VideoCapture) -> int | None:
    """How many frames a container says it has."""
    count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    return count if count > 0 else None


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
        with library_path(path) as plain:
            writer = cv2.VideoWriter(plain, fourcc, fps, size_px)
        if writer.isOpened():
            return writer
    raise InputError(f"{path}: cannot write a video there (no permission, or a full disk)")


def _announced_frames(path: Path) -> int:
    with library_path(path) as plain:
        capture = cv2.VideoCapture(plain)
    try:
        return (_announced(capture) or 0) if capture.isOpened() else 0
    finally:
        capture.release()
