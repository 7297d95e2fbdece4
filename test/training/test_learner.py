"""One step of learning: seeded, in bf16 too, with an average that follows."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from rednet_ros.errors import InputError
from rednet_ros.network.config import REDNetConfig
from rednet_ros.training.batches import Batch, StillBatches
from rednet_ros.training.clips import ClipBatch, ClipBatches
from rednet_ros.training.config import ClipSettings, StageConfig, TrainConfig
from rednet_ros.training.datasets.labels import read_labels
from rednet_ros.training.datasets.pool import FacePool
from rednet_ros.training.distributed import Team
from rednet_ros.training.learner import Learner

STAGE = StageConfig("s", 64, 100, {"made": 1.0}, kind="identity", batch=4, images_a_person=2)
CLIPS = replace(STAGE, kind="clips", batch=2, clips=ClipSettings(frames=3))


@pytest.fixture(scope="module")
def pool(make_faces: Callable[..., Path]) -> FacePool:
    return FacePool(read_labels(make_faces(12, people=3)))


def learner(network: REDNetConfig, stage: StageConfig, seed: int = 1) -> Learner:
    return Learner(TrainConfig("t", "none", "drawn", network, (stage,), seed=seed), 0, 3, Team(), {})


def batch_of(pool: FacePool, stage: StageConfig) -> Batch | ClipBatch:
    kind = ClipBatches if stage.kind == "clips" else StillBatches
    return kind(pool, stage, (1,), stage.batch)[0]


def test_a_step_depends_on_seed_and_step_alone(tiny: REDNetConfig, pool: FacePool) -> None:
    batch = batch_of(pool, STAGE)  # its identity branch has dropout
    first, again, other = learner(tiny, STAGE), learner(tiny, STAGE), learner(tiny, STAGE, seed=2)
    torch.manual_seed(99)
    results = [each.step(batch, 5, 1e-3) for each in (first, again, other)]
    assert torch.equal(results[0], results[1])
    assert not torch.equal(results[0], results[2])


@pytest.mark.parametrize("backbone", ["vgg", "resnet14", "mobile"])
@pytest.mark.parametrize("stage", [STAGE, CLIPS], ids=["identity", "clips"])
def test_bf16_gives_finite_losses_and_gradients_in_float32(
    tiny: REDNetConfig, pool: FacePool, backbone: str, stage: StageConfig
) -> None:
    each, batch = learner(replace(tiny, backbone=backbone), stage), batch_of(pool, stage)
    exact = each._module(batch)
    each.precision = torch.bfloat16  # as on a GPU that has it; the CPU computes so, too, only slowly
    with each._arithmetic():
        losses = each._module(batch)
    assert losses.dtype == torch.float32
    torch.testing.assert_close(losses[:3], exact[:3], rtol=0.1, atol=0.02)
    losses.sum().backward()
    gradients = [parameter.grad for parameter in each.parameters if parameter.grad is not None]
    assert all(gradient.dtype == torch.float32 and torch.isfinite(gradient).all() for gradient in gradients)


def test_the_average_follows_the_network(tiny: REDNetConfig, pool: FacePool) -> None:
    each, batch = learner(tiny, replace(STAGE, average=0.9)), batch_of(pool, STAGE)
    start = each.network.heads["detection"].bias.detach().clone()
    for step in range(3):
        each.step(batch, 1000 + step, 1e-2)
    now, kept = each.network.heads["detection"].bias, each.average.heads["detection"].bias
    moved, followed = (now - start).abs().mean(), (kept - start).abs().mean()
    assert 0.05 * moved < followed < 0.5 * moved


def test_the_learning_rate_is_the_one_given(tiny: REDNetConfig, pool: FacePool) -> None:
    each, batch = learner(tiny, STAGE), batch_of(pool, STAGE)
    before = [parameter.detach().clone() for parameter in each.parameters]
    each.step(batch, 0, 0.0)
    assert all(torch.equal(old, new) for old, new in zip(before, each.parameters, strict=True))


def test_only_the_parts_named_learn(tiny: REDNetConfig, pool: FacePool) -> None:
    stage = replace(CLIPS, only=("temporal",), images=20)
    each = learner(tiny, stage)
    before = {name: tensor.clone() for name, tensor in each.network.state_dict().items()}
    for step in range(2):
        each.step(batch_of(pool, stage), step, 1e-2)
    changed = {name for name, tensor in each.network.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed
    assert all(name.startswith("temporal.") for name in changed)


def test_a_part_that_is_not_there_cannot_be_the_only_one_to_learn(tiny: REDNetConfig) -> None:
    with pytest.raises(InputError, match="stage s: only names offsets, which this network does not have"):
        learner(tiny, replace(CLIPS, only=("offsets",)))


def test_muon_learns_and_its_steps_are_repeatable(tiny: REDNetConfig, pool: FacePool) -> None:
    batch = batch_of(pool, STAGE)
    runs = []
    for _ in range(2):
        each = learner(tiny, replace(STAGE, optimizer="muon"))
        runs.append(torch.stack([each.step(batch, step, 5e-3) for step in range(6)]))
    assert torch.equal(runs[0], runs[1])
    assert runs[0][-1, 2] < runs[0][0, 2]


def test_a_spatial_memory_learns_alone_and_no_gradient_enters_the_encoder(
    tiny: REDNetConfig, pool: FacePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rednet_ros.training.clip_losses.LOST", 1e6)  # an untrained network would lose the face
    stage = replace(CLIPS, only=("temporal",), images=20)
    each = learner(replace(tiny, backbone="mobile", temporal="spatial", direct=True), stage)
    before = {name: tensor.clone() for name, tensor in each.network.state_dict().items()}
    codes = []
    each.network.body.c4.register_forward_hook(lambda _, __, code: codes.append(code.requires_grad))
    for step in range(2):
        each.step(batch_of(pool, stage), step, 1e-2)
    changed = {name for name, tensor in each.network.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed == {f"temporal.{layer}.{kind}" for layer in ("look", "gate") for kind in ("weight", "bias")}
    assert not any(codes)
