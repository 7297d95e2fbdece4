"""The losses of the response maps of one frame."""

from __future__ import annotations

import torch
from torch import Tensor

from rednet_ros.landmarks import DETECTION_INDICES
from rednet_ros.network import heatmaps, losses
from rednet_ros.network.config import REDNetConfig
from rednet_ros.network.rednet import REDNetOutput, read_landmarks, read_step

POINT_SCALE_CELLS = 0.5
"""Errors below it are pulled hardest: half a cell of the response maps, one pixel of the crop."""

_MAJOR = list(DETECTION_INDICES)


def step_losses(output: REDNetOutput, points_px: Tensor, shown: Tensor, config: REDNetConfig) -> Tensor:
    """Losses of detection, regression and points, each summed over the steps of its kind: a vector of three.

    `points_px`: N x 68 x 2 crop pixels; landmarks that are nan are not annotated, and their maps count for nothing.
    `shown`: N bool; where False the crop shows no face: all targets are empty, and there is no point loss.
    """
    points_px = torch.where(shown[:, None, None], points_px, torch.nan)
    counted = torch.isfinite(points_px).all(dim=2) | ~shown[:, None]
    discs = heatmaps.draw_discs(points_px[:, _MAJOR], config.map_px, config.cells(config.radius_px))
    gaussians = heatmaps.draw_gaussians(points_px, config.map_px, config.cells(config.sigma_px))
    fit = losses.regression_loss if config.regression_maps == "linear" else losses.distribution_loss
    truth = heatmaps.to_cells(points_px)
    detection, regression, points = torch.zeros(3, device=points_px.device)
    steps = [maps.float() for maps in output.steps]
    last = steps[-1]
    for kind, maps in zip(config.steps, steps, strict=True):
        if kind == "detection":
            detection = detection + losses.detection_loss(maps, discs, counted[:, _MAJOR])
            continue
        regression = regression + fit(maps, gaussians, counted)
        found_px, _ = read_step(maps, kind, config) if maps is not last else read_landmarks(output, config)
        found = heatmaps.to_cells(found_px)
        points = points + losses.point_loss(found, truth, POINT_SCALE_CELLS)
    return torch.stack([detection, regression, points])
