from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from rednet_ros.evaluation.data import DataSet
from rednet_ros.evaluation.degraded.clips import STILL_FRAMES, labelled, real
from rednet_ros.evaluation.networks import Network
from rednet_ros.media.images import write_image
from rednet_ros.tracking.types import Box, ImageArray
from rednet_ros.training.datasets.labels import LabelledFace

Paint = Callable[..., ImageArray]


def test_a_sequence_is_a_clip_with_its_own_frames_and_landmarks(tmp_path: Path, person: Any, paint: Paint) -> None:
    people = [person(3, 100 + 5 * frame, 120) for frame in range(4)]
    faces = []
    for frame, one in enumerate(people):
        write_image(path := tmp_path / f"{frame}.png", paint([one]))
        faces.append(LabelledFace(path, one.landmarks(), sequence="walk", frame=frame))
    faces[2].points_px[:17] = np.nan
    (clip,) = labelled(DataSet(None, "walks", tuple(faces), "landmarks"), seed=0)
    assert [(image == paint([one])).all() for image, one in zip(clip.images(), people, strict=True)] == [True] * 4
    assert np.isnan(clip.points_px[2, :17]).all()
    assert np.isfinite(clip.place_px).all()
    np.testing.assert_allclose(clip.place_px[2], people[2].landmarks(), atol=0.5)


def test_before_a_moving_camera_a_still_becomes_a_clip(
    tmp_path: Path, person: Any, paint: Paint, engine: Any, detector: Any
) -> None:
    """Its landmarks lie where the painted network, which measures well, sees the face."""
    one = person(3, 150, 110, side=90)
    write_image(path := tmp_path / "still.png", paint([one]))
    data = DataSet(None, "stills", (LabelledFace(path, one.landmarks()),), "interocular")
    (clip,) = labelled(data, seed=1)
    images = list(clip.images())
    assert len(images) == len(clip.points_px) == STILL_FRAMES
    centers = np.array([Box.around(points_px).center for points_px in clip.points_px])
    steps = np.linalg.norm(np.diff(centers, axis=0), axis=1)
    assert 0.5 < steps.mean() < 10
    assert (clip.points_px.min(axis=(0, 1)) > 0).all()
    assert (clip.points_px.max(axis=(0, 1)) < images[0].shape[0]).all()
    for image, center in list(zip(images, centers, strict=True))[::20]:
        rows, columns = np.nonzero(abs(image[..., 0].astype(int) - 60) < 10)
        assert abs((columns.mean(), rows.mean()) - center).max() < 15  # the landmarks' box is not quite the patch
    (again,) = labelled(data, seed=1)
    np.testing.assert_array_equal(again.points_px, clip.points_px)
    (other,) = labelled(data, seed=2)
    assert (other.points_px != clip.points_px).any()


def test_the_faces_of_a_real_clip_have_the_trackers_landmarks(
    tmp_path: Path, person: Any, paint: Paint, engine: Any, detector: Any
) -> None:
    folder = tmp_path / "clip"
    folder.mkdir()
    there = [person(3, 100 + 2 * frame, 120) for frame in range(12)]
    for frame in range(20):
        cv2.imwrite(str(folder / f"{frame:02}.png"), paint([there[frame - 4]] if 4 <= frame < 16 else []))
    (clip,) = real(Network("painted", engine, detector), folder)
    frames = len(clip.points_px)
    assert 8 <= frames <= 12
    shown = list(clip.images())
    assert len(shown) == frames
    for points_px, image, one in zip(clip.points_px, shown, there[-frames:], strict=True):
        np.testing.assert_allclose(points_px, one.landmarks(), atol=2.5)
        np.testing.assert_array_equal(image, paint([one]))
    assert clip.step_s == 1 / 25  # of folders
