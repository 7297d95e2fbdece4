"""Images that come when they come, written as a video of a steady rate that plays in real time."""

from __future__ import annotations

from rednet_ros.media.images import ImageArray
from rednet_ros.media.video import VideoWriter

LONGEST_HOLD_S = 2.0
MAX_RATE_HZ = 240.0
"""Sources that announce more mean the unit of their clock: browsers write 1000 into the WebM files they record."""
_USUAL_RATE_HZ = 60.0


def video_rate_hz(announced_hz: float) -> float:
    """The rate of a video that is to show a source: what the source announces, if that can be a rate of frames."""
    return announced_hz if announced_hz <= MAX_RATE_HZ else _USUAL_RATE_HZ


class SteadyVideo:
    """Repeats or leaves out images so that each is shown at its stamp. Raises what `VideoWriter` raises.

    `longest_hold_s`: a longer gap between two images is cut to this.
    """

    def __init__(self, writer: VideoWriter, rate_hz: float, longest_hold_s: float = LONGEST_HOLD_S) -> None:
        self._writer = writer
        self._rate_hz = rate_hz
        self._longest_hold_s = longest_hold_s
        self._origin_s: float | None = None
        self._last: tuple[ImageArray, float] | None = None

    def add(self, image: ImageArray, stamp_s: float) -> None:
        """Take the next image. One whose stamp lies behind the last is taken to follow it at once."""
        if self._origin_s is None or self._last is None:
            self._origin_s, self._last = stamp_s, (image, stamp_s)
            return
        previous, previous_s = self._last
        gap_s = stamp_s - previous_s
        held_s = min(max(gap_s, 1 / self._rate_hz if gap_s < 0 else 0.0), self._longest_hold_s)
        self._origin_s += gap_s - held_s  # what is cut out moves the origin
        self._show_until(previous, stamp_s)
        self._last = image, stamp_s

    def close(self) -> None:
        """Show the last image once and finish the file."""
        if self._last is not None:
            self._writer.write(self._last[0])
            self._last = None
        self._writer.close()

    def _show_until(self, image: ImageArray, stamp_s: float) -> None:
        assert self._origin_s is not None
        due = round((stamp_s - self._origin_s) * self._rate_hz)
        for _ in range(due - self._writer.frames_written):
            self._writer.write(image)
