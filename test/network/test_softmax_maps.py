"""The form in which a regression step's maps are distributions (`regression_maps="softmax"`)."""

import pytest
import torch

from rednet_ros.network.config import REDNetConfig
from rednet_ros.network.heatmaps import decode_mean, draw_gaussians, spatial_softmax
from rednet_ros.network.losses import distribution_loss
from rednet_ros.network.rednet import read_step

SIGMA_CELLS = 1.5


def peaks(faces: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    """Points well inside a 96-pixel crop, and the logarithms of their Gaussians, which a trained network puts out."""
    points = torch.rand(faces, 68, 2) * 60 + 18
    return points, torch.log(draw_gaussians(points, 48, SIGMA_CELLS) + 1e-9) / 10


def test_a_fitted_peak_has_height_one_and_the_points_place():
    points, raw = peaks()
    maps = spatial_softmax(raw, SIGMA_CELLS)
    found, confidence = decode_mean(maps)
    assert (found - points).norm(dim=2).max() < 0.1
    assert confidence.min() > 0.75
    torch.testing.assert_close(maps, draw_gaussians(points, 48, SIGMA_CELLS), rtol=0, atol=0.01)


def test_spread_maps_are_in_the_middle_with_little_confidence():
    found, confidence = decode_mean(spatial_softmax(torch.zeros(1, 68, 48, 48), SIGMA_CELLS))
    torch.testing.assert_close(found, torch.full((1, 68, 2), 47.5))
    assert confidence.max() < 0.01


def test_confidence_stays_between_0_and_1():
    _, confidence = decode_mean(spatial_softmax(torch.randn(2, 68, 16, 16) * 10, SIGMA_CELLS))
    assert ((confidence >= 0) & (confidence <= 1)).all()


def test_gradients_pull_the_whole_map():
    raw = torch.randn(1, 1, 16, 16, requires_grad=True)
    points, _ = decode_mean(spatial_softmax(raw, SIGMA_CELLS))
    points[0, 0, 0].backward()
    assert (raw.grad != 0).all()
    assert raw.grad[..., -1].sum() > 0 > raw.grad[..., 0].sum()


def test_the_loss_is_least_at_the_target():
    points, raw = peaks()
    target = draw_gaussians(points, 48, SIGMA_CELLS)
    fitted = distribution_loss(spatial_softmax(raw, SIGMA_CELLS), target)
    moved = distribution_loss(spatial_softmax(raw.roll(2, dims=3), SIGMA_CELLS), target)
    wider = distribution_loss(spatial_softmax(raw / 2, SIGMA_CELLS), target)
    assert fitted < moved
    assert fitted < wider


def test_crops_without_a_face_ask_for_even_maps():
    nothing = torch.zeros(1, 68, 16, 16)
    even = distribution_loss(spatial_softmax(torch.zeros(1, 68, 16, 16), SIGMA_CELLS), nothing)
    peaked = distribution_loss(spatial_softmax(torch.randn(1, 68, 16, 16), SIGMA_CELLS), nothing)
    assert torch.isfinite(peaked)
    assert even < peaked


def test_the_config_chooses_the_reading(small_network):
    network = small_network(regression_maps="softmax")
    maps = network(torch.randn(1, 3, 64, 64), torch.rand(1, 7, 32, 32)).steps[-1]
    assert maps.min() >= 0
    for found, expected in zip(read_step(maps, "regression", network.config), decode_mean(maps), strict=True):
        assert torch.equal(found, expected)
    with pytest.raises(ValueError, match="linear or softmax"):
        REDNetConfig(regression_maps="none")
