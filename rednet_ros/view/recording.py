"""What the record button makes: a video with the faces drawn in, and JSON lines as of `rednet-track --jsonl`."""

from __future__ import annotations

import logging
import queue
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rednet_ros.errors import RednetError
from rednet_ros.media.constant_rate import SteadyVideo, video_rate_hz
from rednet_ros.media.video import VideoWriter
from rednet_ros.tracking.draw import draw_faces
from rednet_ros.tracking.frame_json import LineWriter, frame_record
from rednet_ros.view.live_frame import LiveFrame

logger = logging.getLogger(__name__)

QUEUE_FRAMES = 32
"""So many may wait for the disk; further ones are left out, for tracking must not wait."""


@dataclass(frozen=True)
class RecordingStatus:
    """Of a recording. `problem`: why it ended by itself, in words; empty otherwise."""

    frames: int
    left_out: int
    problem: str


class Recording:
    """Writes frames into `base`.mp4 and `base`.jsonl, in a thread of its own, until `close`.

    `rate_hz`: of the video, which shows each frame at its time. Frames count from 0, and times from the first one.
    """

    def __init__(self, base: Path, rate_hz: float) -> None:
        self.paths = base.with_name(f"{base.name}.mp4"), base.with_name(f"{base.name}.jsonl")
        self._rate_hz = video_rate_hz(rate_hz)
        self._queue: queue.Queue[LiveFrame | None] = queue.Queue(QUEUE_FRAMES)
        self._frames = self._left_out = 0
        self._problem = ""
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)
        self._thread.start()

    def add(self, frame: LiveFrame) -> None:
        """Take the next frame; it is left out where the disk is behind. Never waits."""
        try:
            self._queue.put_nowait(frame)
        except queue.Full:
            self._left_out += 1

    def status(self) -> RecordingStatus:
        """How far it is."""
        return RecordingStatus(self._frames, self._left_out, self._problem)

    def close(self) -> RecordingStatus:
        """Write what waits, finish the files and say what they hold."""
        self._queue.put(None)
        self._thread.join()
        return self.status()

    def _run(self) -> None:
        try:
            self._write_all()
        except Exception as error:  # whatever it is: frames must go on, and `close` must end
            if not isinstance(error, (RednetError, OSError)):
                logger.exception("recording failed")
            self._problem = str(error) or type(error).__name__
            while self._queue.get() is not None:  # until it is closed
                self._left_out += 1

    def _write_all(self) -> None:
        video_path, lines_path = self.paths
        start_s: float | None = None
        with ExitStack() as stack:
            lines = stack.enter_context(LineWriter(lines_path))
            writer = stack.enter_context(VideoWriter(video_path, self._rate_hz))
            video = SteadyVideo(writer, self._rate_hz)
            while (frame := self._queue.get()) is not None:
                start_s = frame.time_s if start_s is None else start_s
                lines.write(frame_record(self._frames, frame.time_s - start_s, frame.faces))
                video.add(draw_faces(frame.image_bgr, frame.faces), frame.time_s)
                self._frames += 1
            video.close()


def new_base(folder: Path, now_s: float | None = None) -> Path:
    """A name in `folder`, without an ending, that no file has: rednet_view_DATE_TIME."""
    moment = time.localtime(now_s)
    name = time.strftime("rednet_view_%Y%m%d_%H%M%S", moment)
    base, number = folder / name, 1
    while any(folder.glob(f"{base.name}.*")):
        number += 1
        base = folder / f"{name}_{number}"
    return base
