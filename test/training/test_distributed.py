"""Two processes train as one with batches of both; a killed run goes on as if nothing had been."""

import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file

from rednet_ros.errors import InputError
from rednet_ros.network.config import REDNetConfig
from rednet_ros.training.batches import StillBatches
from rednet_ros.training.config import TrainConfig, read_config
from rednet_ros.training.datasets.labels import read_labels
from rednet_ros.training.datasets.splits import split
from rednet_ros.training.distributed import Team
from rednet_ros.training.learner import GRADIENT_LIMIT
from rednet_ros.training.losses import StillLosses
from rednet_ros.training.schedule import Plateau, learning_rate
from rednet_ros.training.trainer import Trainer

STAGES = {
    "stills": {"images": 12, "batch": 4, "mix": {"made": 1.0}, "optimizer": "sgd", "learning_rate": 0.1},
    "identity": {"images": 16, "batch": 4, "mix": {"made": 1.0}},
    "clips": {"images": 32, "batch": 2, "mix": {"made": 1.0}, "clips": {"frames": 4}},
}


def write_config(folder: Path, tiny: REDNetConfig, *names: str, **settings: int) -> Path:
    stages = [{"name": name, "kind": name, "crop_px": 64, **STAGES[name]} for name in names]
    network = {**asdict(tiny), "steps": list(tiny.steps)}
    values = {"name": "t", "license": "none", "data": "drawn", "network": network, "stages": stages, **settings}
    path = folder / "run.yaml"
    path.write_text(yaml.safe_dump(values))
    return path


def command(config: Path, labels: Path, output: Path, *more: str) -> list[str]:
    arguments = ["--data", str(labels), "--output", str(output), "--device", "cpu", "--threads", "1", *more]
    return [sys.executable, "-m", "rednet_ros.cli.train", str(config), *arguments]


def finish(arguments: list[str]) -> None:
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr


def two_processes_by_hand(config: TrainConfig, labels: Path, folder: Path) -> dict[str, torch.Tensor]:
    """The parameters after a first stage of stills whose gradients are the means of two processes'."""
    training, validation = split(read_labels(labels))
    trainer = Trainer(config, training, validation, folder)
    stage, learner = config.stages[0], trainer.learner
    module = StillLosses(learner.network, None)
    ranks = [StillBatches(trainer.pool, stage, (config.seed, 0, rank), stage.batch // 2) for rank in range(2)]
    factors = torch.tensor([stage.losses.detection, stage.losses.regression, stage.losses.points, 0, 0])
    learner.network.train()
    for step in range(stage.steps):
        learner.optimizer.param_groups[0]["lr"] = learning_rate(stage, step, Plateau())
        learner.optimizer.zero_grad()
        for batches in ranks:
            ((module(batches[step]) * factors).sum() / 2).backward()
        torch.nn.utils.clip_grad_norm_(learner.parameters, GRADIENT_LIMIT)
        learner.optimizer.step()
    return {name: parameter.detach() for name, parameter in learner.network.named_parameters()}


@pytest.mark.slow
def test_two_processes_take_the_steps_of_their_mean_gradients(
    tiny: REDNetConfig, make_faces: Callable[..., Path], tmp_path: Path
) -> None:
    labels = make_faces(24, people=4)
    # As the steps by hand are: "auto" would be bf16 on a CPU that multiplies matrices of it.
    config = write_config(tmp_path, tiny, "stills", "identity", "clips", precision="float32")
    finish(command(config, labels, tmp_path / "two", "--processes", "2", "--workers", "0", "--stage", "stills"))
    expected = two_processes_by_hand(read_config(config), labels, tmp_path / "one")
    found = load_file(tmp_path / "two" / "checkpoint.safetensors")
    for name, parameter in expected.items():
        torch.testing.assert_close(found[f"network.{name}"], parameter, rtol=1e-4, atol=1e-5, msg=name)
    # The other stages run on two processes as well, and go on from a checkpoint of two.
    finish(command(config, labels, tmp_path / "two", "--processes", "2", "--workers", "0", "--resume"))
    rows = list(csv.DictReader((tmp_path / "two" / "log.csv").open()))
    assert [row["stage"] for row in rows] == ["stills", "identity", "clips"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["stills", "identity", "clips"])
def test_a_run_that_is_killed_and_resumed_has_the_same_curve(
    tiny: REDNetConfig, make_faces: Callable[..., Path], tmp_path: Path, kind: str
) -> None:
    labels = make_faces(24, people=4)
    config = write_config(tmp_path, tiny, kind, log_every_images=8, evaluate_every_images=16, checkpoint_every_images=4)
    text = yaml.safe_load(config.read_text())
    text["stages"][0]["images"] = 48
    config.write_text(yaml.safe_dump(text))
    finish(command(config, labels, tmp_path / "whole"))
    killed = subprocess.Popen(command(config, labels, tmp_path / "killed"), stderr=subprocess.DEVNULL, process_group=0)
    log = tmp_path / "killed" / "log.csv"
    deadline = time.monotonic() + 300
    while not (log.is_file() and len(log.read_text().splitlines()) > 2):
        assert killed.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    assert len(log.read_text().splitlines()) < len((tmp_path / "whole" / "log.csv").read_text().splitlines())
    finish(command(config, labels, tmp_path / "killed", "--resume"))
    for name in ("log.csv", "validation.csv"):
        curves = []
        for run in ("whole", "killed"):
            with (tmp_path / run / name).open() as file:
                curves.append([{**row, "images_per_s": ""} for row in csv.DictReader(file)])
        assert curves[0] == curves[1], name
    whole, resumed = (load_file(tmp_path / run / "weights.safetensors") for run in ("whole", "killed"))
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_a_batch_that_cannot_be_divided_is_refused() -> None:
    assert Team(rank=1, size=4).share(16) == 4
    with pytest.raises(InputError, match="batch of 18 cannot be divided among 4"):
        Team(size=4).share(18)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("kind", ["stills", "identity", "clips"])
def test_every_stage_runs_on_a_gpu(
    tiny: REDNetConfig, make_faces: Callable[..., Path], tmp_path: Path, kind: str
) -> None:
    config = read_config(write_config(tmp_path, tiny, kind))
    training, validation = split(read_labels(make_faces(24, people=4)))
    for precision in ("float32", "auto"):
        team = Team(device=torch.device("cuda", 0))
        Trainer(replace(config, precision=precision), training, validation, tmp_path / precision, team=team).run()
        assert (tmp_path / precision / "weights.safetensors").is_file()
