import math

import pytest
import torch

from rednet_ros.network.heatmaps import draw_discs, draw_gaussians
from rednet_ros.network.losses import FOREGROUND_WEIGHT, detection_loss, point_loss, regression_loss


def test_foreground_weighs_fifteen():
    assert FOREGROUND_WEIGHT == 15


def test_detection_of_one_pixel_in_four():
    target = torch.tensor([[[[1.0, 0.0], [0.0, 0.0]]]])
    # Undecided everywhere: ln 2 a pixel, the foreground one fifteen times.
    assert detection_loss(torch.zeros(1, 1, 2, 2), target).item() == pytest.approx((15 + 3) / 4 * math.log(2))


def test_detection_is_the_papers_cross_entropy():
    logits, target = torch.randn(2, 7, 8, 8), (torch.rand(2, 7, 8, 8) > 0.8).float()
    probability = torch.sigmoid(logits)
    pixels = -(15 * target * probability.log() + (1 - target) * (1 - probability).log())
    torch.testing.assert_close(detection_loss(logits, target), pixels.mean())


def test_a_missed_peak_costs_fifteen_times_a_false_one():
    peak, nothing = torch.ones(1, 1, 1, 1), torch.zeros(1, 1, 1, 1)
    assert regression_loss(nothing, peak).item() == pytest.approx(15)
    assert regression_loss(peak, nothing).item() == pytest.approx(1)


def test_a_gaussians_skirt_is_background():
    target = draw_gaussians(torch.tensor([[[32.5, 32.5]]]), 32, 1.5)
    cost = ((regression_loss(target + 0.1, target) - 0.01) / (14 * 0.01)).item()  # share of foreground pixels
    visible = math.pi * 2 * 1.5**2 * math.log(1 / 0.05) / 32**2  # the disc on which the Gaussian exceeds 0.05
    assert cost == pytest.approx(visible, rel=0.15)


def test_perfect_maps_cost_nothing():
    points = torch.rand(2, 68, 2) * 60
    gaussians = draw_gaussians(points, 32, 1.25)
    assert regression_loss(gaussians, gaussians).item() == 0
    discs = draw_discs(points[:, :7], 32, 2.5)
    assert detection_loss((discs * 2 - 1) * 40, discs).item() == pytest.approx(0, abs=1e-6)


def test_crops_without_a_face_teach_silence():
    nothing = draw_gaussians(torch.full((2, 68, 2), torch.nan), 32, 1.25)
    maps = torch.full((2, 68, 32, 32), 0.5, requires_grad=True)
    logits = torch.zeros(2, 7, 32, 32, requires_grad=True)
    loss = regression_loss(maps, nothing) + detection_loss(logits, nothing[:, :7])
    assert loss.item() == pytest.approx(0.25 + math.log(2))
    loss.backward()
    assert (maps.grad > 0).all()
    assert (logits.grad > 0).all()


def test_point_loss_is_zero_at_the_truth_and_steep_near_it():
    truth = torch.rand(2, 68, 2)
    assert point_loss(truth, truth, 0.5).item() == 0
    assert point_loss(truth + 0.5, truth, 0.5).item() == pytest.approx(math.log(2), rel=1e-5)
    near, far = (point_loss(truth + error, truth, 0.5).item() for error in (0.1, 10.0))
    assert near / 0.1 > 5 * far / 10
