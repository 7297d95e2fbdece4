import math

import pytest
import torch

from rednet_ros.network.config import REDNetConfig
from rednet_ros.network.heatmaps import decode, draw_discs, draw_gaussians, read_at, to_cells, to_pixels

CONFIGS = {
    "paper": REDNetConfig(),
    "lite": REDNetConfig(crop_px=96, sigma_px=8.0),
    "small": REDNetConfig(crop_px=64, sigma_px=8.0),
    "wide": REDNetConfig(crop_px=128, sigma_px=8.0),
}
EACH_CONFIG = pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)


def drawn(points_px: torch.Tensor, config: REDNetConfig) -> torch.Tensor:
    return draw_gaussians(points_px, config.map_px, config.cells(config.sigma_px), config.cell_px)


def window(config: REDNetConfig) -> float:
    """Radius of the decoding window, in crop pixels."""
    return 2 * config.window_radius_cells + 1


def test_a_cell_covers_two_by_two_pixels():
    # Cell 0 is the average of pixels 0 and 1, whose middle is 0.5.
    assert to_pixels(torch.tensor([0.0, 1.0, 47.0])).tolist() == [0.5, 2.5, 94.5]
    points = torch.randn(5, 2)
    torch.testing.assert_close(to_cells(to_pixels(points)), points)


def test_a_cell_may_cover_four_by_four_pixels():
    assert to_pixels(torch.tensor([0.0, 1.0, 31.0]), 4).tolist() == [1.5, 5.5, 125.5]
    config = REDNetConfig(backbone="mobile", crop_px=128, sigma_px=11.0)
    points = torch.rand(4, 68, 2) * 80 + 24
    found, _ = decode(drawn(points, config), config.window_radius_cells, 4)
    assert (found - points).norm(dim=2).max() < 0.2
    discs = draw_discs(points, config.map_px, 1.3, 4)
    assert (read_at(discs, points, 4) == 1).all()


@EACH_CONFIG
def test_sub_pixel_points_come_back(config):
    margin = window(config)
    points = torch.rand(20, 68, 2) * (config.crop_px - 2 * margin) + margin
    found, confidence = decode(drawn(points, config), config.window_radius_cells)
    assert (found - points).norm(dim=2).max() < 0.1
    # The peak of a point between cells is not quite 1.
    assert confidence.min() > 0.75
    assert confidence.max() <= 1


@EACH_CONFIG
def test_points_near_the_border_are_drawn_inwards_a_little(config):
    along = torch.linspace(0.5, config.crop_px - 1.5, 68)
    edge = torch.full_like(along, 0.5)
    last = torch.full_like(along, config.crop_px - 1.5)
    sides = [(along, edge), (along, last), (edge, along), (last, along)]
    points = torch.stack([torch.stack(side, dim=1) for side in sides])
    found, confidence = decode(drawn(points, config), config.window_radius_cells)
    assert (found >= 0).all()
    assert (found <= config.crop_px - 1).all()
    assert (found - points).norm(dim=2).max() < 3.0 * math.sqrt(2)
    assert confidence.min() > 0.75


def test_a_point_outside_the_crop_is_found_at_its_border_with_less_confidence():
    config = CONFIGS["lite"]
    points = torch.tensor([[[-4.0, 48.0], [48.0, 99.0], [-500.0, 48.0]]])
    found, confidence = decode(drawn(points, config), config.window_radius_cells)
    assert found[0, 0, 0] < 3
    assert found[0, 1, 1] > 92
    assert confidence[0, :2].max() < 0.6
    assert confidence[0, 2] == 0


def test_brighter_and_dimmer_peaks_are_at_the_same_place():
    config = CONFIGS["lite"]
    points = torch.rand(4, 68, 2) * 60 + 18
    maps = drawn(points, config)
    dim, confidence = decode(maps * 0.1)
    assert (dim - points).norm(dim=2).max() < 0.1
    torch.testing.assert_close(confidence, maps.amax(dim=(2, 3)) * 0.1)


def test_a_lower_second_peak_does_not_pull():
    config = CONFIGS["lite"]
    points, others = torch.tensor([[[30.3, 30.7]]]), torch.tensor([[[70.0, 66.0]]])
    found, _ = decode(drawn(points, config) + 0.8 * drawn(others, config))
    assert (found - points).norm() < 0.1


def test_confidence_lies_between_0_and_1_whatever_the_maps():
    found, confidence = decode(torch.randn(2, 68, 16, 16) * 5)
    assert ((confidence >= 0) & (confidence <= 1)).all()
    assert torch.isfinite(found).all()
    assert (confidence == 1).any()
    _, none = decode(-torch.rand(1, 68, 16, 16))
    assert (none == 0).all()


def test_gradients_pull_the_point():
    config = CONFIGS["small"]
    maps = drawn(torch.full((1, 1, 2), 30.0), config).requires_grad_()
    points, _ = decode(maps)
    points[0, 0, 0].backward()
    row = maps.grad[0, 0, 15]  # rows are all alike: a brighter cell to the right moves the point to the right
    assert row[16] > 0 > row[13]


@pytest.mark.parametrize("draw", [draw_discs, draw_gaussians])
def test_unknown_points_draw_nothing(draw):
    points = torch.tensor([[[20.0, 20.0], [torch.nan, 20.0], [20.0, torch.nan], [torch.nan, torch.nan]]])
    maps = draw(points, 32, 2.0)
    assert maps[0, 0].max() == pytest.approx(1.0, abs=0.05)
    assert (maps[0, 1:] == 0).all()


def test_discs_are_one_within_the_radius():
    centre, radius = torch.tensor([30.5, 20.5]), 2.5
    disc = draw_discs(centre.expand(1, 1, 2), 32, radius)[0, 0]
    row, column = torch.meshgrid(torch.arange(32), torch.arange(32), indexing="ij")
    distance = ((column - 15) ** 2 + (row - 10) ** 2).sqrt()
    assert torch.equal(disc, (distance <= radius).float())


def test_small_discs_do_not_vanish_between_cells():
    points = torch.rand(1, 200, 2) * 56 + 4
    cells = draw_discs(points, 32, 0.1).sum(dim=(2, 3))
    assert cells.min() >= 1
    assert cells.max() <= 4


def test_a_disc_across_the_border_is_cut():
    whole, cut, away = draw_discs(torch.tensor([[[30.5, 30.5], [0.5, 30.5], [-40.0, 30.5]]]), 32, 3.0)[0]
    assert 0 < cut.sum() < whole.sum()
    assert cut[15, 0] == 1
    assert away.sum() == 0


def test_gaussians_have_the_papers_width():
    heat = draw_gaussians(torch.tensor([[[30.5, 30.5]]]), 32, 2.5)[0, 0]
    assert heat[15, 15] == 1
    assert heat[15, 20].item() == pytest.approx(math.exp(-2))  # two sigmas to the right
    assert heat[20, 20].item() == pytest.approx(math.exp(-4))


def test_maps_are_read_in_the_cell_of_the_point_or_the_nearest():
    maps = torch.arange(2 * 16.0).reshape(1, 2, 4, 4)
    points = torch.tensor([[[2.5, 4.5], [-9.0, 99.0]]])  # column 1, row 2; the lower left corner
    assert read_at(maps, points).tolist() == [[9.0, 28.0]]
