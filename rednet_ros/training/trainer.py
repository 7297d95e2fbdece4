"""Runs a configuration: its stages one after the other, with records, validation and checkpoints."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from rednet_ros.errors import InputError
from rednet_ros.network import weights
from rednet_ros.training import checkpoint, imagenet_encoder
from rednet_ros.training.batches import Batches, StillBatches, load
from rednet_ros.training.checkpoint import Progress, Tensors
from rednet_ros.training.clips import ClipBatches
from rednet_ros.training.config import LOSS_NAMES, StageConfig, TrainConfig
from rednet_ros.training.datasets.labels import LabelledFace
from rednet_ros.training.datasets.pool import FacePool
from rednet_ros.training.distributed import Team
from rednet_ros.training.learner import Learner
from rednet_ros.training.recorder import Recorder
from rednet_ros.training.schedule import Plateau, learning_rate
from rednet_ros.training.validation import ClipErrors, StillErrors, validate_clips, validate_stills
from rednet_ros.training.widening import widen

log = logging.getLogger(__name__)

CHECKPOINT, WEIGHTS = "checkpoint.safetensors", "weights.safetensors"


class Trainer:
    """One training run in a folder.

    It leaves `log.csv`, `validation.csv`, `curves.png` and TensorBoard's `events`, the checkpoint to resume from, and
    `weights.safetensors` (the moving average of the network, as it was last validated).
    """

    def __init__(
        self,
        config: TrainConfig,
        training: Sequence[LabelledFace],
        validation: Sequence[LabelledFace],
        folder: Path,
        *,
        team: Team | None = None,
        workers: int = 0,
    ) -> None:
        """`team`: the processes of the run, this one alone where None. `workers`: further ones that make its batches.

        Raises:
            InputError: there is nothing to train on.
        """
        self.config = config
        self.folder = folder
        self.progress = Progress()
        self._team = team or Team()
        self._workers = workers
        self.pool = FacePool(training)
        self._sets = {name: FacePool(faces) for name, faces in _by_set(validation).items()} if self._team.leads else {}
        self._recorder = Recorder(folder, [stage.name for stage in config.stages], keeps=self._team.leads)
        self._known: Tensors = {"mean_points": torch.from_numpy(self.pool.mean_points())}
        self._later: Tensors = {}
        self._learner: Learner | None = None

    @property
    def stage(self) -> StageConfig:
        """The stage that the run is in."""
        return self.config.stages[self.progress.stage_index]

    @property
    def learner(self) -> Learner:
        """What learns in this stage."""
        if self._learner is None:
            self._learner = self._new_learner()
        return self._learner

    def resume(self) -> None:
        """Continues from the folder's checkpoint.

        Raises:
            InputError: there is none, it is damaged, or it is of another network or other data.
        """
        path = self.folder / CHECKPOINT
        self.progress = checkpoint.read_progress(path)
        if self.progress.stage_index >= len(self.config.stages):
            raise InputError(f"{path} is of stage {self.progress.stage_index + 1}, which the configuration lacks")
        self._learner = self._new_learner()
        checkpoint.load(path, self._learner.parts(self._later))
        if self.progress.means:
            self._learner.balance.means = torch.tensor(self.progress.means, dtype=torch.float64)
        self._recorder.rewind(self.progress.stage_index, self.progress.step * self.stage.images_a_step)

    def begin_from(self, name_or_path: str | Path) -> None:
        """Takes over the parameters of other weights wherever name and shape agree, as when a trained network goes on.

        Those of modules that come with a later stage wait for it. A narrower network is widened first: the run begins
        with what it computes.

        Raises:
            WeightsError: the weights cannot be used.
        """
        network = weights.load(name_or_path)[0]
        if network.config.backbone == self.config.network.backbone and network.config.width < self.config.network.width:
            log.info("widening %s from %g to %g", name_or_path, network.config.width, self.config.network.width)
            torch.manual_seed(self.config.seed)
            network = widen(network, self.config.network.width)
        given = network.state_dict()
        self._known |= given
        self._later |= given
        self._learner = None
        own = self.learner.network.state_dict()
        fitting = sum(name in own and own[name].shape == tensor.shape for name, tensor in given.items())
        log.info("taking %d of %d tensors from %s", fitting, len(own), name_or_path)

    def begin_encoder_from(self, path: Path) -> None:
        """Takes over the encoder of an ImageNet classifier; see `imagenet_encoder.read`.

        Raises:
            InputError: the file is not one, or of another network than the configuration's.
        """
        self._known |= imagenet_encoder.read(path, self.config.network)
        self._learner = None

    def run(self, only_stage: str | None = None) -> None:
        """All stages from where the run stands, or only the one named.

        Raises:
            InputError: no stage has that name, or the data do not fit it.
        """
        names = [stage.name for stage in self.config.stages]
        if only_stage is None:
            for stage_index in range(self.progress.stage_index, len(names)):
                self._run_stage(stage_index)
        elif only_stage in names:
            self._run_stage(names.index(only_stage))
        else:
            raise InputError(f"no stage {only_stage!r} in the configuration: it has {', '.join(names)}")

    def _run_stage(self, stage_index: int) -> None:
        if stage_index != self.progress.stage_index:
            self._enter(stage_index)
        stage, learner, started = self.stage, self.learner, time.monotonic()
        log.info("stage %s (%s): %d images at %d px", stage.name, stage.kind, stage.images, stage.crop_px)
        first = self.progress.step
        for batch in load(self._batches(), first, stage.steps, self._workers):
            rate = learning_rate(stage, self.progress.step, self.progress.plateau)
            self._count(learner.step(batch, self.progress.step, rate).tolist())
            if self._due(self.config.log_every_images):
                self._log(rate, time.monotonic() - started)
                started = time.monotonic()
            if self._due(self.config.evaluate_every_images):
                self._evaluate()
            if self._due(self.config.checkpoint_every_images) and self._team.leads:
                checkpoint.save(self.folder / CHECKPOINT, learner.parts(self._later), self.progress)

    def _new_learner(self) -> Learner:
        return Learner(self.config, self.progress.stage_index, len(self.pool.persons), self._team, self._known)

    def _enter(self, stage_index: int) -> None:
        """Begins a later stage: the averaged weights go on, the optimiser starts anew."""
        self._known = {**self._known, **self._later, **self.learner.known()}
        self.progress = Progress(stage_index)
        self._learner = self._new_learner()

    def _batches(self) -> Batches[Any]:
        seed = (self.config.seed, self.progress.stage_index, self._team.rank)
        kind = ClipBatches if self.stage.kind == "clips" else StillBatches
        return kind(self.pool, self.stage, seed, self._team.share(self.stage.batch))

    def _count(self, losses: list[float]) -> None:
        """One more step done, with these losses."""
        before = self.progress.losses or (0.0,) * len(losses)
        self.progress = replace(
            self.progress,
            step=self.progress.step + 1,
            since=self.progress.since + 1,
            losses=tuple(old + new for old, new in zip(before, losses, strict=True)),
            means=tuple(self.learner.balance.means.tolist()),
        )

    def _due(self, every_images: int) -> bool:
        every = max(1, every_images // self.stage.images_a_step)
        return self.progress.step % every == 0 or self.progress.step == self.stage.steps

    @property
    def _images(self) -> int:
        return self.progress.step * self.stage.images_a_step

    @property
    def _total_images(self) -> int:
        before = self.config.stages[: self.progress.stage_index]
        return self._images + sum(stage.steps * stage.images_a_step for stage in before)

    def _log(self, rate: float, seconds: float) -> None:
        means = [total / self.progress.since for total in self.progress.losses]
        if not all(map(math.isfinite, means)):
            raise InputError(f"stage {self.stage.name}: the losses are no longer finite: lower the learning rate")
        row: dict[str, Any] = {"stage": self.stage.name, "images": self._images}
        row |= {name: f"{value:.6f}" for name, value in zip(LOSS_NAMES, means, strict=True)}
        row |= {"learning_rate": f"{rate:.3e}"}
        row |= {"images_per_s": f"{self.progress.since * self.stage.images_a_step / max(1e-9, seconds):.1f}"}
        self._recorder.losses(row, self._total_images)
        self.progress = replace(self.progress, losses=(), since=0)

    def _evaluate(self) -> None:
        """Validates the average and saves it; the learning rate of all processes hears of the first set's error."""
        average, first_error = self.learner.average, math.nan
        for name, pool in self._sets.items():
            stills = validate_stills(average, pool)
            clips = validate_clips(average, pool, self.stage) if self.stage.kind == "clips" else None
            first_error = stills.nme_mean if math.isnan(first_error) else first_error
            self._recorder.errors(self._validation_row(name, stills, clips), self._total_images)
        if self._team.leads:
            self._recorder.draw()
            info = weights.WeightsInfo(self.config.name, self.config.license, self.config.data)
            weights.save(self.folder / WEIGHTS, average, info)
        self._hear(self._team.of_leader(first_error))

    def _hear(self, error: float) -> None:
        plateau: Plateau = self.progress.plateau.after(error, self.stage.patience)
        if self.stage.schedule == "plateau" and plateau.drops > self.progress.plateau.drops:
            log.info("no better for %d validations: the learning rate falls to a tenth", self.stage.patience)
        self.progress = replace(self.progress, plateau=plateau)

    def _validation_row(self, name: str, stills: StillErrors, clips: ClipErrors | None) -> dict[str, Any]:
        row: dict[str, Any] = {"stage": self.stage.name, "images": self._images, "set": name, **asdict(stills)}
        of_clips = asdict(clips) if clips else dict.fromkeys(ClipErrors.__dataclass_fields__, "")
        return row | {f"clip_{key}": value for key, value in of_clips.items()}


def _by_set(faces: Sequence[LabelledFace]) -> dict[str, list[LabelledFace]]:
    """Faces to validate on by set: all of 300-W together and first, other sources each on their own."""
    sets: dict[str, list[LabelledFace]] = {}
    for face in faces:
        sets.setdefault("300w" if face.source.startswith("300w") else face.source or "faces", []).append(face)
    return dict(sorted(sets.items(), key=lambda entry: entry[0] != "300w"))
