"""Composed frames hold the faces that they promise."""

import cv2
import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.evaluation.speed.scenes import composed_scene, recorded_scene
from rednet_ros.media.video import VideoWriter
from rednet_ros.tracking.detector.models import load_detector


@pytest.mark.parametrize(("faces", "size_px"), [(1, (640, 480)), (8, (640, 480)), (16, (640, 480)), (5, (480, 640))])
def test_the_detector_finds_every_face(faces, size_px):
    scene = composed_scene(faces, size_px, frames=2)
    assert scene.frames[0].shape == (size_px[1], size_px[0], 3)
    assert scene.faces == faces
    detector = load_detector()
    assert [len(detector.detect(frame)) for frame in scene.frames] == [faces, faces]


def test_faces_move_a_little_and_without_a_jump_at_the_end():
    frames = composed_scene(2, (320, 240), frames=30).frames
    steps = [cv2.norm(frames[index - 1], frames[index], cv2.NORM_L1) / frames[0].size for index in range(30)]
    assert min(steps) > 0
    assert steps[0] < 2 * max(steps[1:])


def test_cameras_see_a_scene_at_different_moments_and_without_end():
    scene = composed_scene(1, (64, 64), frames=4)
    first, second = scene.players(2)
    shown = [[id(player()[0]) for _ in range(5)] for player in (first, second)]
    numbers = [[[id(frame) for frame in scene.frames].index(image) for image in images] for images in shown]
    assert numbers == [[0, 1, 2, 3, 0], [2, 3, 0, 1, 2]]
    assert first()[1] == pytest.approx(5 / 30)


def test_a_clip_is_played_forwards_and_backwards(tmp_path):
    path = tmp_path / "clip.mp4"
    with VideoWriter(path, fps=20) as writer:
        for level in (40, 80, 120, 160, 200):
            writer.write(np.full((64, 96, 3), level, np.uint8))
    levels = [round(float(frame.mean()) / 40) for frame in recorded_scene(str(path), frames=4).frames]
    assert levels == [1, 2, 3, 4, 3, 2]


def test_a_clip_that_is_not_there_is_named():
    with pytest.raises(InputError, match="/absent/clip.mp4"):
        recorded_scene("/absent/clip.mp4")
