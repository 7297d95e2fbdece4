"""Pictures: of the head made here, and of the real one where REDNET_HEAD_ASSETS names its folder."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from rednet_ros.training.rendering.appearance import Mask, sample_outfit
from rednet_ros.training.rendering.clip import render_clip
from rednet_ros.training.rendering.expression import Expression
from rednet_ros.training.rendering.gl.renderer import RenderingUnavailable, open_context
from rednet_ros.training.rendering.hand import Hand
from rednet_ros.training.rendering.head import HeadModel, load_head_model
from rednet_ros.training.rendering.scene import Camera, Lighting, Pose, Scene
from rednet_ros.training.rendering.seeds import generator
from rednet_ros.training.rendering.shards import RenderSettings, plan
from rednet_ros.training.rendering.still import FaceRenderer, Moment
from rednet_ros.training.rendering.workers import WorkerFailed, render_all

AMBIENT = np.vstack([np.ones((1, 3)), np.zeros((8, 3))])
LIGHT = Lighting(np.array([0.0, 0.3, 0.95]), np.full(3, 0.3), np.array([0.0, 1.0, 0.0]), np.zeros(3), AMBIENT, 1.0)


def moment_of(renderer: FaceRenderer, **worn: object) -> Moment:
    identity, person = renderer.person(0, 0)
    outfit = sample_outfit(renderer.model.wardrobe, identity, generator(0, "outfit"))
    bare = replace(outfit, hair=None, hat=None, glasses=None, mask=None, stubble=0.0, beard_length=0.0)
    scene = Scene(Pose(0.0, 0.0, 0.0, 0.0), Camera(12.0, 2.0, (0.0, 0.0)), LIGHT)
    return Moment(identity, person, replace(bare, **worn), Expression(), scene)  # type: ignore[arg-type]


def plain_background(renderer: FaceRenderer) -> np.ndarray:
    background = np.zeros((renderer.side_px, renderer.side_px, 3), np.uint8)
    background[:] = (255, 0, 0)
    return background


def test_stills_repeat_whatever_was_drawn_before(face_renderer: FaceRenderer, model: HeadModel) -> None:
    first = face_renderer.still(1, 5, 0)
    face_renderer.still(1, 6, 1)
    again, elsewhere = face_renderer.still(1, 5, 0), FaceRenderer(model, 96).still(1, 5, 0)
    for other in (again, elsewhere):
        np.testing.assert_array_equal(first.image, other.image)
        np.testing.assert_array_equal(first.points_px, other.points_px)
        np.testing.assert_array_equal(first.visible, other.visible)
    assert not np.array_equal(first.image, face_renderer.still(2, 5, 0).image)


def test_the_head_is_drawn_where_its_landmarks_are(face_renderer: FaceRenderer) -> None:
    moment = moment_of(face_renderer)
    face = face_renderer.draw(moment, plain_background(face_renderer), face_renderer.lens(moment))
    assert face.image.shape == (96, 96, 3)
    inner = np.rint(face.points_px[27:48]).astype(int)
    assert (face.image[inner[:, 1], inner[:, 0]].argmax(axis=1) != 0).all(), "skin, not the blue background"
    assert (face.image[2, 2].argmax()) == 0
    assert face.visible.mean() > 0.7


def test_a_profile_hides_the_far_half(face_renderer: FaceRenderer) -> None:
    moment = moment_of(face_renderer)
    moment = replace(moment, scene=replace(moment.scene, pose=Pose(np.deg2rad(80), 0.0, 0.0, 0.5)))
    face = face_renderer.draw(moment, plain_background(face_renderer), face_renderer.lens(moment))
    assert face.visible[36:42].all(), "its right eye looks at the camera"
    assert not face.visible[44:46].any(), "its left eye is behind the nose"


def test_a_mask_hides_the_mouth(face_renderer: FaceRenderer) -> None:
    moment = moment_of(face_renderer, mask=Mask((0.0, 0.0, 1.0), (0.0, 0.0, 1.0), 0.5))
    face = face_renderer.draw(moment, plain_background(face_renderer), face_renderer.lens(moment))
    assert not face.visible[50:53].any()
    assert face.visible[36:42].all()


def test_a_hand_hides_what_it_is_held_before(face_renderer: FaceRenderer) -> None:
    hand = Hand((0.0,) * 15, True, 57, 0.6, (0.0, 0.8), 0.0, 0.0, 0.0, 1.0)
    moment = replace(moment_of(face_renderer), hand=hand)
    face = face_renderer.draw(moment, plain_background(face_renderer), face_renderer.lens(moment))
    assert not face.visible[57]
    away = replace(moment, hand=hand.moved(3.0, 0.0, 0.0))
    assert face_renderer.draw(away, plain_background(face_renderer), face_renderer.lens(away)).visible[57]


def test_a_clip_moves_one_person(face_renderer: FaceRenderer) -> None:
    frames = list(render_clip(face_renderer, 4, 2, 1, 4))
    again = list(render_clip(face_renderer, 4, 2, 1, 4))
    assert len(frames) == 4
    assert len({frame.identity for frame in frames}) == 1
    for one, two in zip(frames, again, strict=True):
        np.testing.assert_array_equal(one.image, two.image)
    steps = [np.abs(b.points_px - a.points_px).mean() for a, b in pairwise(frames)]
    assert 0 < max(steps) < 20


@pytest.mark.slow
def test_processes_make_no_difference(asset_folder: Path, opengl: None, tmp_path: Path) -> None:
    if importlib.util.find_spec("anny") is None:
        pytest.skip("the wheel anny is not installed")
    for processes in ("1", "2"):
        arguments = ["--assets", asset_folder, "--output", tmp_path / processes, "--processes", processes]
        amounts = ["--count", "3", "--clips", "1", "--frames", "2", "--size", "64"]
        command = [sys.executable, "-m", "rednet_ros.cli.render", *map(str, arguments), *amounts]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
        assert "5 pictures in" in done.stdout
    again = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    assert "rendered in" not in again.stdout, "all shards exist"
    written = sorted(path.relative_to(tmp_path / "1") for path in (tmp_path / "1").rglob("*.*"))
    assert len(written) == 5 + 2 + 2, "pictures, rows of two shards, settings, labels"
    for name in written:
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_what_fails_in_a_process_is_reported(tmp_path: Path) -> None:
    settings = RenderSettings(count=1)
    with pytest.raises(WorkerFailed, match="absent: no such folder"):
        list(render_all(tmp_path / "absent", settings, plan(settings), tmp_path, 1))


def test_without_egl_the_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    moderngl = pytest.importorskip("moderngl", reason="moderngl is not installed")

    def fail(**_: object) -> None:
        raise Exception("eglInitialize failed")

    monkeypatch.setattr(moderngl, "create_context", fail)
    with pytest.raises(RenderingUnavailable, match="apt install libegl1 libgl1-mesa-dri"):
        open_context()


def test_without_moderngl_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "moderngl", None)
    with pytest.raises(RenderingUnavailable, match=r"rednet_ros\[render\]"):
        open_context()


@pytest.mark.slow
def test_the_real_head(opengl: None) -> None:
    folder = os.environ.get("REDNET_HEAD_ASSETS")
    if not folder:
        pytest.skip("REDNET_HEAD_ASSETS names no folder of rendering assets (docs/rendering.md)")
    renderer = FaceRenderer(load_head_model(folder), 224)
    for number in range(12):
        face = renderer.still(0, number, number)
        assert np.isfinite(face.points_px).all()
        assert face.image.std() > 5
        eyes = face.points_px[[36, 45]]
        assert (face.points_px[8, 1] > eyes[:, 1]).all(), "the chin is below the eyes"
        box = np.ptp(face.points_px, axis=0).max()
        assert 1.7 < 224 / box < 2.3
