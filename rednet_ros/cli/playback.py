"""A source as a camera gives it: each frame at its time, none that comes too late, on and on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from rednet_ros.media.constant_rate import LONGEST_HOLD_S, video_rate_hz
from rednet_ros.media.newest import newest_of
from rednet_ros.media.read_ahead import read_ahead
from rednet_ros.media.video import VideoSource, open_source
from rednet_ros.media.video_input import InputKind, identify
from rednet_ros.tracking.types import ImageArray

_STALE_S = 0.05
"""A camera's image that waited so long for the user to go on is out of date."""


_MOST_LEFT_OUT = 10
"""In a row, of a recording that the tracker or the decoder is too slow for."""


class PlayedFrame(NamedTuple):
    """`image_bgr`, its stamp `time_s`, which only grows, and when it was there, `arrived_s` of time.monotonic."""

    image_bgr: ImageArray
    time_s: float
    arrived_s: float


Wait = Callable[[], object]
"""Returns when the user does not pause."""


def play(source: VideoSource, name: str, wait: Wait) -> Iterator[PlayedFrame]:
    """A camera's newest frame each time; a recording's in its own time, those left out that come too late.

    `source`: opened from `name`; closed at the end. A video or a folder starts again at its end; an image is shown
    once, and a pipe or a recording in the net cannot be wound back. A recording that was paused goes on where it was.
    Raises what opening and reading raise.
    """
    offset_s = 0.0
    while True:
        with source:
            time_s = offset_s
            for frame in _live(source, wait) if source.live else _recorded(source, wait):
                time_s = offset_s + frame.time_s
                yield frame._replace(time_s=time_s)
        if source.live or identify(name).kind not in (InputKind.VIDEO, InputKind.FOLDER):
            return
        offset_s = time_s + 1 / video_rate_hz(source.fps)
        source = open_source(name)


def _live(source: VideoSource, wait: Wait) -> Iterator[PlayedFrame]:
    with newest_of(PlayedFrame(image, time_s, time.monotonic()) for image, time_s in source) as frames:
        for frame in frames:
            before_s = time.monotonic()
            wait()
            if time.monotonic() - before_s < _STALE_S:
                yield frame


def _recorded(source: VideoSource, wait: Wait) -> Iterator[PlayedFrame]:
    """Each frame when it is due. A source that cannot be decoded in its own time plays slower, in steps."""
    period_s = 1 / video_rate_hz(source.fps)
    start_s: float | None = None
    left_out = 0
    with read_ahead(source) as frames:
        for image, time_s in frames:
            before_s = time.monotonic()
            wait()
            now_s = time.monotonic()
            start_s = now_s - time_s if start_s is None else start_s + (now_s - before_s)
            is_late = now_s > start_s + time_s + period_s
            if is_late and left_out < _MOST_LEFT_OUT:
                left_out += 1
                continue
            if is_late or start_s + time_s > now_s + LONGEST_HOLD_S:
                start_s = now_s - time_s
            left_out = 0
            due_s = start_s + time_s
            time.sleep(max(0.0, due_s - now_s))
            yield PlayedFrame(image, time_s, due_s)
