"""What the live view costs the tracker: processor time a frame with and without it, unwatched and watched by a browser.

One process on one core tracks the portrait as fast as it can, in turns; another process receives what a browser does.
Clocks mean nothing on a busy machine, the processor time of the whole process does: docs/view.md has the figures.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rednet_ros.media.images import ImageArray
from rednet_ros.nodes.demo.sources import open_named
from rednet_ros.tracking.camera_model import CameraModel
from rednet_ros.tracking.settings import TrackerSettings
from rednet_ros.tracking.tracker import FaceTracker
from rednet_ros.tracking.types import Face
from rednet_ros.view.live_frame import LiveFrame
from rednet_ros.view.view import View, open_view

CLIENT = """
import sys, msgspec, viser
from websockets.sync.client import connect
camera = dict(type="ViewerCameraMessage", wxyz=(1, 0, 0, 0), position=(0, 0, 0), fov=1.0, near=0.1, far=9.0,
    image_height=900, image_width=1600, look_at=(0, 0, 1), up_direction=(0, -1, 0))
with connect(sys.argv[1], subprotocols=["viser-v" + viser.__version__], max_size=None) as connection:
    connection.send(msgspec.msgpack.encode(camera))
    received = sum(len(message) for message in connection)
"""
"""Receives what a browser does, and does nothing with it."""

Turn = Callable[[ImageArray, list[Face], float], None]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=2.0, help="processor time of each turn")
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[:1])
    with open_named("portrait") as source:
        images = [frame.image_bgr for frame in source]
    with FaceTracker(settings=TrackerSettings()) as tracker, open_view("measured", port=0) as view:

        def compared(what: str) -> None:
            """Turns with and without frames for the view, one after the other; their ratio is free of the machine's."""
            pairs = [
                (
                    turn_ms(images, tracker, nothing, options.seconds),
                    turn_ms(images, tracker, shown(view), options.seconds),
                )
                for _ in range(options.rounds)
            ]
            alone_ms, view_ms = (statistics.median(values) for values in zip(*pairs, strict=True))
            lost = sorted(100 * (1 - alone / with_view) for alone, with_view in pairs)
            quarter = len(lost) // 4
            print(
                f"{what:<22} {alone_ms:5.2f} ms of CPU a frame alone, {view_ms:5.2f} with the view: "
                f"{statistics.median(lost):4.1f} % of its frames lost (middle half {lost[quarter]:.1f} to "
                f"{lost[-1 - quarter]:.1f} %)"
            )

        turn_ms(images, tracker, nothing, options.seconds)  # warm
        compared("nobody watches:")
        with client(view, cores[-1]):
            compared("a browser watches:")
    return 0


def nothing(image: ImageArray, faces: list[Face], time_s: float) -> None:
    """The tracker alone."""


def shown(view: View) -> Turn:
    camera = CameraModel.from_field_of_view(640, 480, TrackerSettings().assumed_fov_deg)
    return lambda image, faces, time_s: view.show(LiveFrame(image, faces, time_s, 0.01, camera))


def turn_ms(images: list[ImageArray], tracker: FaceTracker, show: Turn, seconds: float) -> float:
    """Processor time a frame of the whole process while it tracks for so many seconds of that time."""
    tracker.reset()
    start_s, frames = time.process_time(), 0
    while time.process_time() - start_s < seconds:
        image, stamp_s = images[frames % len(images)], frames / 25
        show(image, tracker.update(image, stamp_s), stamp_s)
        frames += 1
    return 1000 * (time.process_time() - start_s) / frames


@contextmanager
def client(view: View, core: int) -> Iterator[None]:
    address = view.address.replace("http", "ws")
    process = subprocess.Popen([sys.executable, "-c", CLIENT, address])
    os.sched_setaffinity(process.pid, {core})
    try:
        while not view.is_watched:
            assert process.poll() is None
            time.sleep(0.05)
        yield
    finally:
        process.kill()
        process.wait()
        while view.is_watched:
            time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
