"""Clips are followed as the tracker follows faces: own crops, state carried, lost faces looked for anew."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from rednet_ros.landmarks import DETECTION_INDICES
from rednet_ros.network import heatmaps
from rednet_ros.network.config import REDNetConfig
from rednet_ros.network.rednet import REDNet, REDNetOutput
from rednet_ros.tracking.crops import CropTransform
from rednet_ros.training.clip_losses import ClipLosses, follow
from rednet_ros.training.clips import ClipBatch, ClipBatches
from rednet_ros.training.config import ClipSettings, StageConfig
from rednet_ros.training.datasets.labels import read_labels
from rednet_ros.training.datasets.pool import FacePool
from rednet_ros.training.losses import IdentityClassifier

T = 5
STAGE = StageConfig(
    "c", kind="clips", crop_px=64, images=600, batch=2, mix={"made": 1.0}, clips=ClipSettings(frames=T, vanish=0)
)


@pytest.fixture(scope="module")
def batch(make_faces: Callable[..., Path]) -> ClipBatch:
    pool = FacePool(read_labels(make_faces(8, people=4)))
    return ClipBatches(pool, STAGE, (1,), 2)[0]


class Oracle(REDNet):
    """Knows where the landmarks are, wherever its crop lies, up to an error; remembers what it was asked."""

    def __init__(self, config: REDNetConfig, batch: ClipBatch, wrong: dict[int, float] | None = None) -> None:
        super().__init__(config)
        self.batch, self.wrong = batch, wrong or {}
        self.time, self.states, self.previous_px = 0, [], []

    def draw_z0(self, previous_px: torch.Tensor) -> torch.Tensor:
        self.previous_px.append(previous_px.numpy())
        return super().draw_z0(previous_px)

    def forward(self, crops, z0, state=None, previous_px=None):
        self.states.append(None if state is None else state[0].detach().clone())
        points = torch.from_numpy(
            np.stack([CROPS[face].to_crop(self.batch.points_px[face, self.time]) for face in range(2)])
        )
        points = points + self.wrong.get(self.time, 0.0)
        major = points[:, list(DETECTION_INDICES)]
        discs = heatmaps.draw_discs(major, self.config.map_px, 3.0)
        maps = heatmaps.draw_gaussians(points, self.config.map_px, self.config.cells(self.config.sigma_px))
        self.time += 1
        new = (torch.full((2, 256), float(self.time)), torch.zeros(2, 256))
        return REDNetOutput(((discs - 0.5) * 20, maps), new, torch.zeros(2, 256))


CROPS: list[CropTransform] = []
"""Of the frame that the oracle is asked about: it cannot be told otherwise."""


@pytest.fixture
def seen_crops(monkeypatch: pytest.MonkeyPatch) -> list[list[CropTransform]]:
    """The crops of every frame, in order."""
    from rednet_ros.training import clip_losses

    seen: list[list[CropTransform]] = []
    original = clip_losses._look

    def look(network, batch, time, tracks, state):
        CROPS[:] = tracks.crops
        seen.append(list(tracks.crops))
        return original(network, batch, time, tracks, state)

    monkeypatch.setattr(clip_losses, "_look", look)
    return seen


def linear(tiny: REDNetConfig) -> REDNetConfig:
    return replace(tiny, regression_maps="linear")


def test_crops_follow_the_networks_own_landmarks(tiny: REDNetConfig, batch: ClipBatch, seen_crops: list) -> None:
    oracle = Oracle(linear(tiny), batch)
    followed = follow(oracle, batch)
    assert not followed.held[:, 0].any()
    assert followed.held[:, 1:].all()
    for face in range(2):
        x, y, side_px, _ = batch.detected[face, 0]
        assert (*seen_crops[0][face].center_px, seen_crops[0][face].side_px) == pytest.approx((x, y, side_px))
        for time in range(1, T):
            expected = CropTransform.from_landmarks(followed.found_px[face, time - 1], 64)
            np.testing.assert_allclose(seen_crops[time][face].matrix(), expected.matrix(), rtol=1e-5)
    # z0: the mean shape on the first frame, then the previous landmarks in the new crop.
    assert np.isnan(oracle.previous_px[0]).all()
    again = seen_crops[2][1].to_crop(followed.found_px[1, 1][list(DETECTION_INDICES)])
    np.testing.assert_allclose(oracle.previous_px[2][1], again, atol=1e-4)


def test_the_state_passes_on_and_errors_are_small_where_the_network_is_right(
    tiny: REDNetConfig, batch: ClipBatch, seen_crops: list
) -> None:
    oracle = Oracle(linear(tiny), batch)
    followed = follow(oracle, batch)
    assert [float(state[0, 0]) for state in oracle.states] == [0, 1, 2, 3, 4]
    assert followed.errors.abs().mean() < 0.5
    alone = Oracle(linear(tiny), batch)
    follow(alone, batch, remember=False)
    assert [float(state[0, 0]) for state in alone.states] == [0] * T


def test_a_lost_face_is_looked_for_anew_without_a_past(tiny: REDNetConfig, batch: ClipBatch, seen_crops: list) -> None:
    oracle = Oracle(linear(tiny), batch, wrong={1: 25.0})
    followed = follow(oracle, batch)
    assert followed.held[0].tolist() == [False, True, False, True, True]
    assert np.isnan(oracle.previous_px[2]).all()
    assert [float(state[0, 0]) for state in oracle.states] == [0, 1, 0, 3, 4]
    x, y, side_px, _ = batch.detected[0, 2]
    assert (*seen_crops[2][0].center_px, seen_crops[2][0].side_px) == pytest.approx((x, y, side_px))


def test_a_hidden_face_keeps_its_place_and_state_and_has_empty_targets(
    tiny: REDNetConfig, batch: ClipBatch, seen_crops: list
) -> None:
    shown = batch.shown.copy()
    shown[:, 2] = False
    hidden = replace(batch, shown=shown)
    oracle = Oracle(linear(tiny), hidden)
    followed = follow(oracle, hidden)
    assert [float(state[0, 0]) for state in oracle.states] == [0, 1, 2, 2, 4]
    assert seen_crops[3][0] == seen_crops[2][0]
    assert not followed.valid[:, 2].any()
    assert followed.errors[:, 2].abs().max() == 0
    assert followed.losses[2, 0] > followed.losses[1, 0]  # it claims a face where there is none
    assert followed.losses[2, 2] == 0


def test_the_last_frames_loss_reaches_the_first_through_the_state(
    tiny: REDNetConfig, batch: ClipBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rednet_ros.training.clip_losses.LOST", 1e6)  # an untrained network would lose the face
    network = REDNet(replace(tiny, temporal="replace"))
    inputs = []

    def keep(_: object, __: object, output: torch.Tensor) -> None:
        output.retain_grad()
        inputs.append(output)

    network.temporal.squeeze.register_forward_hook(keep)
    followed = follow(network, batch)
    followed.losses[-1].sum().backward()
    assert len(inputs) == 2 * T
    assert all(each.grad.abs().sum() > 0 for each in inputs)  # through all K x T steps


def test_every_frame_has_losses_and_they_teach_every_part(tiny: REDNetConfig, batch: ClipBatch) -> None:
    network, classifier = REDNet(tiny), IdentityClassifier(4, seed=1)
    losses = ClipLosses(network, classifier)(batch)
    assert losses.shape == (5,)
    assert (losses > 0).all()
    losses.sum().backward()
    for part in (network.body, network.heads, network.temporal.expand, network.identity, classifier):
        assert all(parameter.grad.abs().sum() > 0 for parameter in part.parameters() if parameter.dim() > 1)


def test_jitter_is_the_acceleration_of_the_error(tiny: REDNetConfig, batch: ClipBatch, seen_crops: list) -> None:
    def jitter(wrong: dict[int, float]) -> float:
        return float(ClipLosses(Oracle(linear(tiny), batch, wrong), None)(batch)[4])

    exact, constant, drifting = jitter({}), jitter(dict.fromkeys(range(T), 2.0)), jitter({t: 0.5 * t for t in range(T)})
    shaking = jitter({time: 1.0 * (time % 2) for time in range(T)})
    assert constant < exact + 0.15
    assert drifting < exact + 0.15
    assert shaking > exact + 0.5


def test_a_direct_network_goes_the_short_way_where_the_frame_before_held_the_face(
    tiny: REDNetConfig, batch: ClipBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = REDNet(replace(tiny, backbone="mobile", direct=True)).eval()
    ways, forward = [], network.forward

    def recorded(*arguments: object, direct: torch.Tensor) -> REDNetOutput:
        ways.append(direct.tolist())
        return forward(*arguments, direct=direct)

    monkeypatch.setattr(network, "forward", recorded)
    with torch.no_grad():
        followed = follow(network, batch)
    assert ways == followed.held.T.tolist()
    assert ways[0] == [False, False]


def in_burst(batch: ClipBatch, *frames: int) -> ClipBatch:
    burst = batch.burst.copy()
    burst[:, list(frames)] = True
    return replace(batch, burst=burst)


def test_a_face_that_a_burst_hides_keeps_its_place_and_state_until_it_is_over(
    tiny: REDNetConfig, batch: ClipBatch, seen_crops: list
) -> None:
    hidden = in_burst(batch, 1, 2)
    oracle = Oracle(linear(tiny), hidden, wrong={1: 25.0, 2: 25.0, 3: 25.0})
    followed = follow(oracle, hidden)
    assert seen_crops[1][0] == seen_crops[2][0] == seen_crops[3][0]
    assert [float(state[0, 0]) for state in oracle.states] == [0, 1, 1, 1, 0]  # the detector finds it behind the burst
    assert followed.held[0].tolist() == [False, True, False, False, False]
    assert followed.valid[:, 1].any()
    assert followed.losses[1, 2] > followed.losses[0, 2]  # it has to be found


def test_frames_in_bursts_count_by_their_weight(tiny: REDNetConfig, batch: ClipBatch, seen_crops: list) -> None:
    hidden = in_burst(batch, 1)
    by_weight = {
        weight: ClipLosses(Oracle(linear(tiny), hidden, wrong={1: 6.0}), None, weight)(hidden)[2].item()
        for weight in (1.0, 3.0)
    }
    losses = follow(Oracle(linear(tiny), hidden, wrong={1: 6.0}), hidden).losses[:, 2]
    assert by_weight[1.0] == pytest.approx(losses.mean().item(), rel=1e-5)
    assert by_weight[3.0] == pytest.approx(((losses.sum() + 2 * losses[1]) / (T + 2)).item(), rel=1e-5)


def test_a_disturbance_moves_z0_alone(tiny: REDNetConfig, batch: ClipBatch, seen_crops: list) -> None:
    disturbance = np.zeros_like(batch.disturbance)
    disturbance[:, 2] = 0.05
    plain, disturbed = Oracle(linear(tiny), batch), Oracle(linear(tiny), replace(batch, disturbance=disturbance))
    follow(plain, plain.batch)
    follow(disturbed, disturbed.batch)
    by_frame = [
        np.nanmean(new - old) for new, old in zip(disturbed.previous_px[1:], plain.previous_px[1:], strict=True)
    ]
    assert by_frame == pytest.approx([0, 0.05 * 64, 0, 0], abs=1e-4)


def test_a_spatial_memory_is_carried_to_the_next_crop(tiny: REDNetConfig, batch: ClipBatch, monkeypatch) -> None:
    monkeypatch.setattr("rednet_ros.training.clip_losses.LOST", 1e6)  # an untrained network would lose the face
    network = REDNet(replace(tiny, backbone="mobile", temporal="spatial")).eval()
    motions, seen_from = [], network.seen_from

    def recorded(state, motion):
        motions.append(motion)
        return seen_from(state, motion)

    monkeypatch.setattr(network, "seen_from", recorded)
    followed = follow(network, batch)
    followed.losses[-1].sum().backward()
    assert network.temporal.gate.weight.grad.abs().sum() > 0
    first = CropTransform(tuple(batch.detected[0, 0, :2].tolist()), float(batch.detected[0, 0, 2]), 0.0, 64)
    second = CropTransform.from_landmarks(followed.found_px[0, 0], 64)
    np.testing.assert_allclose(motions[0][0].numpy(), second.seen_from(first), rtol=1e-4, atol=1e-5)
