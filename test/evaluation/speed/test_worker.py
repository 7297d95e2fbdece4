"""What a worker answers, of a tracker whose frames take a known time."""

import time

import numpy as np
import pytest

from rednet_ros.evaluation.speed.worker import BLOCK_FRAMES, Session

PIXEL_BYTES = 3


class Sleeper:
    """Finds the face from its third frame on; a frame takes 2 ms, without work."""

    name = "sleeper"

    def begin(self, faces):
        self.faces, self.seen = faces, []

    def frame(self, image, time_s):
        time.sleep(0.002)
        self.seen.append((int(image[0, 0, 0]), round(30 * time_s)))
        return self.faces * (len(self.seen) >= 3)

    def still(self, image):
        return [[[float(image[0, 0, 0]), 0.0]] * 68]


@pytest.fixture
def clip(tmp_path):
    """Four frames of 4 x 6 pixels, each of its number."""
    frames = np.arange(4, dtype=np.uint8).repeat(4 * 6 * PIXEL_BYTES).reshape(4, 4, 6, 3)
    frames.tofile(tmp_path / "clip.raw")
    return {"frames": str(tmp_path / "clip.raw"), "shape": list(frames.shape)}


def test_the_clip_goes_on_from_block_to_block(clip):
    tracker = Sleeper()
    session = Session(tracker)
    session.begin(**clip, faces=2)
    session.block()
    assert len(tracker.seen) == 2 * BLOCK_FRAMES
    assert tracker.seen == [(number % 4, number) for number in range(2 * BLOCK_FRAMES)]


def test_sleeping_takes_wall_time_and_no_cpu_time(clip):
    session = Session(Sleeper())
    session.begin(**clip, faces=2)
    block = session.block()
    assert len(block["wall_ms"]) == BLOCK_FRAMES
    assert min(block["wall_ms"]) >= 2
    assert block["cpu_ms"] < 1
    assert block["found"] == 2


def test_cpu_time_until_the_first_face_and_memory(clip):
    before_s = time.process_time()
    began = Session(Sleeper()).begin(**clip, faces=1)
    assert before_s <= began["cpu_s"] <= time.process_time()
    assert 10 < began["memory_mb"] < 10_000
    assert Session(Sleeper()).begin(**clip, faces=0)["cpu_s"] is None


def test_faces_of_a_picture(tmp_path):
    np.save(tmp_path / "picture.npy", np.full((4, 6, 3), 9, np.uint8))
    assert Session(Sleeper()).still(str(tmp_path / "picture.npy")) == {"faces": [[[9.0, 0.0]] * 68]}


def test_what_a_tracker_cannot_tell_is_left_empty(clip):
    session = Session(Sleeper())
    session.begin(**clip, faces=1)
    assert session.block(with_network=True)["network"] == {}
    assert session.cameras(seconds=1.0) is None
