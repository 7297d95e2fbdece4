"""The error of a network on labelled faces while it trains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from numpy.typing import NDArray

from rednet_ros.landmarks import DETECTION_INDICES, LANDMARK_COUNT
from rednet_ros.metrics import accelerations, interocular_distance, normalised_errors, summarise
from rednet_ros.network.rednet import REDNet, normalise, read_landmarks
from rednet_ros.tracking.crops import CropTransform
from rednet_ros.tracking.types import Box, FloatArray, ImageArray
from rednet_ros.training.clip_losses import follow
from rednet_ros.training.clips import ClipBatches
from rednet_ros.training.config import AugmentationSettings, StageConfig
from rednet_ros.training.datasets.geometry import crop_from_major
from rednet_ros.training.datasets.pool import FacePool, Picture

_CHUNK = 32
_MAJOR = list(DETECTION_INDICES)

CLIPS, CLIP_FRAMES = 12, 16


@dataclass(frozen=True)
class StillErrors:
    """Errors of faces in percent of the inter-ocular distance, by face, over the landmarks that are annotated and
    found; `nme_detection7` over the 7 of the detection step, which every network finds; `failure_rate_10` in percent.
    NaN where no face can be measured."""

    nme_mean: float
    nme_median: float
    nme_inner51: float
    nme_detection7: float
    failure_rate_10: float


@dataclass(frozen=True)
class ClipErrors:
    """Errors of clips in percent of the inter-ocular distance: mean error, and flicker (the acceleration of the error),
    with the network's state and without."""

    nme: float
    nme_stateless: float
    flicker: float
    flicker_stateless: float


def validate_stills(network: REDNet, pool: FacePool) -> StillErrors:
    """Errors of `network` in a crop from the tight true box and then in one from its own result."""
    with _evaluating(network):
        errors = [
            _chunk_errors(network, [pool.picture(index) for index in range(start, min(start + _CHUNK, len(pool)))])
            for start in range(0, len(pool), _CHUNK)
        ]
    by_landmark = np.concatenate(errors)
    by_landmark = by_landmark[np.isfinite(by_landmark).any(axis=1)]
    names = [item.name for item in fields(StillErrors)]
    if not len(by_landmark):
        return StillErrors(**dict.fromkeys(names, float("nan")))
    summary = summarise(by_landmark)
    return StillErrors(**{name: getattr(summary, name) for name in names})


def validate_clips(network: REDNet, pool: FacePool, stage: StageConfig) -> ClipErrors:
    """Errors of `network` as it follows faces of `pool`, in clips made as those of `stage` but without occlusion."""
    calm = AugmentationSettings(occlude=0, blur=0, grey=0, light=0.5)
    made = replace(
        stage,
        mix=dict.fromkeys(pool.by_source, 1.0),
        augmentation=calm,
        clips=replace(stage.clips, frames=CLIP_FRAMES, occlude=0, vanish=0, bursts=0),
    )
    batch = ClipBatches(pool, made, (0,), CLIPS)[0]
    unit = interocular_distance(batch.points_px)
    usable = np.isfinite(unit).all(axis=1)
    found = []
    with _evaluating(network):
        for remember in (True, False):
            found.append(follow(network, batch, remember=remember).found_px - batch.points_px)
    errors = [
        [np.nanmean(np.linalg.norm(e[i], axis=2) / unit[i, :, None]) for i in np.flatnonzero(usable)] for e in found
    ]
    flicker = [[np.nanmean(accelerations(e[i], unit[i])) for i in np.flatnonzero(usable)] for e in found]
    return ClipErrors(*(_percent(np.array(values)) for values in (*errors, *flicker)))


@contextmanager
def _evaluating(network: REDNet) -> Iterator[None]:
    """In eval mode and without gradients for a while."""
    was_training = network.training
    network.eval()
    with torch.no_grad():
        yield
    network.train(was_training)


def _chunk_errors(network: REDNet, pictures: Sequence[Picture]) -> NDArray[np.float64]:
    """N x 68 fractions of the inter-ocular distance, NaN where not annotated or not found."""
    size_px = network.config.crop_px
    crops = [CropTransform.from_box(Box.around(picture.place_px), size_px) for picture in pictures]
    found = _predict(network, [picture.image for picture in pictures], crops)
    crops = [_next_crop(network, points) for points in found]
    found = _predict(network, [picture.image for picture in pictures], crops)
    truth = np.stack([picture.points_px for picture in pictures])
    predicted = np.full(truth.shape, np.nan)
    predicted[:, range(LANDMARK_COUNT) if network.config.finds_all_landmarks else _MAJOR] = found
    return normalised_errors(predicted, truth, interocular_distance(truth))


def _next_crop(network: REDNet, points_px: FloatArray) -> CropTransform:
    if network.config.finds_all_landmarks:
        return CropTransform.from_landmarks(points_px, network.config.crop_px)
    return crop_from_major(points_px, network.mean_points.cpu().numpy(), network.config.crop_px)


def _predict(network: REDNet, images: Sequence[ImageArray], crops: Sequence[CropTransform]) -> list[FloatArray]:
    pixels = np.stack([crop.extract(image) for crop, image in zip(crops, images, strict=True)])
    inputs = normalise(torch.from_numpy(pixels).to(network.device).permute(0, 3, 1, 2).flip(1))
    unknown = torch.full((len(crops), len(DETECTION_INDICES), 2), torch.nan, device=network.device)
    output = network(inputs, network.draw_z0(unknown))
    landmarks = read_landmarks(output, network.config)[0].cpu().numpy()
    return [crop.to_image(points) for crop, points in zip(crops, landmarks, strict=True)]


def _percent(fractions: FloatArray) -> float:
    return 100 * float(np.nanmean(fractions)) if np.isfinite(fractions).any() else float("nan")
