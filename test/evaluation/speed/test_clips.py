"""The frames hold the faces that they promise."""

import cv2
import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.evaluation.speed.clips import portrait, recorded, tiled
from rednet_ros.media.video import VideoWriter
from rednet_ros.tracking.detector.models import load_detector


@pytest.mark.parametrize("faces", [1, 4, 8, 16])
def test_the_detector_finds_every_face(faces):
    clip = tiled(portrait()[::45], faces)
    assert clip.shape == (2, 480, 640, 3)
    detector = load_detector()
    assert [len(detector.detect(frame)) for frame in clip] == [faces, faces]


def test_the_face_moves_a_little_and_without_a_jump_at_the_end():
    frames = portrait()
    steps = [cv2.norm(frames[index - 1], frames[index], cv2.NORM_L1) for index in range(len(frames))]
    assert min(steps) > 0
    assert steps[0] < 2 * max(steps[1:])


def test_each_place_shows_the_clip_at_another_moment():
    clip = tiled([np.full((48, 64, 3), level, np.uint8) for level in (0, 50, 100, 150)], 4)
    corners = clip[:, [100, 100, 400, 400], [100, 500, 100, 500], 0]
    assert corners.tolist() == [[0, 50, 100, 150], [50, 100, 150, 0], [100, 150, 0, 50], [150, 0, 50, 100]]


def test_a_clip_is_played_forwards_and_backwards(tmp_path):
    path = tmp_path / "clip.mp4"
    with VideoWriter(path, fps=20) as writer:
        for level in (40, 80, 120, 160):
            writer.write(np.full((64, 96, 3), level, np.uint8))
    assert [round(float(frame.mean()) / 40) for frame in recorded(str(path))] == [1, 2, 3, 4, 3, 2]


def test_a_clip_that_is_not_there_is_named():
    with pytest.raises(InputError, match="/absent/clip.mp4"):
        recorded("/absent/clip.mp4")
