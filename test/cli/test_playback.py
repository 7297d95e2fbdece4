"""Recordings in their own time, cameras by their newest image."""

import itertools
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rednet_ros.cli.playback import play
from rednet_ros.errors import InputError
from rednet_ros.media.images import write_image
from rednet_ros.media.video import TimedImage, VideoSource, VideoWriter, open_source

IMAGE = np.full((48, 64, 3), 128, np.uint8)


def goes_on() -> None:
    """Nobody pauses."""


def clip(path: Path, frames: int = 10, fps: float = 20) -> str:
    with VideoWriter(path, fps) as writer:
        for _ in range(frames):
            writer.write(IMAGE)
    return str(path)


def camera(frames: Iterator[TimedImage]) -> VideoSource:
    return VideoSource("camera", frames, 30.0, None, live=True)


def test_a_recording_plays_in_its_own_time_and_starts_again(tmp_path: Path) -> None:
    name = clip(tmp_path / "a.mp4")
    start_s = time.monotonic()
    frames = list(itertools.islice(play(open_source(name), name, goes_on), 21))
    assert time.monotonic() - start_s > 0.8, "twenty frames of 20 Hz"
    times_s = [frame.time_s for frame in frames]
    np.testing.assert_array_less(0, np.diff(times_s))
    assert times_s[0] == 0
    assert any(time_s >= 0.5 for time_s in times_s), "the second time follows the first"


def test_an_image_is_shown_once(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    write_image(path, IMAGE)
    assert len(list(play(open_source(path), str(path), goes_on))) == 1


def test_frames_that_come_too_late_are_left_out_but_not_all_of_them(tmp_path: Path) -> None:
    name = clip(tmp_path / "a.mp4", frames=60, fps=100)
    taken = []
    for frame in play(open_source(name), name, goes_on):
        taken.append(frame.time_s)
        time.sleep(0.1)
        if frame.time_s > 0.45:
            break
    assert 3 <= len(taken) < 30


def test_a_pause_holds_a_recording_where_it_is(tmp_path: Path) -> None:
    name = clip(tmp_path / "a.mp4", frames=40)
    pauses = itertools.chain([0.0, 0.0, 0.5], itertools.repeat(0.0))
    frames = list(itertools.islice(play(open_source(name), name, lambda: time.sleep(next(pauses))), 4))
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.05, 0.1, 0.15], abs=0.051)


def test_a_gap_of_years_in_a_damaged_file_is_not_waited_for() -> None:
    images = iter([TimedImage(IMAGE, 0.0), TimedImage(IMAGE, 1e9), TimedImage(IMAGE, 1e9 + 0.01)])
    source = VideoSource("damaged", images, 25.0, 3)
    start_s = time.monotonic()
    with pytest.raises(InputError):  # when it is opened again
        list(play(source, "/absent/damaged.mp4", goes_on))
    assert time.monotonic() - start_s < 5


def test_of_a_camera_the_newest_image_is_taken_and_none_that_is_from_before_a_pause() -> None:
    stopped = threading.Event()

    def frames() -> Iterator[TimedImage]:
        for number in range(300):
            if stopped.wait(0.005):
                return
            yield TimedImage(IMAGE, 0.005 * number)

    pauses = itertools.chain([0.0, 0.3], itertools.repeat(0.0))
    played = play(camera(frames()), "0", lambda: time.sleep(next(pauses)))
    first, second = next(played), next(played)
    assert second.time_s - first.time_s > 0.1
    assert time.monotonic() - second.arrived_s < 0.2
    time.sleep(0.2)
    assert next(played).time_s - second.time_s > 0.05, "what came meanwhile is left out"
    stopped.set()
    played.close()  # type: ignore[attr-defined]
    assert "newest-of" not in {thread.name for thread in threading.enumerate()}


def test_a_camera_that_is_unplugged_says_so() -> None:
    def frames() -> Iterator[TimedImage]:
        yield TimedImage(IMAGE, 0.0)
        raise InputError("camera 0: gone")

    with pytest.raises(InputError, match="gone"):
        list(play(camera(frames()), "0", goes_on))
