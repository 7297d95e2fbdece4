"""A run's YAML is read whole, and what is not understood is named."""

from pathlib import Path

import pytest

from rednet_ros.errors import InputError
from rednet_ros.network.config import REDNetConfig
from rednet_ros.training.config import (
    AverageStage,
    MotionStage,
    PeopleStage,
    StageConfig,
    read_config,
    read_recognition_config,
)

GOOD = """
name: a
license: research use only
data: some
seed: 3
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
        ("name: one", "name: one, kind: video", "stage one: kind is 'video': choose stills, identity, clips"),
        ("width: 0.25", "smoothing: true", "smoothing is gone.*kind: motion"),
        ("name: one", "name: a/b", "stages are named.*a/b"),
        ("name: one", "name: one, optimizer: adam", "optimizer is 'adam': choose adamw, sgd"),
        ("name: one", "name: one, schedule: steps", "schedule is 'steps'"),
        ("name: one", "name: one, clips: {frames: 1}", "frames is 1"),
        ("flip: 0.0", "spread: even", "spread is 'even'"),
        ("points: 0.5", "balance: {dots: 1}", "balance names.*dots"),
        ("seed: 3", "precision: fp8", "precision is 'fp8'"),
    ],
)
def test_what_is_not_understood_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(InputError, match=f"(?s)run.yaml.*{message}"):
        read_config(path)


def test_an_augmentation_may_lie_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "mild.yaml").write_text("{flip: 0.25, light: 0.0}")
    config = read_config(write(tmp_path, GOOD.replace("{flip: 0.0}", "mild.yaml")))
    assert (config.stages[0].augmentation.flip, config.stages[0].augmentation.light) == (0.25, 0.0)
    with pytest.raises(InputError, match=r"nowhere\.yaml: cannot be read"):
        read_config(write(tmp_path, GOOD.replace("{flip: 0.0}", "nowhere.yaml")))


def test_stages_add_modules_in_the_papers_order() -> None:
    whole = REDNetConfig(temporal="replace", identity=True)
    parts = {}
    for kind in ("stills", "identity", "clips"):
        shape = StageConfig("s", 96, 100, {"x": 1.0}, kind=kind).network(whole)
        parts[kind] = (shape.temporal, shape.identity, shape.crop_px)
    assert parts == {"stills": ("none", False, 96), "identity": ("none", True, 96), "clips": ("replace", True, 96)}
    without = StageConfig("s", 96, 100, {"x": 1.0}, kind="clips").network(REDNetConfig(temporal="none", identity=False))
    assert (without.temporal, without.identity) == ("none", False)


def test_stages_that_do_not_learn_have_settings_of_their_own(tmp_path: Path) -> None:
    more = """
  - {name: mean, kind: average, of: [one, other.safetensors]}
  - {name: people, kind: separate_people, pictures: 500, false_accepts: 0.01}
  - {name: motion, kind: motion, max_added_error: 0.2}
"""
    config = read_config(write(tmp_path, GOOD + more))
    assert config.stages[1:] == (
        AverageStage("mean", ("one", "other.safetensors")),
        PeopleStage("people", pictures=500, false_accepts=0.01),
        MotionStage("motion", max_added_error=0.2),
    )
    for old, new, message in [
        ("of: [one, other.safetensors]", "of: [one]", "stage mean: an average needs two or more"),
        ("pictures: 500", "images: 500", "PeopleStage.*images"),
        ("pictures: 500", "directions: 0", "directions is 0"),
        ("false_accepts: 0.01", "false_accepts: 1", "false_accepts is 1"),
        ("name: motion", "name: people", "stages are named.*people.*people"),
    ]:
        with pytest.raises(InputError, match=message):
            read_config(write(tmp_path, (GOOD + more).replace(old, new)))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.yaml"):
        read_config(tmp_path / "nowhere.yaml")


def test_the_shipped_configurations_are_understood(repository: Path) -> None:
    files = sorted((repository / "config" / "train").glob("*.yaml"))
    assert files
    for file in files:
        if read_recognition_config(file) is not None:
            continue
        config = read_config(file)
        learned = [stage for stage in config.stages if isinstance(stage, StageConfig)]
        assert learned[-1].network(config.network) == config.network, file.name
