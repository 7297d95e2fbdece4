"""The losses of one batch."""

from __future__ import annotations

import torch
from torch import Tensor

from rednet_ros.landmarks import DETECTION_INDICES
from rednet_ros.network import heatmaps, losses
from rednet_ros.network.config import REDNetConfig
from rednet_ros.network.rednet import REDNetOutput, read_landmarks

LOSS_NAMES = ("detection", "regression", "points")

POINT_SCALE_CELLS = 0.5
"""Errors below it are pulled hardest: half a cell of the response maps, one pixel of the crop."""


def step_losses(output: REDNetOutput, points_px: Tensor, config: REDNetConfig) -> Tensor:
    """The losses named by `LOSS_NAMES`, each summed over the steps of its kind: a vector of three.

    `points_px`: N x 68 x 2 crop pixels. A face whose points are nan (a crop without a face) has empty targets and no
    point loss.
    """
    major = points_px[:, list(DETECTION_INDICES)]
    discs = heatmaps.draw_discs(major, config.map_px, config.cells(config.radius_px))
    gaussians = heatmaps.draw_gaussians(points_px, config.map_px, config.cells(config.sigma_px))
    shown = torch.isfinite(points_px).all(dim=2).all(dim=1)
    truth = heatmaps.to_cells(points_px[shown])
    detection, regression, points = torch.zeros(3, device=points_px.device)
    for kind, maps in zip(config.steps, output.steps, strict=True):
        if kind == "detection":
            detection = detection + losses.detection_loss(maps, discs)
            continue
        fit = losses.regression_loss if config.regression_maps == "linear" else losses.distribution_loss
        regression = regression + fit(maps, gaussians)
        if shown.any():
            found = heatmaps.to_cells(read_landmarks(maps[shown], config)[0])
            points = points + losses.point_loss(found, truth, POINT_SCALE_CELLS)
    return torch.stack([detection, regression, points])
