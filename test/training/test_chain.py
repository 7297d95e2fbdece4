"""One configuration makes a weights file from faces: averaged branches, a wider network, the finishing stages."""

import csv
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
import torch

from rednet_ros.errors import InputError
from rednet_ros.network import weights
from rednet_ros.training.clips import ClipBatches
from rednet_ros.training.config import MotionStage, StageConfig, TrainConfig, read_config
from rednet_ros.training.datasets.labels import LabelledFace, read_labels
from rednet_ros.training.datasets.pool import FacePool
from rednet_ros.training.trainer import Trainer

CONFIG = """
name: chain
license: none
data: drawn faces
network: {backbone: resnet14, width: 0.125, crop_px: 64, temporal: residual, identity: true, sigma_px: 10.0,
          radius_px: 12.0, regression_maps: softmax}
evaluate_every_images: 1000
stages:
  - &stills {name: start, width: 0.0625, crop_px: 64, images: 16, batch: 8, mix: {made: 1.0}}
  - {<<: *stills, name: one, learning_rate: 1.0e-3}
  - {<<: *stills, name: other, init: start}
  - {name: mean, kind: average, of: [one, other]}
  - {<<: *stills, name: wide, width: 0.125, images: 8}
  - {<<: *stills, name: identity, width: 0.125, kind: identity, images_a_person: 2, only: [identity]}
  - {<<: *stills, name: clips, width: 0.125, kind: clips, batch: 2, only: [temporal], clips: {frames: 3}}
  - {name: people, kind: separate_people, directions: 4, false_accepts: 0.1}
  - {name: motion, kind: motion, clips: 3, frames: 5}
"""
PARAMETERS = {"gains": [0.5, 0.25], "pull": [0.6]}


@pytest.fixture(autouse=True)
def _little_validation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rednet_ros.training.validation.CLIPS", 1)
    monkeypatch.setattr("rednet_ros.training.validation.CLIP_FRAMES", 3)
    monkeypatch.setattr("rednet_ros.training.recorder.draw_curves", lambda folder: None)


@pytest.fixture
def fitted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, str, MotionStage, int]]:
    """What the fit of the motion filter, which has tests of its own, was asked for."""
    asked: list[tuple[Path, str, MotionStage, int]] = []
    module = ModuleType("motion_fit")

    def fit_motion(
        path: Path, pool: FacePool, filmed_as: StageConfig, stage: MotionStage, seed: int
    ) -> dict[str, object]:
        ClipBatches(pool, filmed_as, (seed,), 1)
        asked.append((path, filmed_as.name, stage, seed))
        return PARAMETERS

    module.fit_motion = fit_motion
    monkeypatch.setitem(sys.modules, "rednet_ros.training.motion_fit", module)
    return asked


@pytest.fixture(scope="module")
def faces(make_faces: Callable[..., Path]) -> tuple[list[LabelledFace], list[LabelledFace]]:
    """Training faces of six people, and twelve people who are kept apart, in a sequence of three frames each."""
    return read_labels(make_faces(36, people=6)), read_labels(make_faces(36, people=12, frames=3))


@pytest.fixture
def config(tmp_path: Path) -> TrainConfig:
    (tmp_path / "chain.yaml").write_text(CONFIG)
    return read_config(tmp_path / "chain.yaml")


def test_a_configuration_makes_finished_weights(
    config: TrainConfig, faces: tuple[list[LabelledFace], list[LabelledFace]], fitted: list, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    Trainer(config, *faces, folder).run()
    results = {path.stem: weights.load(path) for path in (folder / "stages").iterdir()}
    assert results.keys() == {stage.name for stage in config.stages}
    assert [results[name][0].config.width for name in ("other", "mean", "wide")] == [0.0625, 0.0625, 0.125]

    tensors = {name: network.state_dict() for name, (network, _) in results.items()}
    for name, mean in tensors["mean"].items():
        if mean.is_floating_point():
            torch.testing.assert_close(mean, (tensors["one"][name] + tensors["other"][name]) / 2, msg=name)
    moved = {name for name, tensor in tensors["clips"].items() if not torch.equal(tensor, tensors["people"][name])}
    assert moved == {"identity.squeeze.weight", "identity.squeeze.bias"}
    assert all(torch.equal(tensor, tensors["motion"][name]) for name, tensor in tensors["people"].items())

    info = results["motion"][1]
    asked = folder / "stages" / "people.safetensors", "clips", MotionStage("motion", clips=3, frames=5), 1
    assert fitted == [asked]
    assert info.motion == PARAMETERS
    assert info.identity_threshold == results["people"][1].identity_threshold
    assert 0 < info.identity_threshold <= 1
    assert (info.name, info.license, info.data) == ("chain", "none", "drawn faces")
    assert (folder / "weights.safetensors").read_bytes() == (folder / "stages" / "motion.safetensors").read_bytes()
    validated = [row["stage"] for row in csv.DictReader((folder / "validation.csv").open())]
    assert validated == ["start", "one", "other", "mean", "wide", "identity", "clips"]


def test_a_chain_that_is_interrupted_goes_on(
    config: TrainConfig, faces: tuple[list[LabelledFace], list[LabelledFace]], fitted: list, tmp_path: Path
) -> None:
    Trainer(config, *faces, tmp_path / "whole").run()
    halted = Trainer(config, *faces, tmp_path / "halted")
    for stage in ("start", "one", "other", "mean", "wide"):
        halted.run(only_stage=stage)
    for _ in range(2):  # the second time everything is done but for the stages that follow the last checkpoint
        resumed = Trainer(config, *faces, tmp_path / "halted")
        resumed.resume()
        resumed.run()
    ends = [(tmp_path / run / "weights.safetensors").read_bytes() for run in ("whole", "halted")]
    assert ends[0] == ends[1]


def test_given_weights_are_finished_without_learning(
    config: TrainConfig, faces: tuple[list[LabelledFace], list[LabelledFace]], fitted: list, tmp_path: Path
) -> None:
    run = Trainer(config, *faces, tmp_path / "run")
    with pytest.raises(InputError, match="stage motion works on weights: run the stage before it, or give .* --init"):
        run.run(only_stage="motion")
    run.begin_from("rednet-lite-clean")
    run.run(only_stage="motion")
    network, info = weights.load(tmp_path / "run" / "weights.safetensors")
    given = weights.load("rednet-lite-clean")[0].state_dict()
    assert info.motion == PARAMETERS
    assert all(torch.equal(tensor, given[name]) for name, tensor in network.state_dict().items())


def test_the_motion_filter_is_fitted_without_a_stage_of_clips(
    config: TrainConfig, faces: tuple[list[LabelledFace], list[LabelledFace]], fitted: list, tmp_path: Path
) -> None:
    start, motion = config.stages[0], config.stages[-1]
    assert isinstance(start, StageConfig)
    stills = replace(start, mix={"made": 0.9, "background": 0.1})
    run = Trainer(replace(config, stages=(stills, motion)), *faces, tmp_path / "run")
    run.begin_from("rednet-lite-clean")
    run.run(only_stage="motion")
    assert [name for _, name, _, _ in fitted] == ["start"]
    alone = Trainer(replace(config, stages=(motion,)), *faces, tmp_path / "alone")
    alone.begin_from("rednet-lite-clean")
    with pytest.raises(InputError, match="stage motion needs a stage that learns before it"):
        alone.run(only_stage="motion")


def test_what_a_stage_lacks_is_named(
    config: TrainConfig, faces: tuple[list[LabelledFace], list[LabelledFace]], tmp_path: Path
) -> None:
    run = Trainer(config, *faces, tmp_path / "run")
    with pytest.raises(InputError, match="run stage one first"):
        run.run(only_stage="mean")
    run.run(only_stage="start")
    few = Trainer(config, faces[0], faces[1][:6], tmp_path / "few")
    few.begin_from(tmp_path / "run" / "stages" / "start.safetensors")
    with pytest.raises(InputError, match="stage people: the network has no identity branch"):
        few.run(only_stage="people")
    few.begin_from("rednet-lite-clean")
    with pytest.raises(InputError, match="false_accepts is measured on 10 or more sequences.*there are 2"):
        few.run(only_stage="people")
