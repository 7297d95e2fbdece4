from pathlib import Path

import cv2
import numpy as np
import pytest

from rednet_ros.cli import convert
from rednet_ros.media.images import read_image
from rednet_ros.training.datasets.labels import read_labels

POINTS = np.random.default_rng(1).uniform(40, 70, (68, 2)).round(2)


@pytest.fixture
def helen(tmp_path: Path) -> Path:
    """Three annotated images of Helen."""
    folder = tmp_path / "helen/trainset"
    folder.mkdir(parents=True)
    rows = "\n".join(f"{x + 1} {y + 1}" for x, y in POINTS)
    for number in (10, 11, 12):
        cv2.imwrite(str(folder / f"{number}_1.jpg"), np.full((120, 110, 3), 99, np.uint8))
        (folder / f"{number}_1.pts").write_text(f"version: 1\nn_points: 68\n{{\n{rows}\n}}\n")
    return folder.parent


def test_writes_crops_and_labels(helen: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "out/crops"
    assert convert.main([f"helen:{helen}", str(output), "--crop", "2"]) == 0
    assert f"{output / 'labels.jsonl'}: 3 faces" in capsys.readouterr().out
    faces = read_labels(output / "labels.jsonl")
    assert [face.image_path.name for face in faces] == ["10_1.jpg", "11_1.jpg", "12_1.jpg"]
    extent = np.ptp(POINTS, axis=0).max()
    assert read_image(faces[0].image_path).shape[0] == pytest.approx(2 * extent, abs=1)
    np.testing.assert_allclose(np.ptp(faces[0].points_px, axis=0), np.ptp(POINTS, axis=0), atol=0.01)


def test_does_not_overwrite_labels(helen: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "labels.jsonl").write_text("precious")
    assert convert.main([f"helen:{helen}", str(tmp_path)]) == 2
    assert "exists already, choose another folder" in capsys.readouterr().err
    assert (tmp_path / "labels.jsonl").read_text() == "precious"


def test_a_damaged_picture_ends_the_run_without_labels(
    helen: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (helen / "trainset/11_1.jpg").write_bytes(b"no picture")
    assert convert.main([f"helen:{helen}", str(tmp_path / "out")]) == 2
    assert "11_1.jpg: not an image" in capsys.readouterr().err
    assert not (tmp_path / "out/labels.jsonl").exists()


@pytest.mark.parametrize("size", ["0.5", "11", "nan", "big"])
def test_sizes_that_make_no_sense_are_refused(size: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        convert.main(["helen:x", "out", "--crop", size])
    assert caught.value.code == 2
    assert "--crop" in capsys.readouterr().err
