"""What a worker answers, of a tracker whose frames take a known time."""

import time

import numpy as np
import pytest

from rednet_ros.evaluation.speed.worker import BLOCK_FRAMES, Tracker


class Sleeper(Tracker):
    """Finds the face from its third frame on; a frame takes 2 ms, without work."""

    name = "sleeper"

    def start(self, faces):
        self.faces, self.seen = faces, []

    def frame(self, image, time_s):
        time.sleep(0.002)
        self.seen.append((int(image[0, 0, 0]), round(30 * time_s)))
        return self.faces * (len(self.seen) >= 3)

    def points(self, image):
        return [[[float(image[0, 0, 0]), 0.0]] * 68]


@pytest.fixture
def clip(tmp_path):
    """Four frames of 4 x 6 pixels, each of its number."""
    np.save(tmp_path / "clip.npy", np.arange(4, dtype=np.uint8).repeat(4 * 6 * 3).reshape(4, 4, 6, 3))
    return str(tmp_path / "clip.npy")


def test_the_clip_goes_on_from_block_to_block(clip):
    tracker = Sleeper()
    tracker.begin(clip, faces=2)
    tracker.block()
    assert len(tracker.seen) == 2 * BLOCK_FRAMES
    assert tracker.seen == [(number % 4, number) for number in range(2 * BLOCK_FRAMES)]


def test_sleeping_takes_wall_time_and_no_cpu_time(clip):
    tracker = Sleeper()
    tracker.begin(clip, faces=2)
    block = tracker.block()
    assert len(block["wall_ms"]) == BLOCK_FRAMES
    assert min(block["wall_ms"]) >= 2
    assert block["cpu_ms"] < 1
    assert block["found"] == 2


def test_cpu_time_until_the_first_face_and_memory(clip):
    before_s = time.process_time()
    began = Sleeper().begin(clip, faces=1)
    assert before_s <= began["cpu_s"] <= time.process_time()
    assert 10 < began["memory_mb"] < 10_000
    assert Sleeper().begin(clip, faces=0)["cpu_s"] is None


def test_faces_of_a_picture(tmp_path):
    np.save(tmp_path / "picture.npy", np.full((4, 6, 3), 9, np.uint8))
    assert Sleeper().still(str(tmp_path / "picture.npy")) == [[[9.0, 0.0]] * 68]
