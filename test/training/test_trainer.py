"""A run learns, stops, resumes exactly, and leaves weights that the engine can load."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from rednet_ros.errors import InputError
from rednet_ros.network import weights
from rednet_ros.network.config import REDNetConfig
from rednet_ros.tracking.mean_shape import MEAN_SHAPE
from rednet_ros.training.config import LossWeights, StageConfig, TrainConfig
from rednet_ros.training.datasets.labels import LabelledFace, is_validation, read_labels
from rednet_ros.training.trainer import Trainer

NETWORK = REDNetConfig(width=0.0625, crop_px=64, temporal="none", identity=False, sigma_px=8.0, radius_px=10.0)
STAGE = StageConfig("first", crop_px=64, images=24, batch=4, mix={"300w_made": 0.9, "background": 0.1})
FACES = {"300w_made": 1.0}
CONFIG = TrainConfig(
    name="tiny", license="none", data="drawn faces", network=NETWORK, stages=(STAGE, replace(STAGE, name="second")),
    log_every_images=8, evaluate_every_images=24, checkpoint_every_images=12,
)  # fmt: skip


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> list[LabelledFace]:
    """Twelve drawn faces in the faces68 format: two of them for validation."""
    folder = tmp_path_factory.mktemp("faces")
    rng = np.random.default_rng(1)
    lines = []
    for number in range(1, 13):
        points = (np.asarray(MEAN_SHAPE) - np.mean(MEAN_SHAPE, axis=0)) / np.ptp(MEAN_SHAPE, axis=0).max()
        points = points * rng.uniform(60, 80) + 80 + rng.normal(0, 4, 2)
        image = np.full((160, 160, 3), rng.integers(60, 120, 3), np.uint8)
        cv2.fillPoly(image, [cv2.convexHull(points.astype(np.int32))], (150, 180, 220))
        for x, y in points:
            cv2.circle(image, (round(x), round(y)), 2, (20, 20, 60), -1)
        cv2.imwrite(str(folder / f"made_{number * 5:03d}.png"), image)
        row = {"image": f"made_{number * 5:03d}.png", "source": "300w_made", "points": points.tolist(), "size": 160}
        lines.append(json.dumps(row))
    (folder / "labels.jsonl").write_text("\n".join(lines))
    return read_labels(folder / "labels.jsonl")


def trainer(config: TrainConfig, faces: list[LabelledFace], folder: Path) -> Trainer:
    torch.set_num_threads(1)
    kept = [face for face in faces if is_validation(face)]
    return Trainer(config, [face for face in faces if not is_validation(face)], kept, folder)


def test_a_run_that_is_stopped_and_resumed_ends_with_the_same_weights(
    faces: list[LabelledFace], tmp_path: Path
) -> None:
    whole = trainer(CONFIG, faces, tmp_path / "whole")
    whole.run()
    halted = trainer(CONFIG, faces, tmp_path / "halted")
    stop_after(halted, steps=4)  # one step past the checkpoint: that step must be done again
    resumed = trainer(CONFIG, faces, tmp_path / "halted")
    resumed.resume()
    assert (resumed.progress.stage_index, resumed.progress.step) == (0, 3)
    resumed.run()
    for name, tensor in whole.learner.average.state_dict().items():
        torch.testing.assert_close(resumed.learner.average.state_dict()[name], tensor, rtol=0, atol=0, msg=name)


def stop_after(run: Trainer, steps: int) -> None:
    class Stopped(Exception):
        pass

    step, done = run.learner.step, []

    def counted(*arguments):
        if len(done) == steps:
            raise Stopped
        done.append(1)
        return step(*arguments)

    run.learner.step = counted
    with pytest.raises(Stopped):
        run.run()


def test_the_losses_of_a_longer_run_fall(faces: list[LabelledFace], tmp_path: Path) -> None:
    stage = replace(STAGE, images=200, batch=8, warmup_images=40, losses=LossWeights(points=0.1))
    trainer(replace(CONFIG, stages=(stage,), log_every_images=40), faces, tmp_path).run()
    rows = list(csv.DictReader((tmp_path / "log.csv").open()))
    assert float(rows[-1]["regression"]) < 0.8 * float(rows[0]["regression"])
    assert float(rows[-1]["detection"]) < 0.95 * float(rows[0]["detection"])


def test_a_run_leaves_weights_with_name_and_licence(faces: list[LabelledFace], tmp_path: Path) -> None:
    trainer(CONFIG, faces, tmp_path).run(only_stage="first")
    network, info = weights.load(tmp_path / "weights.safetensors")
    assert (info.name, info.license, info.data) == ("tiny", "none", "drawn faces")
    assert network.config == NETWORK
    assert len(list(csv.DictReader((tmp_path / "validation.csv").open()))) == 1


def test_a_run_begins_from_given_weights_where_they_fit(faces: list[LabelledFace], tmp_path: Path) -> None:
    first = trainer(CONFIG, faces, tmp_path / "first")
    first.run(only_stage="first")
    given = first.learner.average.state_dict()
    wider = replace(
        CONFIG, network=replace(NETWORK, temporal="residual"), stages=(replace(STAGE, kind="clips", mix=FACES),)
    )
    second = trainer(wider, faces, tmp_path / "second")
    second.begin_from(tmp_path / "first" / "weights.safetensors")
    for started in (second.learner.network.state_dict(), second.learner.average.state_dict()):
        assert given.keys() < started.keys()
        for name, tensor in given.items():
            torch.testing.assert_close(started[name], tensor, rtol=0, atol=0, msg=name)


def test_an_unknown_stage_is_named(faces: list[LabelledFace], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no stage 'third'.*first, second"):
        trainer(CONFIG, faces, tmp_path).run(only_stage="third")


def test_resuming_without_a_checkpoint_says_so(faces: list[LabelledFace], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot resume from .*checkpoint\.safetensors"):
        trainer(CONFIG, faces, tmp_path).resume()


def test_resuming_with_another_network_says_so(faces: list[LabelledFace], tmp_path: Path) -> None:
    trainer(CONFIG, faces, tmp_path).run(only_stage="first")
    other = replace(CONFIG, network=replace(NETWORK, width=0.125))
    with pytest.raises(InputError, match="of another network"):
        trainer(other, faces, tmp_path).resume()


def test_a_mix_with_a_source_that_the_labels_lack_says_so(faces: list[LabelledFace], tmp_path: Path) -> None:
    wrong = replace(CONFIG, stages=(replace(STAGE, mix={"300w_helen": 1.0}),))
    with pytest.raises(InputError, match="no faces of.*300w_helen.*300w_made"):
        trainer(wrong, faces, tmp_path).run()
