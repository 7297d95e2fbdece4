"""Trains RED-Net on stills (the paper's stage 1)."""

from __future__ import annotations

import csv
import logging
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rednet_ros.errors import InputError
from rednet_ros.network import weights
from rednet_ros.network.rednet import REDNet, normalise
from rednet_ros.training import checkpoint
from rednet_ros.training.batches import Batch, FacePool
from rednet_ros.training.checkpoint import Progress
from rednet_ros.training.config import StageConfig, TrainConfig
from rednet_ros.training.labels import LabelledFace
from rednet_ros.training.objective import LOSS_NAMES, step_losses
from rednet_ros.training.schedule import learning_rate, points_ramp
from rednet_ros.training.validation import validate

log = logging.getLogger(__name__)

GRADIENT_LIMIT = 5.0
"""The gradient's norm is clipped to it."""

SETTLED_STEPS = 1000
"""Steps that the moving average is taken to have behind it when a later stage begins."""


class Trainer:
    """One training run in a folder.

    It leaves `log.csv` and `validation.csv` (the curves), `checkpoint.safetensors` (to resume from) and
    `weights.safetensors` (the moving average of the network, as it was last validated).
    """

    def __init__(
        self, config: TrainConfig, training: list[LabelledFace], validation: list[LabelledFace], folder: Path
    ) -> None:
        """Reads every training image into memory.

        Raises:
            InputError: an image cannot be read.
        """
        self.config = config
        self.pool = FacePool(training)
        self.validation = validation
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(config.seed)
        self.network = REDNet(config.network).to(memory_format=torch.channels_last)  # half again as fast on a CPU
        self.network.mean_points.copy_(torch.from_numpy(self.pool.mean_points()))
        self.average = REDNet(config.network).to(memory_format=torch.channels_last)
        self.average.load_state_dict(self.network.state_dict())
        self.progress = Progress()
        self.optimizer = self._new_optimizer()

    @property
    def stage(self) -> StageConfig:
        """The stage that the run is in."""
        return self.config.stages[self.progress.stage_index]

    def resume(self) -> None:
        """Continues from the folder's checkpoint.

        Raises:
            InputError: there is none, it is damaged, or it is of another network.
        """
        path = self.folder / "checkpoint.safetensors"
        self.progress = checkpoint.read_progress(path)
        self.optimizer = self._new_optimizer()
        checkpoint.load(path, self.network, self.average, self.optimizer)

    def begin_from(self, name_or_path: str | Path) -> None:
        """Takes over the parameters of other weights wherever name and shape agree, as when a trained network goes on.

        Raises:
            WeightsError: the weights cannot be used.
        """
        given = weights.load(name_or_path)[0].state_dict()
        own = self.network.state_dict()
        fitting = {name: tensor for name, tensor in given.items() if name in own and own[name].shape == tensor.shape}
        log.info("taking %d of %d tensors from %s", len(fitting), len(own), name_or_path)
        self.network.load_state_dict({**own, **fitting})
        self.average.load_state_dict(self.network.state_dict())

    def run(self, only_stage: str | None = None) -> None:
        """All stages from where the run stands, or only the one named.

        Raises:
            InputError: no stage has that name.
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
        stage = self.stage
        self.network.config = self.average.config = replace(self.config.network, crop_px=stage.crop_px)
        log.info("stage %s: %d images at %d px", stage.name, stage.images, stage.crop_px)
        meter = _Meter()
        for batch in self.pool.batches(stage, self.config.seed, self.progress.step):
            meter.add(self._train_step(batch), stage.batch)
            self.progress = replace(self.progress, step=self.progress.step + 1)
            if self._due(self.config.log_every_images):
                self._log(meter)
                meter = _Meter()
            if self._due(self.config.evaluate_every_images):
                self._evaluate()
            if self._due(self.config.checkpoint_every_images):
                path = self.folder / "checkpoint.safetensors"
                checkpoint.save(path, self.network, self.average, self.optimizer, self.progress)

    def _enter(self, stage_index: int) -> None:
        """Begins a later stage: the averaged weights go on, the optimiser starts anew."""
        self.progress = Progress(stage_index)
        self.network.load_state_dict(self.average.state_dict())
        self.optimizer = self._new_optimizer()

    def _new_optimizer(self) -> torch.optim.AdamW:
        return torch.optim.AdamW(
            self.network.parameters(), self.stage.learning_rate, weight_decay=self.stage.weight_decay
        )

    def _due(self, every_images: int) -> bool:
        every = max(1, every_images // self.stage.batch)
        return self.progress.step % every == 0 or self.progress.step == self.stage.steps

    def _train_step(self, batch: Batch) -> Tensor:
        """One step of the optimiser; returns the losses, see `LOSS_NAMES`."""
        stage = self.stage
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(stage, self.progress.step)
        self.network.train()
        crops = normalise(batch.crops.permute(0, 3, 1, 2).flip(1))
        output = self.network(crops, self.network.draw_z0(batch.previous_px))
        losses = step_losses(output, batch.points_px, self.network.config)
        share = points_ramp(stage, self.progress.step)
        factors = torch.tensor([stage.losses.detection, stage.losses.regression, stage.losses.points * share])
        self.optimizer.zero_grad(set_to_none=True)
        (losses * factors).sum().backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), GRADIENT_LIMIT)
        self.optimizer.step()
        self._update_average()
        return losses.detach()

    @torch.no_grad()
    def _update_average(self) -> None:
        # A young average follows fast, so that the start of a run does not linger in it.
        age = self.progress.step + (SETTLED_STEPS if self.progress.stage_index else 0)
        decay = min(self.stage.average, (1 + age) / (10 + age))
        for kept, current in zip(self.average.state_dict().values(), self.network.state_dict().values(), strict=True):
            if kept.is_floating_point():
                kept.lerp_(current, 1 - decay)
            else:
                kept.copy_(current)

    def _evaluate(self) -> None:
        summary = validate(self.average, self.validation)
        row = {
            "stage": self.stage.name,
            "images": self.progress.step * self.stage.batch,
            "nme_mean": summary.nme_mean,
            "nme_inner51": summary.nme_inner51,
            "failure_rate_10": summary.failure_rate_10,
        }
        log.info("%s", _as_text(row))
        self._append("validation.csv", row)
        info = weights.WeightsInfo(self.config.name, self.config.license, self.config.data)
        weights.save(self.folder / "weights.safetensors", self.average, info)

    def _log(self, meter: _Meter) -> None:
        row: dict[str, Any] = {"stage": self.stage.name, "images": self.progress.step * self.stage.batch}
        row |= {name: f"{value:.5f}" for name, value in zip(LOSS_NAMES, meter.means(), strict=True)}
        row |= {"learning_rate": f"{learning_rate(self.stage, self.progress.step):.6f}"}
        row |= {"images_per_s": f"{meter.images_per_s():.1f}"}
        log.info("%s", _as_text(row))
        self._append("log.csv", row)

    def _append(self, file_name: str, row: dict[str, Any]) -> None:
        path = self.folder / file_name
        new = not path.exists()
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(row))
            if new:
                writer.writeheader()
            writer.writerow(row)


class _Meter:
    """Mean losses and speed since it was made."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._sums = torch.zeros(len(LOSS_NAMES))
        self._steps = 0
        self._images = 0

    def add(self, losses: Tensor, images: int) -> None:
        self._sums += losses
        self._steps += 1
        self._images += images

    def means(self) -> list[float]:
        return (self._sums / max(1, self._steps)).tolist()

    def images_per_s(self) -> float:
        return self._images / max(1e-9, time.monotonic() - self._started)


def _as_text(row: dict[str, Any]) -> str:
    return ", ".join(
        f"{key} {value:.3f}" if isinstance(value, float) else f"{key} {value}" for key, value in row.items()
    )
