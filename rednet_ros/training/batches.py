"""Batches of still faces. Each depends on (seed, stage, step, rank) alone, so that a run resumes exactly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset

from rednet_ros.errors import RednetError
from rednet_ros.landmarks import DETECTION_INDICES, LANDMARK_COUNT
from rednet_ros.tracking.crops import CropTransform
from rednet_ros.tracking.types import FloatArray, ImageArray
from rednet_ros.training.augmentation import face_paint
from rednet_ros.training.augmentation.crops import change_looks, disturb, disturb_previous, mirror
from rednet_ros.training.config import StageConfig
from rednet_ros.training.datasets.pool import UNKNOWN_PERSON, FacePool, Picture

BACKGROUND = "background"
_MAJOR = list(DETECTION_INDICES)


@dataclass(frozen=True)
class Batch:
    """N crops. `crops`: N x S x S x 3 uint8 BGR. `points_px`: N x 68 x 2 crop pixels, NaN where not annotated.
    `shown`: N bool, False for a crop without a face. `previous_px`: N x 7 x 2 crop pixels for z0, NaN where it is the
    mean shape. `person`: N classes, or `UNKNOWN_PERSON`."""

    crops: ImageArray
    points_px: FloatArray
    shown: NDArray[np.bool_]
    previous_px: FloatArray
    person: NDArray[np.int64]


@dataclass(frozen=True)
class _Sample:
    crop: ImageArray
    points_px: FloatArray
    shown: bool
    previous_px: FloatArray
    person: int


class StillBatches:
    """The batches of a stage of stills: `batches[step]`."""

    def __init__(self, pool: FacePool, stage: StageConfig, seed: tuple[int, ...], size: int) -> None:
        """`size`: faces in a batch of this process; `seed`: of the run, the stage and the process.

        Raises:
            InputError: the stage's mix names a source that the pool does not have.
        """
        pool.check_sources(set(stage.mix) - {BACKGROUND}, stage.name)
        self._pool, self._stage, self._seed, self._size = pool, stage, seed, size

    def __getitem__(self, step: int) -> Batch:
        rng = np.random.default_rng((*self._seed, step))
        samples = [self._sample(index, rng) for index in self._choose(rng)]
        return Batch(
            np.stack([sample.crop for sample in samples]),
            np.stack([sample.points_px for sample in samples]),
            np.array([sample.shown for sample in samples]),
            np.stack([sample.previous_px for sample in samples]),
            np.array([sample.person for sample in samples], np.int64),
        )

    def _choose(self, rng: np.random.Generator) -> list[int | None]:
        """Indices of the batch's faces, None for a background."""
        chosen: list[int | None] = []
        for source, count in choose_sources(self._stage.mix, self._size, rng):
            if source == BACKGROUND:
                chosen += [None] * count
            elif self._stage.kind == "identity" and self._pool.by_person[source]:
                chosen += self._people(source, count, rng)
            else:
                faces = self._pool.by_source[source]
                chosen += [faces[index] for index in rng.integers(len(faces), size=count)]
        return chosen

    def _people(self, source: str, count: int, rng: np.random.Generator) -> list[int]:
        """`count` faces of a source, several of each person: images of one person that differ are what teaches."""
        people = self._pool.by_person[source]
        chosen: list[int] = []
        while len(chosen) < count:
            faces = people[rng.integers(len(people))]
            several = min(self._stage.images_a_person, len(faces), count - len(chosen))
            chosen += [faces[index] for index in rng.choice(len(faces), several, replace=False)]
        return chosen

    def _sample(self, index: int | None, rng: np.random.Generator) -> _Sample:
        if index is None:
            return self._background(self._any_picture(rng), rng)
        picture, settings, size_px = self._pool.picture(index), self._stage.augmentation, self._stage.crop_px
        transform = disturb(CropTransform.from_landmarks(picture.place_px, size_px), settings, rng)
        crop, points_px = transform.extract(picture.image), transform.to_crop(picture.points_px)
        if rng.random() < settings.flip:
            crop, points_px = mirror(crop, points_px)
        crop = face_paint.paint(crop, points_px, lambda: self._any_picture(rng).image, settings.paint, rng)
        crop = change_looks(crop, settings, rng)
        return _Sample(crop, points_px, True, self._previous(points_px, rng), picture.person)

    def _background(self, picture: Picture, rng: np.random.Generator) -> _Sample:
        """A crop from a corner of some image, beside its face, or a face's crop with its blocks shuffled."""
        image, settings, size_px = picture.image, self._stage.augmentation, self._stage.crop_px
        around = CropTransform.from_landmarks(picture.place_px, size_px)
        previous_px = self._previous(around.to_crop(picture.place_px), rng)
        if rng.random() < 0.6:
            corner = beside_the_face(image, rng)
            side_px = rng.uniform(0.2, 0.4) * image.shape[0]
            crop = CropTransform(corner, side_px, rng.uniform(-3, 3), size_px).extract(image)
        else:
            crop = _shuffle_blocks(around.extract(image), rng)
        nowhere = np.full((LANDMARK_COUNT, 2), np.nan, np.float32)
        crop = change_looks(crop, settings, rng)
        return _Sample(crop, nowhere, False, previous_px, UNKNOWN_PERSON)

    def _any_picture(self, rng: np.random.Generator) -> Picture:
        return self._pool.picture(int(rng.integers(len(self._pool))))

    def _previous(self, points_px: FloatArray, rng: np.random.Generator) -> FloatArray:
        if rng.random() < self._stage.augmentation.previous:
            return disturb_previous(points_px[_MAJOR], self._stage.crop_px, rng)
        return np.full((len(_MAJOR), 2), np.nan, np.float32)


def choose_sources(mix: dict[str, float], count: int, rng: np.random.Generator) -> list[tuple[str, int]]:
    """How many of `count` draws fall on each source of a mix."""
    shares = np.array(list(mix.values()))
    return list(zip(mix, rng.multinomial(count, shares / shares.sum()).tolist(), strict=True))


def beside_the_face(image: ImageArray, rng: np.random.Generator) -> tuple[float, float]:
    """A point near a corner of an image that shows a face in its middle."""
    reach = 0.42 * image.shape[0]
    x, y = np.sign(rng.uniform(-1, 1, 2)) * reach + np.array(image.shape[1::-1]) / 2
    return float(x), float(y)


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


T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class Batches(Protocol[T_co]):
    """The batches of a stage."""

    def __getitem__(self, step: int) -> T_co:
        """Batch number `step`; asked twice, it gives the same."""
        ...


def load(batches: Batches[T], first_step: int, steps: int, workers: int) -> Iterator[T]:
    """The batches from `first_step` to before `steps`, made by `workers` processes (0: by this one, when asked).

    Raises the package's own errors as `batches` does.
    """
    if workers == 0:
        for step in range(first_step, steps):
            yield batches[step]
        return
    loader: DataLoader[T | RednetError] = DataLoader(
        _Steps(batches),
        batch_size=None,
        sampler=range(first_step, steps),
        num_workers=workers,
        prefetch_factor=3,
        collate_fn=_as_they_are,  # arrays go through a pipe: shared memory is scarce in containers
        worker_init_fn=_one_thread,
    )
    for batch in loader:
        if isinstance(batch, RednetError):
            raise batch
        yield batch


class _Steps(Dataset[T | RednetError]):
    """Errors that a user can do something about travel as values: the loader would wrap them into a traceback."""

    def __init__(self, batches: Batches[T]) -> None:
        self._batches = batches

    def __getitem__(self, step: int) -> T | RednetError:
        try:
            return self._batches[step]
        except RednetError as error:
            return error


def _as_they_are(batch: T) -> T:
    return batch


def _one_thread(_: int) -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
