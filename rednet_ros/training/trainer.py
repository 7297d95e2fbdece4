"""Trains RED-Net on stills (the paper's stage 1): loop, moving average, checkpoints, log."""

from __future__ import annotations

import csv
import json
import logging
import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from rednet_ros.errors import InputError
from rednet_ros.landmarks import DETECTION_INDICES
from rednet_ros.network import heatmaps, losses, weights
from rednet_ros.network.config import REDNetConfig
from rednet_ros.network.rednet import REDNet, REDNetOutput, normalise
from rednet_ros.training.batches import Batch, FacePool
from rednet_ros.training.config import StageConfig, TrainConfig
from rednet_ros.training.labels import LabelledFace
from rednet_ros.training.validation import validate

log = logging.getLogger(__name__)
LOSS_NAMES = ("detection", "regression", "points")


class Trainer:
    """One training run in a folder: `log.csv`, `checkpoint.safetensors` and its `.json`, `weights.safetensors`."""

    def __init__(self, config: TrainConfig, training: list[LabelledFace], validation: list[LabelledFace], folder: Path) -> None:
        self.config = config
        self.pool = FacePool(training)
        self.validation = validation
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(config.seed)
        self.network = REDNet(config.network)
        self.network.mean_points.copy_(torch.from_numpy(self.pool.mean_points()))
        self.average = REDNet(config.network)
        self.average.load_state_dict(self.network.state_dict())
        self.stage_index = 0
        self.step = 0
        self.optimizer = self._new_optimizer(config.stages[0])

    def run(self, only_stage: str | None = None) -> None:
        """All stages from where the run stands, or the one named.

        Raises:
            InputError: no stage has that name.
        """
        names = [stage.name for stage in self.config.stages]
        if only_stage is not None:
            if only_stage not in names:
                raise InputError(f"no stage {only_stage!r} in the configuration: it has {', '.join(names)}")
            if names.index(only_stage) != self.stage_index:
                self._enter(names.index(only_stage))
        while self.stage_index < len(self.config.stages):
            self._run_stage(self.config.stages[self.stage_index])
            if only_stage is not None or self.stage_index + 1 == len(self.config.stages):
                return
            self._enter(self.stage_index + 1)

    def _enter(self, stage_index: int) -> None:
        """Begins a stage: the averaged weights go on, the optimiser starts anew."""
        self.stage_index, self.step = stage_index, 0
        self.network.load_state_dict(self.average.state_dict())
        self.optimizer = self._new_optimizer(self.config.stages[stage_index])

    def _new_optimizer(self, stage: StageConfig) -> torch.optim.AdamW:
        return torch.optim.AdamW(self.network.parameters(), stage.learning_rate, weight_decay=stage.weight_decay)

    def _run_stage(self, stage: StageConfig) -> None:
        shape = replace(self.config.network, crop_px=stage.crop_px)
        self.network.config = self.average.config = shape
        log.info("stage %s: %d images at %d px", stage.name, stage.images, stage.crop_px)
        started, sums, counted = time.monotonic(), torch.zeros(len(LOSS_NAMES)), 0
        for batch in self.pool.batches(stage, self.config.seed, self.step):
            sums += self._train_step(stage, shape, batch)
            counted += 1
            self.step += 1
            if self._due(self.config.log_every_images, stage):
                rate = counted * stage.batch / (time.monotonic() - started)
                self._log(stage, (sums / counted).tolist(), rate)
                started, sums, counted = time.monotonic(), torch.zeros(len(LOSS_NAMES)), 0
            if self._due(self.config.evaluate_every_images, stage):
                self._evaluate(stage)
                started = time.monotonic()
            if self._due(self.config.checkpoint_every_images, stage):
                self.save_checkpoint()

    def _due(self, every_images: int, stage: StageConfig) -> bool:
        every = max(1, every_images // stage.batch)
        return self.step % every == 0 or self.step == stage.steps

    def _train_step(self, stage: StageConfig, shape: REDNetConfig, batch: Batch) -> Tensor:
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(stage, self.step)
        self.network.train()
        crops = normalise(batch.crops.permute(0, 3, 1, 2).flip(1))
        output = self.network(crops, self.network.draw_z0(batch.previous_px))
        parts = step_losses(output, batch.points_px, shape)
        factors = torch.tensor(
            [stage.losses.detection, stage.losses.regression, stage.losses.points * points_ramp(stage, self.step)]
        )
        self.optimizer.zero_grad(set_to_none=True)
        (parts * factors).sum().backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimizer.step()
        self._update_average(stage)
        return parts.detach()

    @torch.no_grad()
    def _update_average(self, stage: StageConfig) -> None:
        # A young average follows fast, so that the start of a run does not linger in it.
        done = self.step + (0 if self.stage_index == 0 else 1000)
        decay = min(stage.average, (1 + done) / (10 + done))
        for kept, current in zip(self.average.state_dict().values(), self.network.state_dict().values(), strict=True):
            if kept.is_floating_point():
                kept.lerp_(current, 1 - decay)
            else:
                kept.copy_(current)

    def _evaluate(self, stage: StageConfig) -> None:
        summary = validate(self.average, self.validation)
        log.info("stage %s, image %d: NME %.3f %%, inner 51 %.3f %%, failures %.2f %%",
                 stage.name, self.step * stage.batch, summary.nme_mean, summary.nme_inner51, summary.failure_rate_10)  # fmt: skip
        self._append("validation.csv", {
            "stage": stage.name, "images": self.step * stage.batch, "nme_mean": summary.nme_mean,
            "nme_inner51": summary.nme_inner51, "failure_rate_10": summary.failure_rate_10,
        })  # fmt: skip
        self.save_weights()

    def _log(self, stage: StageConfig, means: list[float], images_per_s: float) -> None:
        row: dict[str, Any] = {"stage": stage.name, "images": self.step * stage.batch}
        row |= {name: f"{value:.5f}" for name, value in zip(LOSS_NAMES, means, strict=True)}
        row |= {"learning_rate": f"{learning_rate(stage, self.step):.6f}", "images_per_s": f"{images_per_s:.1f}"}
        log.info("%s", ", ".join(f"{key} {value}" for key, value in row.items()))
        self._append("log.csv", row)

    def _append(self, file_name: str, row: dict[str, Any]) -> None:
        path = self.folder / file_name
        new = not path.exists()
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(row))
            if new:
                writer.writeheader()
            writer.writerow(row)

    def save_weights(self) -> None:
        """The averaged network as a weights file."""
        info = weights.WeightsInfo(self.config.name, self.config.license, self.config.data)
        weights.save(self.folder / "weights.safetensors", self.average, info)

    def save_checkpoint(self) -> None:
        """All that `resume` needs; tensors and JSON, no pickle."""
        tensors = {f"network.{name}": tensor for name, tensor in self.network.state_dict().items()}
        tensors |= {f"average.{name}": tensor for name, tensor in self.average.state_dict().items()}
        for index, moments in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": value for name, value in moments.items()}
        partial = self.folder / "checkpoint.partial"
        progress = json.dumps({"stage_index": self.stage_index, "step": self.step})
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, partial, {"progress": progress})
        partial.replace(self.folder / "checkpoint.safetensors")

    def resume(self) -> None:
        """Continues from the folder's checkpoint.

        Raises:
            InputError: there is none, or it is of another network.
        """
        path = self.folder / "checkpoint.safetensors"
        if not path.is_file():
            raise InputError(f"nothing to resume: {path} does not exist")
        tensors = load_file(path)
        progress = read_progress(path)
        self.stage_index, self.step = progress["stage_index"], progress["step"]
        self.optimizer = self._new_optimizer(self.config.stages[self.stage_index])
        state = self.optimizer.state_dict()
        state["state"] = {}
        try:
            self.network.load_state_dict(_below("network.", tensors))
            self.average.load_state_dict(_below("average.", tensors))
        except RuntimeError as error:
            raise InputError(f"{path} is of another network than the configuration: {error}") from error
        for name, tensor in _below("optimizer.", tensors).items():
            index, moment = name.split(".")
            state["state"].setdefault(int(index), {})[moment] = tensor
        self.optimizer.load_state_dict(state)


def read_progress(checkpoint: Path) -> dict[str, int]:
    """Stage index and step of a checkpoint file."""
    from safetensors import safe_open

    with safe_open(checkpoint, framework="pt") as file:
        return json.loads(file.metadata()["progress"])


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name[len(prefix) :]: tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def learning_rate(stage: StageConfig, step: int) -> float:
    """Linear warm-up, then a cosine from `learning_rate` to `final_rate`."""
    warm = min(1.0, (step + 1) * stage.batch / max(1, stage.warmup_images))
    cosine = 0.5 * (1 + math.cos(math.pi * step / stage.steps))
    return warm * (stage.final_rate + (stage.learning_rate - stage.final_rate) * cosine)


def points_ramp(stage: StageConfig, step: int) -> float:
    """0..1: how much of the point loss counts yet."""
    first, full = stage.losses.points_from, stage.losses.points_full
    if full <= first:
        return 1.0
    return min(1.0, max(0.0, (step * stage.batch - first) / (full - first)))


def step_losses(output: REDNetOutput, points_px: Tensor, config: REDNetConfig) -> Tensor:
    """Detection, regression and point loss of one batch, each summed over the steps of its kind.

    `points_px`: N x 68 x 2; faces whose points are nan (no face in the crop) have empty targets and no point loss.
    """
    major = points_px[:, list(DETECTION_INDICES)]
    discs = heatmaps.draw_discs(major, config.map_px, config.cells(config.radius_px))
    gaussians = heatmaps.draw_gaussians(points_px, config.map_px, config.cells(config.sigma_px))
    shown = torch.isfinite(points_px).all(dim=2).all(dim=1)
    detection = regression = points = torch.zeros(())
    for kind, maps in zip(config.steps, output.steps, strict=True):
        if kind == "detection":
            detection = detection + losses.detection_loss(maps, discs)
        else:
            regression = regression + losses.regression_loss(maps, gaussians)
            decoded, _ = heatmaps.decode(maps[shown])
            # In cells: half a crop pixel's map cell is about one percent of the inter-ocular distance.
            points = points + losses.point_loss(decoded / 2, points_px[shown] / 2, scale=0.5)
    return torch.stack([detection, regression, points])
