"""A run's YAML is read whole, and what is not understood is named."""

from pathlib import Path

import pytest

from rednet_ros.errors import InputError
from rednet_ros.training.config import read_config

GOOD = """
name: a
license: research use only
data: some
network: {width: 0.25, crop_px: 96, temporal: none, identity: false}
stages:
  - {name: one, crop_px: 64, images: 640, batch: 64, mix: {x: 1.0}, losses: {points: 0.5}, augmentation: {flip: 0.0}}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "run.yaml"
    path.write_text(text)
    return path


def test_settings_reach_network_stage_losses_and_augmentation(tmp_path: Path) -> None:
    config = read_config(write(tmp_path, GOOD))
    (stage,) = config.stages
    assert (config.network.width, config.network.temporal, stage.steps) == (0.25, "none", 10)
    assert (stage.losses.points, stage.augmentation.flip, stage.losses.detection) == (0.5, 0.0, 1.0)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("images:", "pictures:", "StageConfig.*pictures"),
        ("points:", "dots:", "LossWeights.*dots"),
        ("width: 0.25", "breadth: 0.25", "breadth"),
        ("crop_px: 96", "crop_px: 100", "crop_px is 100.*multiple of 32"),
        ("temporal: none", "temporal: maybe", "temporal is 'maybe'"),
        ("network:", "net:", "network"),
        ("name: a", "name: [", "cannot be read as YAML"),
    ],
)
def test_what_is_not_understood_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(InputError, match=f"(?s)run.yaml.*{message}"):
        read_config(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.yaml"):
        read_config(tmp_path / "nowhere.yaml")


def test_the_shipped_configurations_are_understood(repository: Path) -> None:
    files = sorted((repository / "config" / "train").glob("*.yaml"))
    assert files
    for file in files:
        config = read_config(file)
        assert config.network.crop_px == config.stages[-1].crop_px, file.name
