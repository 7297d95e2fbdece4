"""Crops cut out of images by the device: what `tracking.crops.CropTransform` does with OpenCV, as tensor arithmetic.

A crop's transform is a row (x and y of its centre in the image, its side in image pixels, its roll in radians); its
source is a row (index of the image's first pixel among all pixels, width, height, reduction). The reduction, 1, 2, 4 or
8, is that of an image that was shrunk by averaging, for faces so close that bilinear sampling would skip pixels;
transforms and landmarks are always in pixels of the full image. Against `CropTransform.extract` a value differs by at
most 3 of 255 where nothing is shrunk (OpenCV places its samples on a grid of 1/32 pixel), and on average by less than 2
where it is, in images as smooth as faces that close are.
"""

from __future__ import annotations

import torch
from torch import Tensor

MAX_REDUCTION = 8
"""An image is not shrunk further: a crop of which that would still skip pixels is a face of thousands of pixels."""

MAX_STEP = 2.0
"""Image pixels from one of the crop's pixels to the next, up to which bilinear sampling is good."""


def reduction_for(side_px: float, size_px: int) -> int:
    """How far the image should be shrunk for a crop of this side in the image and this size in pixels."""
    reduction = 1
    while side_px / size_px / reduction > MAX_STEP and reduction < MAX_REDUCTION:
        reduction *= 2
    return reduction


def sample_crops(pixels: Tensor, sources: Tensor, transforms: Tensor, size_px: int) -> Tensor:
    """Bilinear samples, N x 3 x S x S float; what lies outside an image repeats its border.

    `pixels`: P x 3. `sources`: N x 4 int64, `transforms`: N x 4 float.
    """
    axis = torch.arange(size_px, device=transforms.device, dtype=transforms.dtype)
    grid = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), dim=-1).reshape(1, size_px * size_px, 2)
    base, width, height, reduction = (column[:, None] for column in sources.unbind(dim=1))
    x, y = ((to_frame(grid, transforms, size_px) + 0.5) / reduction[..., None] - 0.5).unbind(dim=2)
    left, top = torch.floor(x), torch.floor(y)
    columns = [_clamp(left.long() + step, width) for step in (0, 1)]
    rows = [base + _clamp(top.long() + step, height) * width for step in (0, 1)]
    right_share, low_share = (x - left)[..., None], (y - top)[..., None]
    upper, lower = (
        pixels[row + columns[0]] * (1 - right_share) + pixels[row + columns[1]] * right_share for row in rows
    )
    crops = upper * (1 - low_share) + lower * low_share
    return crops.reshape(-1, size_px, size_px, 3).permute(0, 3, 1, 2)


def to_frame(points_px: Tensor, transforms: Tensor, size_px: int) -> Tensor:
    """Points of crops, N x M x 2, in image pixels."""
    center, cosine, sine, scale = _parts(transforms, size_px)
    x, y = ((points_px - (size_px - 1) / 2) * scale).unbind(dim=2)
    return torch.stack([cosine * x - sine * y, sine * x + cosine * y], dim=2) + center


def to_crop(points_px: Tensor, transforms: Tensor, size_px: int) -> Tensor:
    """Points of images, N x M x 2, in pixels of the crops: the inverse of `to_frame`."""
    center, cosine, sine, scale = _parts(transforms, size_px)
    x, y = (points_px - center).unbind(dim=2)
    return torch.stack([cosine * x + sine * y, cosine * y - sine * x], dim=2) / scale + (size_px - 1) / 2


def shrink(image: Tensor) -> Tensor:
    """An H x W x 3 uint8 image at half its size, each pixel the mean of four; an odd last row or column is left out."""
    height, width = image.shape[0] // 2, image.shape[1] // 2
    fours = image[: 2 * height, : 2 * width].reshape(height, 2, width, 2, 3)
    return (fours.to(torch.int16).sum(dim=(1, 3)) + 2).div(4, rounding_mode="floor").to(torch.uint8)


def _parts(transforms: Tensor, size_px: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Centres, N x 1 x 2; cosine and sine of the roll, N x 1; image pixels a crop pixel, N x 1 x 1."""
    roll_rad = transforms[:, 3:4]
    return transforms[:, None, :2], torch.cos(roll_rad), torch.sin(roll_rad), transforms[:, 2:3, None] / size_px


def _clamp(index: Tensor, count: Tensor) -> Tensor:
    return torch.minimum(index.clamp(min=0), count - 1)
