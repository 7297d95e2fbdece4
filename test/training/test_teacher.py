"""Targets that another network takes part in."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rednet_ros.network import weights
from rednet_ros.network.config import REDNetConfig
from rednet_ros.network.rednet import REDNet
from rednet_ros.network.weights import WeightsInfo
from rednet_ros.training import teacher
from rednet_ros.training.config import StageConfig
from rednet_ros.training.datasets.labels import read_labels
from rednet_ros.training.datasets.pool import FacePool
from rednet_ros.training.teacher import taught


@pytest.fixture
def pool(make_faces: Callable[..., Path]) -> FacePool:
    return FacePool(read_labels(make_faces(6)))


@pytest.fixture
def weights_file(tiny: REDNetConfig, tmp_path: Path) -> Path:
    path = tmp_path / "teacher.safetensors"
    weights.save(path, REDNet(tiny), WeightsInfo("teacher", "none", "drawn"))
    return path


def test_targets_move_towards_the_teacher_where_it_saw_the_face(
    pool: FacePool, weights_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = np.stack([face.points_px for face in pool.faces])
    found = truth + np.float32(0.5)
    found[2] += 90  # it saw something else
    calls = []

    def look(*_: object) -> np.ndarray:
        calls.append(1)
        return found

    monkeypatch.setattr(teacher, "_found", look)
    for _ in range(2):  # the second time it reads what it found
        after = taught(pool, weights_file, {"made": 0.4}, tmp_path / "run", None)
        moved = np.stack([face.points_px for face in after.faces]) - truth
        np.testing.assert_allclose(moved[[0, 1, 3, 4, 5]], 0.2, atol=1e-4)
        np.testing.assert_array_equal(moved[2], 0)
    assert calls == [1]


def test_other_sources_keep_their_labels(pool: FacePool, weights_file: Path, tmp_path: Path) -> None:
    after = taught(pool, weights_file, {"elsewhere": 1.0}, tmp_path, None)
    for face, before in zip(after.faces, pool.faces, strict=True):
        np.testing.assert_array_equal(face.points_px, before.points_px)


def test_the_teacher_looks_at_every_face_of_its_sources(pool: FacePool, weights_file: Path) -> None:
    network, _ = weights.load(weights_file)
    found = teacher._found(network, pool, [0, 3, 5], None)
    assert found.shape == (3, 68, 2)
    for points_px, index in zip(found, (0, 3, 5), strict=True):
        height, width = pool.picture(index).image.shape[:2]
        assert ((points_px > -width) & (points_px < 2 * max(width, height))).all()


@pytest.mark.parametrize(
    "settings", [{"teacher": "some"}, {"taught": {"made": 1.0}}, {"teacher": "x", "taught": {"made": 2}}]
)
def test_a_teacher_without_a_share_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="stage stills: a teacher needs taught"):
        StageConfig("stills", 64, 24, {"made": 1.0}, **settings)
