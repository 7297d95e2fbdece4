import copy

import pytest
import torch
from torch import nn

from rednet_ros.training.muon import Muon, orthogonalised


@pytest.mark.parametrize("shape", [(6, 20), (20, 6), (8, 8), (2, 2, 5, 9)])
def test_steps_have_singular_values_near_one(shape):
    gradient = torch.randn(shape) * torch.logspace(0, -2, shape[-1])
    values = torch.linalg.svdvals(orthogonalised(gradient))
    assert values.min() > 0.3
    assert values.max() < 1.3


def test_zero_stays_zero():
    assert torch.equal(orthogonalised(torch.zeros(4, 7)), torch.zeros(4, 7))


def test_a_step_does_not_depend_on_the_gradients_size_and_follows_its_direction():
    steps = []
    for scale in (1.0, 1000.0):
        layer = nn.Conv2d(8, 4, 3, bias=False)
        torch.nn.init.zeros_(layer.weight)
        torch.manual_seed(1)
        layer.weight.grad = torch.randn(4, 8, 3, 3) * scale
        Muon(layer.parameters(), lr=0.01, weight_decay=0.0).step()
        steps.append(layer.weight.detach().clone())
        assert (layer.weight * layer.weight.grad).sum() < 0
    torch.testing.assert_close(steps[0], steps[1], rtol=1e-3, atol=1e-6)
    assert 0.5 < steps[0].square().mean().sqrt() / (0.01 * 0.2) < 1.5  # the size of Adam's


def test_weights_decay_and_vectors_do_not():
    layer = nn.Linear(4, 4)
    before = layer.weight.detach().clone(), layer.bias.detach().clone()
    for parameter in layer.parameters():
        parameter.grad = torch.zeros_like(parameter)
    Muon(layer.parameters(), lr=0.1, weight_decay=0.5).step()
    torch.testing.assert_close(layer.weight, before[0] * 0.95)
    assert torch.equal(layer.bias, before[1])


def test_a_resumed_optimiser_takes_the_same_steps():
    def gradients(layer: nn.Module, seed: int) -> None:
        torch.manual_seed(seed)
        for parameter in layer.parameters():
            parameter.grad = torch.randn_like(parameter)

    layer = nn.ConvTranspose2d(6, 4, 2, 2)
    optimizer = Muon(layer.parameters(), 0.01, 0.01)
    gradients(layer, 1)
    optimizer.step()
    twin = nn.ConvTranspose2d(6, 4, 2, 2)
    twin.load_state_dict(layer.state_dict())
    resumed = Muon(twin.parameters(), 0.01, 0.01)
    resumed.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for each, chosen in ((layer, optimizer), (twin, resumed)):
        gradients(each, 2)
        chosen.step()
    for first, second in zip(layer.parameters(), twin.parameters(), strict=True):
        assert torch.equal(first, second)
