"""The error of a network on labelled faces while it trains: crops from the true boxes, two passes."""

from __future__ import annotations

import numpy as np
import torch

from rednet_ros.images import read_image
from rednet_ros.landmarks import DETECTION_INDICES
from rednet_ros.network.rednet import REDNet, normalise, read_landmarks
from rednet_ros.tracking.crops import CropTransform
from rednet_ros.tracking.types import Box, FloatArray, ImageArray
from rednet_ros.training.labels import LabelledFace
from rednet_ros.training.metrics import Summary, normalised_errors, summarise

_CHUNK = 32


def validate(network: REDNet, faces: list[LabelledFace]) -> Summary:
    """Errors of `network`, in eval mode, in a crop from the tight true box and then in one from its own result."""
    images = [read_image(face.image_path) for face in faces]
    size_px = network.config.crop_px
    crops = [CropTransform.from_box(Box.around(face.points_px), size_px) for face in faces]
    points: list[FloatArray] = []
    for _ in range(2):
        points = _predict(network, images, crops)
        crops = [CropTransform.from_landmarks(found, size_px) for found in points]
    return summarise(normalised_errors(np.stack(points), np.stack([face.points_px for face in faces])))


@torch.inference_mode()
def _predict(network: REDNet, images: list[ImageArray], crops: list[CropTransform]) -> list[FloatArray]:
    was_training = network.training
    network.eval()
    found: list[FloatArray] = []
    for start in range(0, len(crops), _CHUNK):
        chunk = crops[start : start + _CHUNK]
        pixels = np.stack(
            [crop.extract(image) for crop, image in zip(chunk, images[start : start + _CHUNK], strict=True)]
        )
        inputs = normalise(torch.from_numpy(pixels).permute(0, 3, 1, 2).flip(1))
        unknown = torch.full((len(chunk), len(DETECTION_INDICES), 2), torch.nan)
        maps = network(inputs, network.draw_z0(unknown)).steps[-1]
        landmarks, _ = read_landmarks(maps, network.config)
        found += [crop.to_image(points) for crop, points in zip(chunk, landmarks.numpy(), strict=True)]
    network.train(was_training)
    return found
