"""Fits the smoothing of a network to how its landmarks tremble on clips: the clips are seen once, the rest is quick."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from rednet_ros.network.losses import acceleration_loss, point_loss
from rednet_ros.network.rednet import REDNet
from rednet_ros.network.smoothing import LandmarkSmoothing, Trend
from rednet_ros.training.clip_losses import follow
from rednet_ros.training.clips import ClipBatch
from rednet_ros.training.losses import POINT_SCALE_CELLS


@dataclass(frozen=True)
class Paths:
    """What a network saw of N faces in T frames, each frame alone. `seen_px`, `truth_px`: N x T x 68 x 2, in pixels of
    crops that lie still; `valid`: N x T x 68 bool, False where there is no truth. `crop_px`: side of the crops."""

    seen_px: Tensor
    truth_px: Tensor
    valid: Tensor
    crop_px: int

    def __len__(self) -> int:
        return len(self.seen_px)

    def chosen(self, faces: Tensor) -> Paths:
        """Those of some faces, by their indices."""
        return Paths(self.seen_px[faces], self.truth_px[faces], self.valid[faces], self.crop_px)


@dataclass(frozen=True)
class FitSettings:
    """`jitter`: weight of the error's acceleration beside its size. `steps` of Adam with `batch` faces each, at a rate
    that falls from `learning_rate` to zero."""

    jitter: float = 1.0
    steps: int = 500
    batch: int = 64
    learning_rate: float = 5e-3
    seed: int = 0


@torch.no_grad()
def gather(network: REDNet, batches: Iterable[ClipBatch]) -> Paths:
    """Follows the faces of `batches` without state. Faces that were lost on the way are left out.

    Raises ValueError if none is left.
    """
    found: list[tuple[Tensor, Tensor, Tensor]] = []
    for batch in batches:
        followed = follow(network, batch, remember=False)
        scale = network.config.crop_px / torch.from_numpy(batch.detected[:, :, 2].mean(axis=1))
        seen = torch.from_numpy(followed.found_px) * scale[:, None, None, None]
        truth = torch.from_numpy(batch.points_px).nan_to_num() * scale[:, None, None, None]
        kept = torch.from_numpy(followed.held[:, 1:].all(axis=1))
        found.append((seen[kept].float(), truth[kept].float(), followed.valid.cpu()[kept]))
    seen_px, truth_px, valid = (torch.cat(parts) for parts in zip(*found, strict=True))
    if not len(seen_px):
        raise ValueError("no face was followed from the first frame of its clip to the last")
    return Paths(seen_px, truth_px, valid, network.config.crop_px)


def smoothed(smoothing: LandmarkSmoothing, paths: Paths) -> Tensor:
    """The paths as `smoothing` leaves them, N x T x 68 x 2 pixels.

    Each face is looked at twice in its first frame, as in the tracker.
    """
    previous_px, trend = torch.full_like(paths.seen_px[:, 0], torch.nan), Trend.none(len(paths))
    frames = []
    for time in (0, *range(paths.seen_px.shape[1])):
        previous_px, trend = smoothing(paths.seen_px[:, time], previous_px, trend, paths.crop_px)
        frames.append(previous_px)
    return torch.stack(frames[1:], dim=1)


def fit(smoothing: LandmarkSmoothing, paths: Paths, settings: FitSettings) -> None:
    """Trains `smoothing` on paths, through all of their frames."""
    generator = torch.Generator().manual_seed(settings.seed)
    optimizer = torch.optim.Adam(smoothing.parameters(), settings.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, settings.steps)
    for _ in range(settings.steps):
        some = paths.chosen(torch.randint(len(paths), (settings.batch,), generator=generator))
        loss = _loss(smoothed(smoothing, some), some, settings.jitter)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()


def _loss(points_px: Tensor, paths: Paths, jitter: float) -> Tensor:
    """In cells of the response maps, as in training: half of the crop's pixels."""
    errors = (points_px - paths.truth_px) / 2
    wanted = torch.where(paths.valid[..., None], torch.zeros_like(errors), torch.nan)
    return point_loss(errors, wanted, POINT_SCALE_CELLS) + jitter * acceleration_loss(errors, paths.valid)
