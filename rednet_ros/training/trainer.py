"""Runs a configuration: its stages one after the other, with records, validation and checkpoints."""

from __future__ import annotations

import logging
import math
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from rednet_ros.errors import InputError
from rednet_ros.network import weights
from rednet_ros.network.rednet import REDNet
from rednet_ros.network.weights import WeightsInfo
from rednet_ros.resources import resolve_weights
from rednet_ros.training import checkpoint, finishing, imagenet_encoder
from rednet_ros.training.batches import BACKGROUND, Batches, StillBatches, load
from rednet_ros.training.checkpoint import Progress, Tensors
from rednet_ros.training.clips import ClipBatches
from rednet_ros.training.config import (
    LOSS_NAMES,
    AverageStage,
    MotionStage,
    PeopleStage,
    Stage,
    StageConfig,
    TrainConfig,
)
from rednet_ros.training.datasets.labels import LabelledFace
from rednet_ros.training.datasets.pool import FacePool
from rednet_ros.training.distributed import Team
from rednet_ros.training.learner import Learner
from rednet_ros.training.recorder import Recorder
from rednet_ros.training.schedule import Plateau, learning_rate
from rednet_ros.training.teacher import taught
from rednet_ros.training.validation import ClipErrors, validate_clips, validate_stills
from rednet_ros.training.widening import widen_tensors

log = logging.getLogger(__name__)

CHECKPOINT, WEIGHTS, STAGES = "checkpoint.safetensors", "weights.safetensors", "stages"
NOTHING_KNOWN = WeightsInfo("", "", "")


class Trainer:
    """One training run in a folder.

    It leaves `log.csv`, `validation.csv`, `curves.png` and TensorBoard's `events`, the checkpoint to resume from,
    `weights.safetensors` (of a stage that learns: the moving average of the network, as it was last validated), and in
    `stages` the weights with which each stage ended.
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
        self._known_width: float | None = None
        self._taken_from: Path | None = None
        self._given: Path | None = None
        self._learner: Learner | None = None

    @property
    def stage(self) -> StageConfig:
        """The stage that learns, or did last."""
        stage = self.config.stages[self.progress.stage_index]
        assert isinstance(stage, StageConfig)
        return stage

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
        if not isinstance(next(iter(self.config.stages[self.progress.stage_index :]), None), StageConfig):
            raise InputError(f"{path} is of stage {self.progress.stage_index + 1}, which the configuration lacks")
        later: Tensors = {}
        checkpoint.load(path, self.learner.parts(later))
        self._known |= later
        if self.progress.means:
            self.learner.balance.means = torch.tensor(self.progress.means, dtype=torch.float64)
        self._recorder.rewind(self.progress.stage_index, self.progress.step * self.stage.images_a_step)

    def begin_from(self, name_or_path: str | Path) -> None:
        """Takes over the parameters of other weights wherever name and shape agree, as when a trained network goes on.

        Those of modules that come with a later stage wait for it. A narrower network is widened first: the run begins
        with what it computes.

        Raises:
            WeightsError: the weights cannot be used.
        """
        self._given = resolve_weights(name_or_path)
        self._take(self._given)
        self._learner = None

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
        if isinstance(self.config.stages[stage_index], StageConfig):
            self._learn(stage_index)
        else:
            self._finish(stage_index)

    def _learn(self, stage_index: int) -> None:
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
                own = learner.known()
                later = {name: tensor for name, tensor in self._known.items() if name not in own}
                checkpoint.save(self.folder / CHECKPOINT, learner.parts(later), self.progress)

    def _enter(self, stage_index: int) -> None:
        """Begins a later stage: the averaged weights go on, the optimiser starts anew."""
        if self._learner is not None:
            self._known |= self._learner.known()
        self.progress = Progress(stage_index)
        self._learner = self._new_learner()

    def _new_learner(self) -> Learner:
        """The learner of the stage that the run is in, with what is known of its network, or what its `init` says."""
        if self.stage.init is not None:
            self._take(self._weights_of(self.stage.init))
        own = self.stage.network(self.config.network)
        if self._known_width is not None and self._known_width < own.width:
            log.info("stage %s: widening from %g to %g", self.stage.name, self._known_width, own.width)
            torch.manual_seed(self.config.seed)
            before = replace(self.config.network, width=self._known_width)
            self._known = widen_tensors(self._known, before, own.width)
        self._known_width = own.width
        learner = Learner(self.config, self.progress.stage_index, len(self.pool.persons), self._team, self._known)
        if self._taken_from is not None:
            wanted = learner.network.state_dict()
            fitting = [
                name for name, tensor in self._known.items() if name in wanted and wanted[name].shape == tensor.shape
            ]
            log.info("taking %d of %d tensors from %s", len(fitting), len(wanted), self._taken_from)
            self._taken_from = None
        return learner

    def _take(self, path: Path) -> None:
        """Makes the parameters of a weights file what the next stage begins with."""
        network = weights.load(path)[0]
        self._known |= network.state_dict()
        alike = network.config.backbone == self.config.network.backbone
        self._known_width = network.config.width if alike else None
        self._taken_from = path

    def _weights_of(self, name: str) -> Path:
        """The weights that a stage ended with, or other ones by name or path."""
        if name not in [stage.name for stage in self.config.stages]:
            return resolve_weights(name)
        path = self._result(name)
        if not path.is_file():
            raise InputError(f"{path} is missing: run stage {name} first")
        return path

    def _result(self, stage_name: str) -> Path:
        return self.folder / STAGES / f"{stage_name}.safetensors"

    def _finish(self, stage_index: int) -> None:
        """Runs a stage that makes weights out of weights: the leading process does, the others wait."""
        stage = self.config.stages[stage_index]
        log.info("stage %s (%s)", stage.name, stage.kind)
        if self._team.leads:
            network, info = self._made(stage_index)
            self._save(network, info)
            self._keep_result(stage.name)
            if isinstance(stage, AverageStage):
                self._validate(network.to(self._team.device), stage)
        self._team.of_leader(0.0)
        if self._learner is not None:
            self._known |= self._learner.known()
        self._learner = None
        self._take(self._result(stage.name))

    def _made(self, stage_index: int) -> tuple[REDNet, WeightsInfo]:
        """What a stage that does not learn makes."""
        stage = self.config.stages[stage_index]
        if isinstance(stage, AverageStage):
            parts = [weights.load(self._weights_of(name))[0] for name in stage.of]
            parts[0].load_state_dict(finishing.averaged([part.state_dict() for part in parts]))
            return parts[0], NOTHING_KNOWN
        source = self._source(stage_index)
        network, info = weights.load(source)
        if isinstance(stage, PeopleStage):
            apart = [face for pool in self._sets.values() for face in pool.faces]
            threshold = finishing.separate_people(stage, network, self.pool.faces, apart)
            return network, replace(info, identity_threshold=threshold)
        assert isinstance(stage, MotionStage)
        parameters = finishing.motion_parameters(
            stage, source, self.pool, self._filmed_as(stage_index), self.config.seed
        )
        return network, replace(info, motion=parameters)

    def _source(self, stage_index: int) -> Path:
        """The weights that a stage works on: those of the stage before, or else those that the run was given."""
        before = self._result(self.config.stages[stage_index - 1].name) if stage_index else None
        if before is not None and before.is_file():
            return before
        if self._given is None:
            name = self.config.stages[stage_index].name
            raise InputError(f"stage {name} works on weights: run the stage before it, or give some with --init")
        return self._given

    def _filmed_as(self, stage_index: int) -> StageConfig:
        """The last stage of clips before this one, or else what one of the sources and looks of the last stills is."""
        before = [stage for stage in self.config.stages[:stage_index] if isinstance(stage, StageConfig)]
        stage = next((stage for stage in reversed(before) if stage.kind == "clips"), before[-1] if before else None)
        if stage is None:
            raise InputError(f"stage {self.config.stages[stage_index].name} needs a stage that learns before it")
        mix = {source: share for source, share in stage.mix.items() if source != BACKGROUND}
        return replace(stage, kind="clips", mix=mix)

    def _save(self, network: REDNet, info: WeightsInfo = NOTHING_KNOWN) -> None:
        """Writes the run's weights, with what `info` says besides name, licence and data."""
        config = self.config
        info = replace(info, name=config.name, license=config.license, data=config.data)
        weights.save(self.folder / WEIGHTS, network, info)

    def _keep_result(self, stage_name: str) -> None:
        """Keeps the run's weights as those that the stage ended with."""
        path = self._result(stage_name)
        path.parent.mkdir(exist_ok=True)
        partial = path.with_suffix(".partial")
        shutil.copyfile(self.folder / WEIGHTS, partial)
        partial.replace(path)

    def _batches(self) -> Batches[Any]:
        seed = (self.config.seed, self.progress.stage_index, self._team.rank)
        kind, pool = ClipBatches if self.stage.kind == "clips" else StillBatches, self.pool
        if self.stage.teacher is not None:
            pool = taught(
                pool, resolve_weights(self.stage.teacher), self.stage.taught, self.folder, self.learner.precision
            )
        return kind(pool, self.stage, seed, self._team.share(self.stage.batch))

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
        return self.progress.step * self.stage.images_a_step if self.progress.step else 0

    @property
    def _total_images(self) -> int:
        before = self.config.stages[: self.progress.stage_index]
        learned = [stage for stage in before if isinstance(stage, StageConfig)]
        return self._images + sum(stage.steps * stage.images_a_step for stage in learned)

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
        """Validates the average and saves it; the first set's error may lower the learning rate of all processes."""
        average = self.learner.average
        first_error = self._validate(average, self.stage)
        if self._team.leads:
            self._save(average)
            if self.progress.step == self.stage.steps:
                self._keep_result(self.stage.name)
        self._adjust_rate(self._team.of_leader(first_error))

    def _validate(self, network: REDNet, stage: Stage) -> float:
        """Records the errors of a stage's network on every set; returns the first set's, NaN where there is none."""
        first_error, images = math.nan, self._images if isinstance(stage, StageConfig) else 0
        for name, pool in self._sets.items():
            stills = validate_stills(network, pool)
            clips = self._clip_errors(network, pool, stage)
            first_error = stills.nme_mean if math.isnan(first_error) else first_error
            row: dict[str, Any] = {"stage": stage.name, "images": images, "set": name}
            row |= asdict(stills) | {f"clip_{key}": value for key, value in clips.items()}
            self._recorder.errors(row, self._total_images)
        self._recorder.draw()
        return first_error

    def _clip_errors(self, network: REDNet, pool: FacePool, stage: Stage) -> dict[str, Any]:
        if isinstance(stage, StageConfig) and stage.kind == "clips":
            return asdict(validate_clips(network, pool, stage))
        return dict.fromkeys(ClipErrors.__dataclass_fields__, "")

    def _adjust_rate(self, error: float) -> None:
        plateau: Plateau = self.progress.plateau.after(error, self.stage.patience)
        if self.stage.schedule == "plateau" and plateau.drops > self.progress.plateau.drops:
            log.info("no better for %d validations: the learning rate falls to a tenth", self.stage.patience)
        self.progress = replace(self.progress, plateau=plateau)


def _by_set(faces: Sequence[LabelledFace]) -> dict[str, list[LabelledFace]]:
    """Faces to validate on by set: all of 300-W together and first, other sources each on their own."""
    sets: dict[str, list[LabelledFace]] = {}
    for face in faces:
        sets.setdefault("300w" if face.source.startswith("300w") else face.source or "faces", []).append(face)
    return dict(sorted(sets.items(), key=lambda entry: entry[0] != "300w"))
