"""Folding batch norm changes no result."""

import pytest
import torch

from rednet_ros.inference.folding import fold_batch_norm
from rednet_ros.network.config import REDNetConfig
from rednet_ros.network.rednet import REDNet


@pytest.mark.parametrize("backbone", ["vgg", "resnet14"])
def test_the_output_stays_and_no_batch_norm_is_left(backbone):
    torch.manual_seed(0)
    network = REDNet(REDNetConfig(backbone, 0.125, 64)).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
            torch.nn.init.uniform_(module.weight, 0.5, 2)
            torch.nn.init.normal_(module.bias)
    inputs = torch.randn(2, 3, 64, 64), torch.rand(2, 7, 32, 32)
    with torch.no_grad():
        before = network(*inputs)
        fold_batch_norm(network)
        after = network(*inputs)

    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules())
    torch.testing.assert_close(after.steps[-1], before.steps[-1], rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(after.identity, before.identity, rtol=1e-3, atol=1e-3)
