"""A run through all three stages: each learns what it is for, adds its modules, and resumes bit by bit."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from rednet_ros.errors import InputError
from rednet_ros.network import weights
from rednet_ros.network.config import REDNetConfig
from rednet_ros.training.config import (
    AugmentationSettings,
    ClipSettings,
    LossWeights,
    StageConfig,
    StageKind,
    TrainConfig,
)
from rednet_ros.training.datasets.labels import LabelledFace, read_labels
from rednet_ros.training.trainer import Trainer

MIX = {"made": 1.0}
CALM = AugmentationSettings(occlude=0, blur=0, grey=0, noise=0, light=0)
STILLS = StageConfig("stills", 64, 24, MIX, batch=4, losses=LossWeights(regression=0.3, points=1.0))
IDENTITY = replace(STILLS, name="identity", kind="identity", images_a_person=2)
CLIPS = replace(STILLS, name="clips", kind="clips", batch=2, clips=ClipSettings(frames=3), images=36)


@pytest.fixture(autouse=True)
def _little_validation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its results are not looked at here, and pictures take longer than all else."""
    monkeypatch.setattr("rednet_ros.training.validation.CLIPS", 1)
    monkeypatch.setattr("rednet_ros.training.validation.CLIP_FRAMES", 3)
    monkeypatch.setattr("rednet_ros.training.recorder.draw_curves", lambda folder: None)


@pytest.fixture(scope="module")
def faces(make_faces: Callable[..., Path]) -> list[LabelledFace]:
    return read_labels(make_faces(24, people=4))


def run_of(
    tiny: REDNetConfig, stages: tuple[StageConfig, ...], faces: list[LabelledFace], folder: Path, **settings: object
) -> Trainer:
    config = TrainConfig(
        "tiny", "none", "drawn", tiny, stages,
        log_every_images=12, evaluate_every_images=48, checkpoint_every_images=8,
    )  # fmt: skip
    return Trainer(replace(config, **settings), faces[:18], faces[18:], folder)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return [{key: value for key, value in row.items() if key != "images_per_s"} for row in csv.DictReader(file)]


def test_each_stage_adds_its_module_and_the_weights_say_so(
    tiny: REDNetConfig, faces: list[LabelledFace], tmp_path: Path
) -> None:
    run = run_of(tiny, (STILLS, IDENTITY, CLIPS), faces, tmp_path)
    parts = []
    for stage in ("stills", "identity", "clips"):
        run.run(only_stage=stage)
        network, _ = weights.load(tmp_path / "weights.safetensors")
        parts.append((network.identity is not None, network.temporal is not None))
    assert parts == [(False, False), (True, False), (True, True)]
    assert network.config == tiny
    logged = rows(tmp_path / "log.csv")
    for row in logged:
        assert (float(row["identity"]) > 0) == (row["stage"] != "stills")
        assert (float(row["jitter"]) > 0) == (row["stage"] == "clips")
    validated = rows(tmp_path / "validation.csv")
    assert [row["clip_nme"] != "" for row in validated] == [False, False, True]
    assert all(float(row["nme_detection7"]) > 0 for row in validated)


def test_a_stage_goes_on_from_what_the_one_before_learned(
    tiny: REDNetConfig, faces: list[LabelledFace], tmp_path: Path
) -> None:
    run = run_of(tiny, (STILLS, IDENTITY, CLIPS), faces, tmp_path)
    run.run(only_stage="identity")
    learned = {name: tensor.clone() for name, tensor in run.learner.known().items()}
    run._enter(2)
    begun = run.learner.network.state_dict()
    assert learned.keys() - begun.keys() == {"classifier.linear.weight", "classifier.linear.bias"}
    for name in learned.keys() & begun.keys():
        torch.testing.assert_close(begun[name], learned[name], rtol=0, atol=0, msg=name)
    torch.testing.assert_close(run.learner.classifier.linear.weight, learned["classifier.linear.weight"])


@pytest.mark.parametrize(
    ("kind", "optimizer"), [("stills", "sgd"), ("stills", "adamw"), ("identity", "adamw"), ("clips", "adamw")]
)
def test_a_run_that_is_stopped_and_resumed_ends_alike(
    tiny: REDNetConfig, faces: list[LabelledFace], tmp_path: Path, kind: StageKind, optimizer: str
) -> None:
    stage = {"stills": STILLS, "identity": IDENTITY, "clips": CLIPS}[kind]
    losses = replace(stage.losses, balance={"detection": 1, "regression": 10})
    stages = (replace(stage, optimizer=optimizer, schedule="plateau", patience=1, losses=losses),)
    if kind == "stills":
        stages += (replace(IDENTITY, name="more"),)
    whole = run_of(tiny, stages, faces, tmp_path / "whole")
    whole.run()
    halted = run_of(tiny, stages, faces, tmp_path / "halted")
    step, done = halted.learner.step, []

    def interrupted(*arguments: object) -> torch.Tensor:
        if len(done) == 5:
            raise KeyboardInterrupt
        done.append(1)
        return step(*arguments)

    halted.learner.step = interrupted
    with pytest.raises(KeyboardInterrupt):
        halted.run()
    resumed = run_of(tiny, stages, faces, tmp_path / "halted")
    resumed.resume()
    assert 0 < resumed.progress.step <= 5
    resumed.run()
    assert rows(tmp_path / "whole" / "log.csv") == rows(tmp_path / "halted" / "log.csv")
    assert rows(tmp_path / "whole" / "validation.csv") == rows(tmp_path / "halted" / "validation.csv")
    for name, tensor in whole.learner.average.state_dict().items():
        torch.testing.assert_close(resumed.learner.average.state_dict()[name], tensor, rtol=0, atol=0, msg=name)


def test_identities_are_learned(tiny: REDNetConfig, faces: list[LabelledFace], tmp_path: Path) -> None:
    only = LossWeights(detection=0, regression=0, points=0, identity=1)
    stage = replace(IDENTITY, images=320, batch=8, learning_rate=1e-2, warmup_images=40, losses=only, augmentation=CALM)
    run_of(tiny, (stage,), faces, tmp_path, log_every_images=80, evaluate_every_images=640).run()
    losses = [float(row["identity"]) for row in rows(tmp_path / "log.csv")]
    assert losses[0] == pytest.approx(1.386, abs=0.3)  # four people: ln 4
    assert losses[-1] < 0.85 * losses[0]


def test_clips_are_learned(tiny: REDNetConfig, faces: list[LabelledFace], tmp_path: Path) -> None:
    stage = replace(CLIPS, images=240, batch=4, learning_rate=5e-3, warmup_images=40, freeze_norm=False)
    run_of(tiny, (stage,), faces, tmp_path, log_every_images=60, evaluate_every_images=240).run()
    logged = rows(tmp_path / "log.csv")
    assert float(logged[-1]["regression"]) < float(logged[0]["regression"])
    assert float(logged[-1]["detection"]) < 0.95 * float(logged[0]["detection"])


def test_clips_keep_the_statistics_of_batch_norm(tiny: REDNetConfig, faces: list[LabelledFace], tmp_path: Path) -> None:
    for freeze, same in ((None, True), (False, False)):
        run = run_of(tiny, (replace(CLIPS, freeze_norm=freeze),), faces, tmp_path / str(freeze))
        before = run.learner.network.body.c0[1].running_mean.clone()
        run.run()
        assert torch.equal(run.learner.network.body.c0[1].running_mean, before) == same


def test_given_weights_wait_for_the_stage_that_needs_them(
    tiny: REDNetConfig, faces: list[LabelledFace], tmp_path: Path
) -> None:
    first = run_of(tiny, (CLIPS,), faces, tmp_path / "first")
    first.run()
    given = weights.load(tmp_path / "first" / "weights.safetensors")[0].state_dict()
    run = run_of(tiny, (STILLS, CLIPS), faces, tmp_path / "second")
    run.begin_from(tmp_path / "first" / "weights.safetensors")
    run.run(only_stage="stills")
    resumed = run_of(tiny, (STILLS, CLIPS), faces, tmp_path / "second")
    resumed.resume()
    resumed._enter(1)
    temporal = {name: tensor for name, tensor in resumed.learner.network.state_dict().items() if "temporal" in name}
    assert temporal
    for name, tensor in temporal.items():
        torch.testing.assert_close(tensor, given[name], rtol=0, atol=0, msg=name)


def test_people_that_are_missing_are_named(tiny: REDNetConfig, make_faces: Callable[..., Path], tmp_path: Path) -> None:
    nameless = read_labels(make_faces(20))
    with pytest.raises(InputError, match="stage identity: the labels do not name two people"):
        run_of(tiny, (IDENTITY,), nameless, tmp_path).run()
    run_of(tiny, (CLIPS,), nameless, tmp_path).run()  # clips don't need names


def test_losses_that_are_no_numbers_end_the_run(tiny: REDNetConfig, faces: list[LabelledFace], tmp_path: Path) -> None:
    run = run_of(tiny, (STILLS,), faces, tmp_path)
    with torch.no_grad():
        run.learner.network.heads["detection"].weight.fill_(torch.nan)
    with pytest.raises(InputError, match="no longer finite: lower the learning rate"):
        run.run()


def test_seven_landmarks_have_no_clips(tiny: REDNetConfig, faces: list[LabelledFace], tmp_path: Path) -> None:
    detection = replace(tiny, steps=("detection",))
    with pytest.raises(InputError, match="last step is a regression"):
        run_of(detection, (CLIPS,), faces, tmp_path).run()
    run_of(detection, (STILLS,), faces, tmp_path).run()
    (row,) = rows(tmp_path / "validation.csv")
    assert float(row["nme_detection7"]) > 0
