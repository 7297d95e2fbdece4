"""A widened network computes what the narrow one did, and can learn more."""

import pytest
import torch

from rednet_ros.network.config import REDNetConfig
from rednet_ros.network.rednet import REDNet
from rednet_ros.training.widening import widen


@pytest.mark.parametrize("backbone", ["vgg", "resnet14", "mobile"])
@pytest.mark.parametrize("shared_steps", [True, False])
def test_the_output_does_not_change(backbone, shared_steps):
    torch.manual_seed(0)
    config = REDNetConfig(backbone, 0.125, 64, shared_steps=shared_steps)
    narrow = REDNet(config)
    for module in narrow.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    torch.nn.init.normal_(narrow.temporal.expand.weight, std=0.1)
    wide = widen(narrow, 0.25)

    crops, z0 = torch.randn(2, 3, 64, 64), torch.rand(2, 7, config.map_px, config.map_px)
    state = torch.randn(2, 256), torch.randn(2, 256)
    with torch.no_grad():
        before, after = narrow.eval()(crops, z0, state), wide.eval()(crops, z0, state)

    assert wide.config.width == 0.25
    for old, new in zip(before.steps, after.steps, strict=True):
        torch.testing.assert_close(new, old, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(after.identity, before.identity, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(after.state, before.state, rtol=1e-4, atol=1e-4)


def test_the_new_channels_receive_gradients():
    wide = widen(REDNet(REDNetConfig("resnet14", 0.125, 64)), 0.25)

    wide(torch.randn(2, 3, 64, 64), torch.rand(2, 7, 32, 32)).steps[-1].square().mean().backward()

    head = wide.heads["regression"].weight
    assert head.grad[:, -1].abs().max() > 0


def test_a_network_is_not_made_narrower():
    with pytest.raises(ValueError, match="channels can only be added"):
        widen(REDNet(REDNetConfig("resnet14", 0.25, 64)), 0.125)
