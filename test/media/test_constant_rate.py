"""Images at odd moments become a video that plays in real time."""

import numpy as np

from rednet_ros.media.constant_rate import SteadyVideo


class Frames:
    """Stands for VideoWriter and remembers the levels of what it was given."""

    def __init__(self):
        self.levels = []
        self.is_closed = False

    @property
    def frames_written(self):
        return len(self.levels)

    def write(self, image):
        self.levels.append(int(image[0, 0, 0]))

    def close(self):
        self.is_closed = True


def record(stamps_s, rate_hz=10.0):
    writer = Frames()
    video = SteadyVideo(writer, rate_hz)
    for level, stamp_s in enumerate(stamps_s):
        video.add(np.full((2, 2, 3), level, np.uint8), stamp_s)
    video.close()
    assert writer.is_closed
    return writer.levels


def test_a_steady_stream_is_written_as_it_is():
    assert record([5.0, 5.1, 5.2, 5.3]) == [0, 1, 2, 3]


def test_an_image_is_held_until_the_next_one():
    assert record([0.0, 0.3, 0.4]) == [0, 0, 0, 1, 2]


def test_what_comes_faster_than_the_video_is_left_out():
    levels = record([0.0, 0.025, 0.05, 0.075, 0.1, 0.125, 0.15, 0.175, 0.2])
    assert len(levels) == 3
    assert levels == sorted(levels)


def test_a_long_pause_is_cut_short():
    levels = record([0.0, 0.1, 100.0, 100.1])
    assert levels.count(1) == 20
    assert levels[-2:] == [2, 3]


def test_a_stamp_that_jumps_back_follows_at_once():
    assert record([50.0, 50.1, 3.0, 3.1]) == [0, 1, 2, 3]


def test_one_image_is_shown_once():
    assert record([1.0]) == [0]


def test_nothing_leaves_the_file_unmade():
    assert record([]) == []
