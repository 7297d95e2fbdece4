import pytest
import torch
from torch.nn import functional as F

from rednet_ros.network.layers import conv_bn_relu, pool_by_comparison, pool_with_switches, unpool

POOLS = pytest.mark.parametrize("pool", [pool_with_switches, pool_by_comparison])


def features(kind: str) -> torch.Tensor:
    if kind == "ties":  # few values: most windows hold their maximum more than once
        return torch.randint(-1, 2, (2, 3, 16, 12)).float()
    if kind == "after_relu":
        return torch.randn(2, 3, 16, 12).relu()
    return torch.randn(2, 3, 16, 12)


@POOLS
@pytest.mark.parametrize("kind", ["distinct", "ties", "after_relu"])
def test_pooling_and_unpooling_are_torchs_own(pool, kind):
    values = features(kind)
    expected, indices = F.max_pool2d(values, 2, return_indices=True)
    pooled, switches = pool(values)
    torch.testing.assert_close(pooled, expected, rtol=0, atol=0)
    # Other values than the maxima go back, as after the bottleneck.
    changed = torch.randn_like(expected)
    torch.testing.assert_close(unpool(changed, switches), F.max_unpool2d(changed, indices, 2), rtol=0, atol=0)


def test_the_first_of_equal_maxima_is_kept():
    pooled, switches = pool_by_comparison(torch.ones(1, 1, 4, 4))
    assert switches[0, 0].tolist() == [[1, 0, 1, 0], [0, 0, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]]
    assert pooled.unique().tolist() == [1]


@POOLS
def test_one_cell_of_each_window_is_filled(pool):
    _, switches = pool(torch.randn(1, 2, 8, 8))
    filled = unpool(torch.ones(1, 2, 4, 4), switches)
    windows = filled.reshape(1, 2, 4, 2, 4, 2).sum(dim=(3, 5))
    assert (windows == 1).all()


@POOLS
def test_gradients_are_torchs_own(pool):
    ours = torch.randn(1, 2, 8, 8, requires_grad=True)
    theirs = ours.detach().clone().requires_grad_()
    weight = torch.randn(1, 2, 8, 8)
    pooled, switches = pool(ours)
    (unpool(pooled * 2, switches) * weight).sum().backward()
    pooled, indices = F.max_pool2d(theirs, 2, return_indices=True)
    (F.max_unpool2d(pooled * 2, indices, 2) * weight).sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad)


@pytest.mark.parametrize(("kernel", "stride", "side"), [(1, 1, 16), (3, 1, 16), (3, 2, 8), (7, 2, 8)])
def test_convolutions_keep_the_size_over_the_stride(kernel, stride, side):
    block = conv_bn_relu(3, 5, kernel, stride)
    result = block(torch.randn(2, 3, 16, 16))
    assert result.shape == (2, 5, side, side)
    assert (result >= 0).all()
