"""The losses see faces where there are faces, and nothing where there are none."""

import torch

from rednet_ros.landmarks import DETECTION_INDICES
from rednet_ros.network import heatmaps
from rednet_ros.network.config import REDNetConfig
from rednet_ros.network.rednet import REDNetOutput
from rednet_ros.training.objective import step_losses

CONFIG = REDNetConfig(width=0.125, crop_px=64, sigma_px=8.0, radius_px=10.0)


def perfect(points_px: torch.Tensor) -> REDNetOutput:
    major = points_px[:, list(DETECTION_INDICES)]
    discs = heatmaps.draw_discs(major, CONFIG.map_px, CONFIG.cells(CONFIG.radius_px))
    gaussians = heatmaps.draw_gaussians(points_px, CONFIG.map_px, CONFIG.cells(CONFIG.sigma_px))
    return REDNetOutput(((discs - 0.5) * 40, gaussians), None, None)


def faces() -> torch.Tensor:
    return 12 + 40 * torch.rand(3, 68, 2, generator=torch.Generator().manual_seed(1))


def test_perfect_maps_cost_nothing() -> None:
    detection, regression, points = step_losses(perfect(faces()), faces(), CONFIG)
    assert detection < 1e-6
    assert regression < 1e-9
    assert points < 0.1


def test_maps_of_another_face_cost_in_all_three() -> None:
    assert (step_losses(perfect(faces().flip(0)), faces(), CONFIG) > torch.tensor([0.1, 0.01, 0.5])).all()


def test_a_crop_without_a_face_wants_empty_maps_and_has_no_point_loss() -> None:
    nowhere = torch.full_like(faces(), torch.nan)
    assert step_losses(perfect(nowhere), nowhere, CONFIG).tolist() == [0.0, 0.0, 0.0]
    claimed = step_losses(perfect(faces()), nowhere, CONFIG)
    assert claimed[0] > 0.05
    assert claimed[1] > 0.001
    assert claimed[2] == 0


def test_one_crop_without_a_face_leaves_the_other_gradients_finite() -> None:
    points = faces()
    points[1] = torch.nan
    maps = torch.rand(3, 68, 32, 32, requires_grad=True)
    logits = torch.rand(3, 7, 32, 32, requires_grad=True)
    step_losses(REDNetOutput((logits, maps), None, None), points, CONFIG).sum().backward()
    assert maps.grad is not None
    assert logits.grad is not None
    assert torch.isfinite(maps.grad).all()
    assert torch.isfinite(logits.grad).all()
