"""Batches of clips: rendered and real ones where the labels have consecutive frames, stills that seem to move else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rednet_ros.errors import InputError
from rednet_ros.landmarks import DETECTION_INDICES
from rednet_ros.tracking.crops import CropTransform
from rednet_ros.tracking.types import Box, FloatArray, ImageArray
from rednet_ros.training.augmentation.crops import disturb, disturb_previous
from rednet_ros.training.augmentation.virtual_camera import Clip, film
from rednet_ros.training.batches import BACKGROUND, choose_sources
from rednet_ros.training.config import StageConfig
from rednet_ros.training.datasets.pool import FacePool, Picture, person_name

FRAME_SCALE = 2
"""Side of a frame as a multiple of the network's crop."""

MIN_RUN = 4
"""Sequences that are shorter are taken for stills; longer ones that are shorter than a clip run to and fro."""

_TRIES = 50
_MAJOR = list(DETECTION_INDICES)


@dataclass(frozen=True)
class ClipBatch:
    """N clips of T frames of F x F pixels. `frames`: N x T x F x F x 3 uint8 BGR. `points_px`: N x T x 68 x 2 pixels of
    the frames, NaN where not annotated. `shown`: N x T bool, False where the face is hidden. `person`: N classes.
    `detected`: N x T x 4, the crop that a detector would give: centre x, y, side, in pixels of the frame, and 0.
    `burst`: N x T bool, where the face is hardly to be seen. `disturbance`: N x T x 7 x 2, added to the landmarks from
    which z0 is drawn, in sides of the crop."""

    frames: ImageArray
    points_px: FloatArray
    shown: NDArray[np.bool_]
    person: NDArray[np.int64]
    detected: FloatArray
    burst: NDArray[np.bool_]
    disturbance: FloatArray


class ClipBatches:
    """The batches of a stage of clips: `batches[step]`. No batch holds a person twice."""

    def __init__(self, pool: FacePool, stage: StageConfig, seed: tuple[int, ...], size: int) -> None:
        """`size`: clips in a batch of this process; `seed`: of the run, the stage and the process.

        Raises:
            InputError: the stage's mix names a source that the pool does not have, or "background".
        """
        if BACKGROUND in stage.mix:
            raise InputError(
                f"stage {stage.name}: clips have no {BACKGROUND}; set clips: vanish for frames without face"
            )
        pool.check_sources(set(stage.mix), stage.name)
        self._pool, self._stage, self._seed, self._size = pool, stage, seed, size
        self._runs = {source: [run for run in pool.sequences[source] if len(run) >= MIN_RUN] for source in stage.mix}

    def __getitem__(self, step: int) -> ClipBatch:
        rng = np.random.default_rng((*self._seed, step))
        share = self._burst_share(step)
        made = [self._film(indices, share, rng) for indices in self._choose(rng)]
        clips = [clip for clip, _ in made]
        return ClipBatch(
            np.stack([clip.frames for clip in clips]),
            np.stack([clip.points_px for clip in clips]),
            np.stack([clip.shown for clip in clips]),
            np.array([person for _, person in made], np.int64),
            np.stack([self._detected(clip, rng) for clip in clips]),
            np.stack([clip.burst for clip in clips]),
            np.stack([self._disturbance(clip, rng) for clip in clips]),
        )

    def _burst_share(self, step: int) -> float:
        clips, grown = self._stage.clips, step / self._stage.steps
        return clips.bursts * (1.0 if grown >= clips.bursts_ramp else grown / clips.bursts_ramp)

    def _choose(self, rng: np.random.Generator) -> list[list[int]]:
        """Faces of every clip of a batch: T of a sequence, or a single one."""
        chosen: list[list[int]] = []
        seen: set[str] = set()
        for source, count in choose_sources(self._stage.mix, self._size, rng):
            for _ in range(count):
                for _ in range(_TRIES):
                    indices = self._draw(source, rng)
                    if self._who(indices[0]) not in seen:
                        break
                seen.add(self._who(indices[0]))
                chosen.append(indices)
        return chosen

    def _who(self, index: int) -> str:
        face = self._pool.faces[index]
        return person_name(face) or str(face.image_path)

    def _draw(self, source: str, rng: np.random.Generator) -> list[int]:
        runs = self._runs[source]
        if not runs:
            faces = self._pool.by_source[source]
            return [faces[int(rng.integers(len(faces)))]]
        return window(runs[int(rng.integers(len(runs)))], self._stage.clips.frames, rng)

    def _film(self, indices: list[int], burst_share: float, rng: np.random.Generator) -> tuple[Clip, int]:
        stage = self._stage
        pictures: list[Picture] = [self._pool.picture(index) for index in indices]
        moves = len(pictures) == 1
        if moves:
            pictures = pictures * stage.clips.frames
        elif rng.random() < stage.clips.reverse:
            pictures = pictures[::-1]
        frame_px = FRAME_SCALE * stage.crop_px
        clip = film(pictures, frame_px, stage.clips, stage.augmentation, rng, moves=moves, burst_share=burst_share)
        return clip, pictures[0].person

    def _detected(self, clip: Clip, rng: np.random.Generator) -> FloatArray:
        return np.array([detector_crop(place, self._stage, rng) for place in clip.place_px], np.float32)

    def _disturbance(self, clip: Clip, rng: np.random.Generator) -> FloatArray:
        """In bursts, for the share `previous` of the frames: what the frame before says is less to be trusted there."""
        disturbance = np.zeros((len(clip.burst), len(DETECTION_INDICES), 2), np.float32)
        for time in np.flatnonzero(clip.burst):
            if rng.random() < self._stage.augmentation.previous:
                points_px = CropTransform.from_landmarks(clip.place_px[time], 1).to_crop(clip.place_px[time][_MAJOR])
                disturbance[time] = disturb_previous(points_px, 1, rng) - points_px
        return disturbance


def window(run: list[int], count: int, rng: np.random.Generator) -> list[int]:
    """`count` neighbours of a run of frames; one that is shorter goes to and fro."""
    if len(run) >= count:
        first = int(rng.integers(len(run) - count + 1))
        return run[first : first + count]
    there_and_back = run + run[-2:0:-1]
    return [there_and_back[index % len(there_and_back)] for index in range(count)]


def detector_crop(place_px: FloatArray, stage: StageConfig, rng: np.random.Generator) -> tuple[float, ...]:
    """Centre, side and roll of the crop that a detector, which knows of no roll, would give for these landmarks."""
    crop = disturb(CropTransform.from_box(Box.around(place_px), stage.crop_px), stage.augmentation, rng)
    return (*crop.center_px, crop.side_px, 0.0)
