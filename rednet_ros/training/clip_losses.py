"""What a batch of clips asks of the network: the paper's stage 3, followed as the tracker follows a face.

The crop and z0 of a frame come from the network's own landmarks in the frame before (its gradient is cut there), the
state passes on with its gradient, and every frame has its losses.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rednet_ros.landmarks import DETECTION_INDICES, LANDMARK_COUNT
from rednet_ros.network import losses
from rednet_ros.network.rednet import REDNet, REDNetOutput, normalise, read_landmarks
from rednet_ros.network.temporal import State
from rednet_ros.tracking.crops import CropTransform
from rednet_ros.tracking.types import FloatArray
from rednet_ros.training.clips import ClipBatch
from rednet_ros.training.losses import IdentityClassifier, step_losses

LOST = 0.12
"""A face whose mean error exceeds this fraction of its crop's side is lost: the detector places the next crop."""

_MAJOR = list(DETECTION_INDICES)


@dataclass(frozen=True)
class Followed:
    """A clip batch as the network saw it. `losses`: T x 4, detection, regression, points, identity of each frame.

    `errors`: N x T x 68 x 2, predictions minus truth in cells of the response maps (of the clip's mean crop), 0 where
    there is no truth; `valid`: N x T x 68 bool. `found_px`: N x T x 68 x 2 pixels of the frames. `held`: N x T bool,
    False in frames that began with a crop of the detector, or of a face that a burst hides.
    """

    losses: Tensor
    errors: Tensor
    valid: Tensor
    found_px: FloatArray
    held: NDArray[np.bool_]


class ClipLosses(nn.Module):
    """Batch in, losses out: a module, so that it can be spread over processes as a whole."""

    def __init__(self, network: REDNet, classifier: IdentityClassifier | None, burst_weight: float = 1.0) -> None:
        """`burst_weight`: what a frame in a burst counts beside one outside."""
        super().__init__()
        self.network = network
        self.classifier = classifier
        self._burst_weight = burst_weight

    def forward(self, batch: ClipBatch) -> Tensor:
        """The losses of `config.LOSS_NAMES`, a vector of five: means over the frames."""
        followed = follow(self.network, batch, self.classifier, burst_weight=self._burst_weight)
        jitter = losses.acceleration_loss(followed.errors, followed.valid)
        by_frame = _weights(batch, self._burst_weight).mean(axis=0)
        shares = torch.from_numpy(by_frame / by_frame.sum()).to(followed.losses)
        return torch.cat([(shares[:, None] * followed.losses).sum(dim=0), jitter[None]])


def follow(
    network: REDNet,
    batch: ClipBatch,
    classifier: IdentityClassifier | None = None,
    *,
    remember: bool = True,
    burst_weight: float = 1.0,
) -> Followed:
    """Run `network` over clips. `remember`: pass its state on from frame to frame; without it each frame stands alone.
    `burst_weight`: what a face in a burst counts beside one outside, in the losses of the same frame.

    The network must find all 68 landmarks. Losses and errors carry gradients.
    """
    count, frames = batch.shown.shape
    known = np.isfinite(batch.points_px).all(axis=3) & batch.shown[..., None]
    weights = torch.from_numpy(_weights(batch, burst_weight)).to(network.device) if batch.burst.any() else None
    tracks = _Tracks(batch, network.config.crop_px)
    cells = network.config.map_px / _mean_side_px(batch)
    state = network.initial_state(count)
    all_losses, errors, found, held = [], [], [], []
    for time in range(frames):
        crops = list(tracks.crops)
        held.append(tracks.held.copy())
        output = _look(network, batch, time, tracks, state)
        weight = None if weights is None else weights[:, time]
        all_losses.append(_frame_losses(network, output, batch, time, crops, weight, classifier))
        landmarks = read_landmarks(output, network.config)[0]
        found_px = _to_frame(landmarks, crops)
        truth = torch.from_numpy(np.where(known[:, time, :, None], batch.points_px[:, time], 0)).to(found_px)
        scale = torch.from_numpy(cells).to(found_px)[:, None, None]
        errors.append((found_px - truth) * scale * torch.from_numpy(known[:, time, :, None]).to(found_px))
        found.append(found_px.detach().cpu().numpy())
        kept, lost = tracks.advance(time, found[-1])
        state = _next_state(network, state, output.state if remember else None, kept, lost)
        if state is not None:
            state = network.seen_from(state, _motion(crops, tracks.crops).to(network.device))
    stacked = torch.stack(errors, dim=1)
    return Followed(
        torch.stack(all_losses),
        stacked,
        torch.from_numpy(known).to(stacked.device),
        np.stack(found, axis=1),
        np.stack(held, axis=1),
    )


class _Tracks:
    """Where each face of the batch is looked for. `held`: N bool, whether its place comes from the frame before."""

    def __init__(self, batch: ClipBatch, size_px: int) -> None:
        self._batch = batch
        self._size_px = size_px
        count = len(batch.shown)
        self.previous_px = np.full((count, LANDMARK_COUNT, 2), np.nan, np.float32)
        self.held = np.zeros(count, bool)
        self.crops = [self._detected(face, 0) for face in range(count)]

    def advance(self, time: int, found_px: FloatArray) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Goes on from the landmarks found at `time`, as the tracker does.

        Returns which faces are in grace, so that they are looked for where they were seen last, and which are lost, so
        that the detector finds them: N bool each. In a burst none is lost, for the detector would not find it.
        """
        batch, frames = self._batch, self._batch.shown.shape[1]
        kept, lost = ~batch.shown[:, time], np.zeros(len(self.crops), bool)
        for face in np.flatnonzero(batch.shown[:, time]).tolist():
            is_off = self._is_lost(face, time, found_px[face])
            self.held[face] = not is_off
            kept[face], lost[face] = is_off and batch.burst[face, time], is_off and not batch.burst[face, time]
            if not is_off:
                self.previous_px[face] = found_px[face]
                self.crops[face] = CropTransform.from_landmarks(found_px[face], self._size_px)
            elif lost[face] and time + 1 < frames:
                self.previous_px[face] = np.nan
                self.crops[face] = self._detected(face, time + 1)
        return kept, lost

    def _is_lost(self, face: int, time: int, found_px: FloatArray) -> bool:
        distance = np.linalg.norm(found_px - self._batch.points_px[face, time], axis=1)
        return not np.nanmean(distance) < LOST * self._batch.detected[face, time, 2]

    def _detected(self, face: int, time: int) -> CropTransform:
        x, y, side_px, roll_rad = (float(value) for value in self._batch.detected[face, time])
        return CropTransform((x, y), side_px, roll_rad, self._size_px)


def _look(network: REDNet, batch: ClipBatch, time: int, tracks: _Tracks, state: State | None) -> REDNetOutput:
    """The network's answer to the crops of one frame; a direct network goes the short way where the frame before held
    the face, as the tracker does."""
    crops = np.stack([crop.extract(frame) for crop, frame in zip(tracks.crops, batch.frames[:, time], strict=True)])
    placed = [crop.to_crop(points[_MAJOR]) for crop, points in zip(tracks.crops, tracks.previous_px, strict=True)]
    placed_px = np.stack(placed) + network.config.crop_px * batch.disturbance[:, time]
    previous = torch.from_numpy(placed_px).to(network.device)
    pixels = torch.from_numpy(crops).to(network.device).permute(0, 3, 1, 2).flip(1)
    short = {"direct": torch.from_numpy(tracks.held).to(network.device)} if network.config.direct else {}
    output: REDNetOutput = network(normalise(pixels), network.draw_z0(previous), state, **short)
    return output


def _frame_losses(
    network: REDNet,
    output: REDNetOutput,
    batch: ClipBatch,
    time: int,
    crops: list[CropTransform],
    weight: Tensor | None,
    classifier: IdentityClassifier | None,
) -> Tensor:
    device = network.device
    truth = np.stack([crop.to_crop(points) for crop, points in zip(crops, batch.points_px[:, time], strict=True)])
    shown = torch.from_numpy(batch.shown[:, time]).to(device)
    by_step = step_losses(output, torch.from_numpy(truth).to(device), shown, network.config, weight)
    identity = torch.zeros((), device=device)
    if classifier is not None and output.identity is not None:
        person = torch.from_numpy(np.where(batch.shown[:, time] & ~batch.burst[:, time], batch.person, -1)).to(device)
        identity = classifier(output.identity, person)
    return torch.cat([by_step, identity[None]])


def _to_frame(landmarks: Tensor, crops: list[CropTransform]) -> Tensor:
    """N x 68 x 2 crop pixels -> pixels of the frames; the crops' own places carry no gradient."""
    inverse = []
    for crop in crops:
        matrix = crop.matrix().astype(np.float64)
        linear = np.linalg.inv(matrix[:, :2])
        inverse.append(np.column_stack([linear, -linear @ matrix[:, 2]]))
    back = torch.from_numpy(np.stack(inverse).astype(np.float32)).to(landmarks.device)
    return landmarks @ back[:, :, :2].transpose(1, 2) + back[:, None, :, 2]


def _next_state(
    network: REDNet, before: State | None, after: State | None, kept: NDArray[np.bool_], lost: NDArray[np.bool_]
) -> State | None:
    """States of the next frame: as before where a face is in grace, as in the tracker, and new where it was lost."""
    fresh = network.initial_state(len(kept))
    if before is None or after is None or fresh is None:
        return fresh
    keeps, begins = (
        torch.from_numpy(rows).to(fresh[0].device).reshape(-1, *[1] * (fresh[0].dim() - 1)) for rows in (kept, lost)
    )
    return tuple(
        torch.where(begins, new, torch.where(keeps, old, now.to(new.dtype)))
        for old, now, new in zip(before, after, fresh, strict=True)
    )


def _motion(before: list[CropTransform], after: list[CropTransform]) -> Tensor:
    """N x 2 x 3: how the faces' crops lie in those of the frame before."""
    return torch.from_numpy(np.stack([new.seen_from(old) for old, new in zip(before, after, strict=True)]))


def _weights(batch: ClipBatch, burst_weight: float) -> FloatArray:
    """N x T: what each frame of each face counts."""
    return np.where(batch.burst, np.float32(burst_weight), np.float32(1))


def _mean_side_px(batch: ClipBatch) -> FloatArray:
    """N: the mean side of each clip's crops, pixels of the frames."""
    return np.asarray(batch.detected[:, :, 2].mean(axis=1))
