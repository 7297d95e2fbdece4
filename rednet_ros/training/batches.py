"""Training batches from labelled faces: each batch depends on (seed, stage, step) alone, so a run resumes exactly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from rednet_ros.errors import InputError
from rednet_ros.images import read_image
from rednet_ros.landmarks import DETECTION_INDICES
from rednet_ros.tracking.crops import CropTransform
from rednet_ros.tracking.types import FloatArray, ImageArray
from rednet_ros.training import augmentation
from rednet_ros.training.config import StageConfig
from rednet_ros.training.labels import LabelledFace

BACKGROUND = "background"
_AHEAD = 3


@dataclass(frozen=True)
class Batch:
    """`crops`: N x S x S x 3 uint8 BGR. `points_px`: N x 68 x 2 crop pixels, nan where the crop shows no face.
    `previous_px`: N x 7 x 2 crop pixels for z0, nan where it is the mean shape."""

    crops: Tensor
    points_px: Tensor
    previous_px: Tensor


@dataclass(frozen=True)
class _Sample:
    crop: ImageArray
    points_px: FloatArray
    previous_px: FloatArray


class FacePool:
    """Labelled faces with their images in memory, by source."""

    def __init__(self, faces: Sequence[LabelledFace]) -> None:
        self.by_source: dict[str, list[tuple[ImageArray, FloatArray]]] = {}
        for face in faces:
            self.by_source.setdefault(face.source, []).append((read_image(face.image_path), face.points_px))
        self.everything = [face for faces_of_source in self.by_source.values() for face in faces_of_source]

    def mean_points(self) -> FloatArray:
        """7 x 2: where the detection landmarks lie on average in undisturbed crops, as fractions of the crop."""
        shapes = [CropTransform.from_landmarks(points, 1024).to_crop(points) for _, points in self.everything]
        return np.mean(shapes, axis=0)[list(DETECTION_INDICES)] / 1024

    def batches(self, stage: StageConfig, seed: int, first_step: int) -> Iterator[Batch]:
        """The stage's batches from `first_step` on, prepared ahead in a thread.

        Raises:
            InputError: the stage's mix names a source that the labels do not have.
        """
        if missing := set(stage.mix) - set(self.by_source) - {BACKGROUND}:
            raise InputError(
                f"stage {stage.name}: no faces of {sorted(missing)}; the labels have {sorted(self.by_source)}"
            )
        with ThreadPoolExecutor(1) as executor:
            waiting = [
                executor.submit(self.batch, stage, seed, step)
                for step in range(first_step, min(first_step + _AHEAD, stage.steps))
            ]
            for step in range(first_step, stage.steps):
                batch = waiting.pop(0).result()
                if step + _AHEAD < stage.steps:
                    waiting.append(executor.submit(self.batch, stage, seed, step + _AHEAD))
                yield batch

    def batch(self, stage: StageConfig, seed: int, step: int) -> Batch:
        """Batch number `step` of a stage."""
        rng = np.random.default_rng((seed, stage.crop_px, stage.images, step))
        sources = list(stage.mix)
        shares = np.array([stage.mix[source] for source in sources])
        chosen = rng.choice(len(sources), stage.batch, p=shares / shares.sum())
        samples = [self._sample(sources[index], stage, rng) for index in chosen]
        return Batch(
            torch.from_numpy(np.stack([sample.crop for sample in samples])),
            torch.from_numpy(np.stack([sample.points_px for sample in samples])),
            torch.from_numpy(np.stack([sample.previous_px for sample in samples])),
        )

    def _sample(self, source: str, stage: StageConfig, rng: np.random.Generator) -> _Sample:
        if source == BACKGROUND:
            return self._background(stage, rng)
        faces = self.by_source[source]
        image, points = faces[rng.integers(len(faces))]
        settings = stage.augmentation
        transform = augmentation.disturb(CropTransform.from_landmarks(points, stage.crop_px), settings, rng)
        crop, points_px = transform.extract(image), transform.to_crop(points)
        if rng.random() < settings.flip:
            crop, points_px = augmentation.mirror(crop, points_px)
        crop = augmentation.change_looks(crop, settings, rng)
        previous_px = np.full((len(DETECTION_INDICES), 2), np.nan, np.float32)
        if rng.random() < settings.previous:
            previous_px = augmentation.disturb_previous(points_px[list(DETECTION_INDICES)], stage.crop_px, rng)
        return _Sample(crop, points_px, previous_px)

    def _background(self, stage: StageConfig, rng: np.random.Generator) -> _Sample:
        """A crop from a corner of some image, beside its face, or a face's crop with its blocks shuffled."""
        image, points = self.everything[rng.integers(len(self.everything))]
        around = CropTransform.from_landmarks(points, stage.crop_px)
        if rng.random() < 0.6:
            reach = 0.42 * image.shape[0]
            corner = np.sign(rng.uniform(-1, 1, 2)) * reach + np.array(image.shape[1::-1]) / 2
            side_px = rng.uniform(0.2, 0.4) * image.shape[0]
            around = CropTransform((float(corner[0]), float(corner[1])), side_px, rng.uniform(-3, 3), stage.crop_px)
            crop = around.extract(image)
        else:
            crop = _shuffle_blocks(around.extract(image), rng)
        previous_px = np.full((len(DETECTION_INDICES), 2), np.nan, np.float32)
        if rng.random() < stage.augmentation.previous:
            shape = CropTransform.from_landmarks(points, stage.crop_px).to_crop(points)
            previous_px = augmentation.disturb_previous(shape[list(DETECTION_INDICES)], stage.crop_px, rng)
        nowhere = np.full_like(points, np.nan)
        return _Sample(augmentation.change_looks(crop, stage.augmentation, rng), nowhere, previous_px)


def _shuffle_blocks(crop: ImageArray, rng: np.random.Generator) -> ImageArray:
    """The crop's blocks in a random order, some turned: the colours of a face without its shape."""
    count = int(rng.integers(3, 7))
    size = crop.shape[0] // count
    blocks = [
        np.rot90(crop[row * size : (row + 1) * size, column * size : (column + 1) * size], int(rng.integers(4)))
        for row in range(count)
        for column in range(count)
    ]
    order = rng.permutation(len(blocks))
    shuffled = crop.copy()
    for place, block in enumerate(order):
        row, column = divmod(place, count)
        shuffled[row * size : (row + 1) * size, column * size : (column + 1) * size] = blocks[block]
    return shuffled
