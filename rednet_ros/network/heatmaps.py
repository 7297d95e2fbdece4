"""Between landmarks and response maps: what is drawn for the network, and what is read from it.

A cell of an M x M map covers `cell_px` x `cell_px` pixels of the crop: cell (row i, column j) has its centre at
((j + 0.5) cell_px - 0.5, (i + 0.5) cell_px - 0.5), pixel centres at integers.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from rednet_ros.network.config import HALF_DIAGONAL_CELLS, SOFTMAX_SHARPNESS, WINDOW_RADIUS_CELLS


def to_cells(points_px: Tensor, cell_px: int = 2) -> Tensor:
    """Crop pixels to cells of the response maps."""
    return (points_px + 0.5) / cell_px - 0.5


def to_pixels(points_cells: Tensor, cell_px: int = 2) -> Tensor:
    """Cells of the response maps to crop pixels."""
    return (points_cells + 0.5) * cell_px - 0.5


def draw_discs(points_px: Tensor, map_px: int, radius_cells: float, cell_px: int = 2) -> Tensor:
    """Detection targets and z0 (section 3.2): 1 within the radius of the point, and at the cell nearest to it, else 0.

    `points_px`: N x C x 2 crop pixels. Returns N x C x map_px x map_px float32. Points that are nan draw nothing.
    """
    horizontal, vertical = _squared_offsets(points_px, map_px, cell_px)
    return (horizontal + vertical <= max(radius_cells, HALF_DIAGONAL_CELLS) ** 2).float()


def draw_gaussians(points_px: Tensor, map_px: int, sigma_cells: float, cell_px: int = 2) -> Tensor:
    """Regression targets (section 3.2): a Gaussian of height 1. Shapes and nan as for `draw_discs`."""
    horizontal, vertical = (
        torch.exp(offsets * (-0.5 / sigma_cells**2)).nan_to_num(0.0)
        for offsets in _squared_offsets(points_px, map_px, cell_px)
    )
    return vertical * horizontal


def decode(maps: Tensor, window_radius_cells: int = WINDOW_RADIUS_CELLS, cell_px: int = 2) -> tuple[Tensor, Tensor]:
    """Landmarks from regression heat maps, to a fraction of a cell.

    `maps`: N x C x M x M. Returns points, N x C x 2 crop pixels, and confidences, N x C in 0..1. A point is the centre
    of mass of the squared positive part in a window around the maximum: squared, so that the window's edge does not
    matter (`REDNetConfig.window_radius_cells` is wide enough). A peak cannot be seen beyond the map: a point within a
    window's radius of the border is drawn inwards, by up to 1.5 cells. The confidence is the maximum itself: the
    training target is a peak of 1, and the least-squares answer to an uncertain position is a lower peak.
    Differentiable in the maps, but for the choice of the window.
    """
    n, count, size, _ = maps.shape
    flat = maps.reshape(n, count, size * size)
    peak, where = flat.amax(dim=2), flat.argmax(dim=2)  # apart: TensorRT has no converter for both at once
    row, column = torch.div(where, size, rounding_mode="floor"), where.remainder(size)
    axis = torch.arange(size, device=maps.device)
    from_column, from_row = axis - column[..., None], axis - row[..., None]
    in_columns = (from_column.abs() <= window_radius_cells).to(maps.dtype)
    in_rows = (from_row.abs() <= window_radius_cells).to(maps.dtype)
    mass = maps.clamp(min=0).square()
    by_column = (in_rows[:, :, None, :] @ mass).squeeze(2) * in_columns
    by_row = (mass @ in_columns[:, :, :, None]).squeeze(3) * in_rows
    total = by_column.sum(dim=2) + 1e-6
    x = column + (by_column * from_column).sum(dim=2) / total
    y = row + (by_row * from_row).sum(dim=2) / total
    return to_pixels(torch.stack([x, y], dim=2), cell_px), peak.clamp(0, 1)


def spatial_softmax(maps: Tensor, sigma_cells: float) -> Tensor:
    """Maps N x C x M x M as distributions over their cells, in a scale in which a Gaussian of sigma has height 1."""
    n, count, size, _ = maps.shape
    shares = torch.softmax(SOFTMAX_SHARPNESS * maps.reshape(n, count, size * size), dim=2)
    return (2 * math.pi * sigma_cells**2 * shares).reshape(n, count, size, size)


def decode_mean(maps: Tensor, cell_px: int = 2) -> tuple[Tensor, Tensor]:
    """Landmarks from the maps of `spatial_softmax`: the mean of each distribution. Results as of `decode`.

    Differentiable everywhere. The confidence is again the maximum, at most 1: a spread distribution is a low one.
    """
    size = maps.shape[-1]
    axis = torch.arange(size, device=maps.device, dtype=maps.dtype)
    by_column, by_row = maps.sum(dim=2), maps.sum(dim=3)
    total = by_column.sum(dim=2).clamp(min=1e-6)
    means = torch.stack([(by_column * axis).sum(dim=2), (by_row * axis).sum(dim=2)], dim=2) / total[..., None]
    return to_pixels(means, cell_px), maps.amax(dim=(2, 3)).clamp(0, 1)


def read_at(maps: Tensor, points_px: Tensor, cell_px: int = 2) -> Tensor:
    """The maps' values in the cells of the points, N x C; points outside read the nearest cell.

    `maps`: N x C x M x M. `points_px`: N x C x 2 crop pixels.
    """
    n, count, size, _ = maps.shape
    column, row = to_cells(points_px, cell_px).round().long().clamp(0, size - 1).unbind(dim=2)
    return maps.reshape(n, count, size * size).gather(2, (row * size + column)[..., None]).squeeze(2)


def _squared_offsets(points_px: Tensor, map_px: int, cell_px: int) -> tuple[Tensor, Tensor]:
    """Squared distance in cells of every column and of every row from the points: N x C x 1 x M and N x C x M x 1."""
    axis = torch.arange(map_px, device=points_px.device, dtype=torch.float32)
    cells = to_cells(points_px.float(), cell_px)
    return (axis - cells[..., 0:1]).square()[:, :, None, :], (axis - cells[..., 1:2]).square()[:, :, :, None]
