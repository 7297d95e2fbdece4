"""The live view as its users see it: an address, and frames handed over without waiting."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rednet_ros.errors import InputError
from rednet_ros.media.newest import NewestSlot
from rednet_ros.view.history import History, RateMeter
from rednet_ros.view.live_frame import LiveFrame
from rednet_ros.view.recording import Recording, RecordingStatus, new_base

if TYPE_CHECKING:
    from rednet_ros.view.server import LocalServer

logger = logging.getLogger(__name__)

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 8068

MAX_RATE_HZ = 15.0
"""So often the page changes at most."""

REST, LONGEST_REST_S = 12.0, 0.5
"""After each change the view rests for so many times what the change took, on the clock: so what the tracker loses, the
server's part included, stays below a tenth on a slow machine and on a busy one, too. Not longer than this: a machine so
overloaded shows something, still."""

PLOT_PERIOD_S = 0.3


class View:
    """Shows the newest frame in a thread of its own, at a limited rate, and only while a browser watches.

    Made by `open_view`. `show` may be called by one thread. `note`: a line for the user, e.g. why no frame comes; any
    thread may set it.
    """

    def __init__(self, server: LocalServer, folder: Path, rate_hz: float, tell: Callable[[str], None]) -> None:
        from rednet_ros.view.page import Page

        self._server = server
        self._folder = folder
        self._rate_hz = rate_hz
        self._tell = tell
        self._slot: NewestSlot[LiveFrame] = NewestSlot()
        self._resumed = threading.Event()
        self._resumed.set()
        self._stopped = threading.Event()
        self._recording: Recording | None = None
        self._recording_lock = threading.Lock()
        self.note = ""
        self._last_words = ""
        self._meter = RateMeter()
        self._history = History()
        self._plotted_s = 0.0
        self._page = Page(server, self._pause, self._record)
        self._thread = threading.Thread(target=self._run, name="view", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """What to open in a browser."""
        return self._server.address

    @property
    def is_watched(self) -> bool:
        """Whether a browser shows the page."""
        return bool(self._server.get_clients())

    @property
    def is_wanted(self) -> bool:
        """Whether frames are of use: the page is watched, or a recording runs, and it is not paused."""
        return not self.is_paused and (self._recording is not None or self.is_watched)

    @property
    def is_paused(self) -> bool:
        """Whether the user has paused."""
        return not self._resumed.is_set()

    def wait_while_paused(self, timeout_s: float | None = None) -> bool:
        """Return once it is not paused, True, or after `timeout_s`, False."""
        return self._resumed.wait(timeout_s)

    def show(self, frame: LiveFrame) -> None:
        """Hand over the next frame. Never waits; costs next to nothing while nobody watches."""
        self._meter.count(time.monotonic())
        if self.is_paused:
            return
        with self._recording_lock:
            if self._recording is not None:
                self._recording.add(frame)
        self._slot.put(frame)

    def close(self) -> None:
        """Finish a recording, and take the page down."""
        self._stopped.set()
        self._slot.close()
        self._thread.join()
        self._finish_recording()
        self._server.stop()

    def __enter__(self) -> View:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        has_failed = False
        while not self._stopped.is_set():
            start_s = time.monotonic()
            try:
                self._change()
            except Exception:  # one frame must not end the view; the same reason again is no news
                if not has_failed:
                    logger.exception("a frame could not be shown")
                has_failed = True
            took_s = time.monotonic() - start_s
            self._stopped.wait(max(1 / MAX_RATE_HZ - took_s, min(REST * took_s, LONGEST_REST_S)))

    def _change(self) -> None:
        """Show the newest frame, if there is one and somebody to see it."""
        self._page.say(self._words())
        frame = self._slot.take(timeout_s=0) if self.is_watched and not self.is_paused else None
        if frame is None:
            return
        now_s = time.monotonic()
        self._history.add(now_s, frame.latency_s, self._meter.rate_hz(now_s), frame.faces)
        self._page.show(frame)
        if now_s - self._plotted_s >= PLOT_PERIOD_S:
            self._page.plot(self._history)
            self._plotted_s = now_s

    def _pause(self, is_paused: bool) -> None:
        if is_paused:
            self._resumed.clear()
        else:
            self._resumed.set()

    def _record(self, is_on: bool) -> bool:
        if is_on:
            with self._recording_lock:
                if self._recording is None:
                    self._recording = Recording(new_base(self._folder), self._rate_hz)
        else:
            self._finish_recording()
        return is_on

    def _finish_recording(self) -> None:
        with self._recording_lock:
            recording, self._recording = self._recording, None
        if recording is not None:
            self._last_words = _told(recording, recording.close(), "recorded")
            self._tell(self._last_words)

    def _words(self) -> str:
        recording = self._recording
        if self.note:
            return self.note
        if recording is None:
            return self._last_words
        status = recording.status()
        return _told(recording, status, "stopped" if status.problem else "recording")


def _told(recording: Recording, status: RecordingStatus, doing: str) -> str:
    if status.problem:
        return f"{doing}: {status.problem}"
    video, lines = recording.paths
    left_out = f", {status.left_out} left out: the disk is too slow" if status.left_out else ""
    return f"{doing} {status.frames} frames{left_out}: {video} and {lines.suffix}"


def open_view(
    label: str,
    *,
    host: str = DEFAULT_HOST,
    port: int = DEFAULT_PORT,
    folder: Path = Path(),
    rate_hz: float = 30.0,
    tell: Callable[[str], None] = logger.info,
) -> View:
    """Start the page. `label`: its heading; `port` 0: any free one; `folder`: of recordings; `rate_hz`: of their video.

    `tell` is told what was recorded; also by a thread of the server.

    Raises InputError where viser is missing, or nothing can listen there.
    """
    try:
        from rednet_ros.view.server import LocalServer
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "rednet_ros":
            raise
        raise InputError(
            f"the live view needs viser ({error.name} is not installed): pip install 'rednet_ros[view]', or "
            "pip install viser"
        ) from error
    return View(LocalServer(host, port, label), folder, rate_hz, tell)
