"""Networks of the paper's comparisons: one step, detection last, own weights for every step (tables 6 and 7)."""

from pathlib import Path

import pytest
import torch

from rednet_ros.errors import WeightsError
from rednet_ros.inference.engine import LandmarkEngine
from rednet_ros.landmarks import DETECTION_INDICES
from rednet_ros.network import heatmaps, weights
from rednet_ros.network.config import REDNetConfig
from rednet_ros.network.rednet import REDNet, read_step

SMALL = {"backbone": "resnet14", "width": 0.0625, "crop_px": 64, "temporal": "none", "identity": False}


def build(*steps: str, **settings: object) -> REDNet:
    return REDNet(REDNetConfig(**{**SMALL, "steps": steps, **settings})).eval()


def run(network: REDNet) -> tuple[torch.Tensor, ...]:
    with torch.no_grad():
        return network(torch.randn(2, 3, 64, 64), torch.zeros(2, 7, 32, 32)).steps


@pytest.mark.parametrize(
    ("steps", "channels"),
    [
        (("detection",), [7]),
        (("regression",), [68]),
        (("detection", "detection"), [7, 7]),
        (("detection", "regression", "regression"), [7, 68, 68]),
    ],
)
@pytest.mark.parametrize("shared_steps", [True, False])
def test_every_sequence_of_steps_gives_its_maps(
    steps: tuple[str, ...], channels: list[int], shared_steps: bool
) -> None:
    network = build(*steps, shared_steps=shared_steps)
    maps = run(network)
    assert [each.shape[1] for each in maps] == channels
    assert read_step(maps[-1], steps[-1], network.config)[0].shape == (2, channels[-1], 2)


def test_a_cascade_has_twice_the_encoder_decoder_and_a_one_step_network_one_head() -> None:
    shared, cascade = build("detection", "regression"), build("detection", "regression", shared_steps=False)

    def size(network: REDNet) -> int:
        return sum(parameter.numel() for parameter in network.parameters())

    body = sum(parameter.numel() for parameter in shared.body.parameters())
    assert size(cascade) == size(shared) + body
    assert set(build("regression").heads) == {"regression"}


def test_the_steps_of_a_cascade_are_trained_apart() -> None:
    network = build("detection", "regression", shared_steps=False)
    network(torch.randn(1, 3, 64, 64), torch.zeros(1, 7, 32, 32)).steps[0].sum().backward()
    assert all(parameter.grad is None for parameter in network.later_bodies.parameters())
    assert network.body.c1[0].residual[0][0].weight.grad.abs().sum() > 0


def test_seven_landmarks_are_read_at_the_centres_of_the_discs() -> None:
    config = REDNetConfig(**{**SMALL, "steps": ("detection",), "radius_px": 20.0})
    points = 16 + 32 * torch.rand(3, len(DETECTION_INDICES), 2)
    discs = heatmaps.draw_discs(points, config.map_px, config.cells(config.radius_px))
    found, confidence = read_step(20 * (discs - 0.5), "detection", config)
    assert (found - points).norm(dim=2).mean() < 0.5
    assert (confidence > 0.99).all()


def test_a_cascade_survives_its_weights_file(tmp_path: Path) -> None:
    network = build("detection", "regression", shared_steps=False)
    weights.save(tmp_path / "w.safetensors", network, weights.WeightsInfo("w", "none", "none"))
    again, _ = weights.load(tmp_path / "w.safetensors")
    assert not again.config.shared_steps
    for name, tensor in network.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], tensor)


def test_tracking_refuses_a_network_that_finds_seven_landmarks() -> None:
    with pytest.raises(WeightsError, match="7 landmarks only"):
        LandmarkEngine.of_network(build("detection"), weights.WeightsInfo("half", "none", "none"))
