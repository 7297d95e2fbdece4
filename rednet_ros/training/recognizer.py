"""Trains the network that tells people apart, as face recognition is trained: many people, a softmax with a margin.

CosFace (Wang et al., 2018): the cosine of a face's vector with that of its own person must exceed those with all others
by a margin. The people are only needed in training.
"""

from __future__ import annotations

import itertools
import logging
import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from rednet_ros.errors import InputError
from rednet_ros.network.recognizer import CHIP_PX, VECTOR_SIZE, Recognizer
from rednet_ros.tracking.recognition.chip import chip
from rednet_ros.tracking.types import ImageArray
from rednet_ros.training.augmentation.crops import Rng, change_looks
from rednet_ros.training.config import AugmentationSettings
from rednet_ros.training.datasets.labels import LabelledFace
from rednet_ros.training.datasets.pool import FacePool
from rednet_ros.training.muon import Muon
from rednet_ros.wording import progress_interval_s

log = logging.getLogger(__name__)

MARGIN_PX = 8
"""What is kept around a chip, so that it can be warped."""

LOOKS = AugmentationSettings(occlude=0.25, blur=0.5, grey=0.2, noise=0.3, light=1.4)
CORNER_PX, SHIFT_PX, TURN_RAD, LOG_SCALE = 3.0, 2.0, math.radians(5), 0.05
"""Standard deviations of the warp: landmarks are not exact, and a warp of the four corners makes a face seem turned."""

PEOPLE_RATE = 3e-3
"""Largest learning rate of the people's own vectors."""

MADE_AHEAD = 4
"""Batches."""


@dataclass(frozen=True)
class RecognizerConfig:
    """A run. `name`, `license`, `data` go into the file's description. `images`: training faces in all, in batches of
    `batch`; `mix`: source (as in the labels) -> share of a batch. `margin` grows over the first fifth of the run;
    `scale`: of the cosines. `average`: decay a step of the moving average, which is what is kept. `false_accepts`: share
    of strangers that the file's threshold takes for one person, of those kept apart.
    """

    name: str
    license: str
    data: str
    images: int
    mix: dict[str, float]
    batch: int = 64
    learning_rate: float = 6e-3
    weight_decay: float = 1e-2
    margin: float = 0.3
    scale: float = 32.0
    average: float = 0.998
    false_accepts: float = 0.001
    evaluate_every_images: int = 32000
    seed: int = 1
    looks: AugmentationSettings = field(default_factory=lambda: LOOKS)


@dataclass(frozen=True, eq=False)
class Chips:
    """Aligned faces with `MARGIN_PX` around them, N x S x S x 3 uint8; `person`: N classes; by source, their rows."""

    pixels: ImageArray
    person: NDArray[np.int64]
    rows: dict[str, NDArray[np.intp]]

    @classmethod
    def of(cls, faces: Sequence[LabelledFace]) -> Chips:
        """Of all faces whose person is known by two pictures or more; each is read once and stays in memory.

        Raises InputError where the labels name no two people.
        """
        pool = FacePool(faces)
        known = [index for index in range(len(pool)) if pool.person(index) >= 0]
        if len(pool.persons) < 2:
            raise InputError("a recognizer needs labels that name two people or more, with two faces each")
        size_px = CHIP_PX + 2 * MARGIN_PX
        pixels = np.empty((len(known), size_px, size_px, 3), np.uint8)
        for row, index in enumerate(tqdm(known, unit="face", mininterval=progress_interval_s())):
            picture = pool.picture(index)
            pixels[row] = chip(picture.image, picture.place_px, CHIP_PX, MARGIN_PX)
        person = np.array([pool.person(index) for index in known], np.int64)
        sources = np.array([pool.faces[index].source for index in known])
        return cls(pixels, person, {source: np.flatnonzero(sources == source) for source in sorted(set(sources))})


def augmented(padded: ImageArray, looks: AugmentationSettings, rng: Rng) -> ImageArray:
    """A chip of `CHIP_PX`, warped, perhaps mirrored, in another light and sharpness."""
    size = padded.shape[0]
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32) * (CHIP_PX - 1)
    turn, scale = rng.normal(0, TURN_RAD), math.exp(rng.normal(0, LOG_SCALE))
    rotation = scale * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    seen = (corners - (CHIP_PX - 1) / 2) @ rotation.T + (size - 1) / 2
    seen += rng.normal(0, SHIFT_PX, 2) + rng.normal(0, CORNER_PX, (4, 2))
    if rng.random() < 0.5:
        seen = seen[[1, 0, 3, 2]]
    warp = cv2.getPerspectiveTransform(seen.astype(np.float32), corners)
    warped = cv2.warpPerspective(padded, warp, (CHIP_PX, CHIP_PX), borderMode=cv2.BORDER_REPLICATE)
    return change_looks(warped, looks, rng)


def batches(chips: Chips, config: RecognizerConfig, first_step: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Chips as the network sees them, N x 3 x 112 x 112, and their N classes; made in a thread."""

    def made(step: int) -> tuple[Tensor, Tensor]:
        rng = np.random.default_rng((config.seed, step))
        counts = rng.multinomial(config.batch, list(config.mix.values()))
        rows = np.concatenate(
            [rng.choice(chips.rows[source], count) for source, count in zip(config.mix, counts, strict=True)]
        )
        pixels = np.stack([augmented(chips.pixels[row], config.looks, rng) for row in rows])
        return seen(pixels), torch.from_numpy(chips.person[rows])

    with ThreadPoolExecutor(1) as thread:
        steps = itertools.count(first_step)
        waiting = [thread.submit(made, next(steps)) for _ in range(MADE_AHEAD)]
        while True:
            yield waiting.pop(0).result()
            waiting.append(thread.submit(made, next(steps)))


def seen(chips: ImageArray) -> Tensor:
    """Chips, N x S x S x 3 BGR uint8, as the network sees them."""
    rgb = np.ascontiguousarray(chips[..., ::-1].transpose(0, 3, 1, 2))
    return torch.from_numpy(rgb).float().sub_(127.5).div_(127.5)


class MarginSoftmax(nn.Module):
    """CosFace: vectors N x 256 and N classes in, the loss out."""

    def __init__(self, persons: int, scale: float) -> None:
        super().__init__()
        self.people = nn.Parameter(0.01 * torch.randn(persons, VECTOR_SIZE))
        self._scale = scale

    def forward(self, vectors: Tensor, person: Tensor, margin: float) -> Tensor:
        """`margin`: of cosines."""
        cosines = F.linear(F.normalize(vectors), F.normalize(self.people))
        own = F.one_hot(person, len(self.people))
        return F.cross_entropy(self._scale * (cosines - margin * own), person)


class RecognizerTrainer:
    """One run in a folder: `checkpoint.pt` to resume from, and `log.csv`."""

    def __init__(self, config: RecognizerConfig, training: Sequence[LabelledFace], folder: Path) -> None:
        """Raises InputError where `mix` names a source that `training` does not have, or nobody is named."""
        self.config, self.folder = config, folder
        self._chips = Chips.of(training)
        if missing := set(config.mix) - set(self._chips.rows):
            raise InputError(f"no named people of {sorted(missing)}; the labels have {sorted(self._chips.rows)}")
        torch.manual_seed(config.seed)
        self.network = Recognizer().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = Recognizer().requires_grad_(False).eval()
        self.average.load_state_dict(self.network.state_dict())
        self._softmax = MarginSoftmax(1 + int(self._chips.person.max()), config.scale)
        self._optimizer = Muon(self.network.parameters(), config.learning_rate, config.weight_decay)
        self._of_people = torch.optim.AdamW(self._softmax.parameters(), PEOPLE_RATE, weight_decay=config.weight_decay)
        self._step = 0

    @property
    def steps(self) -> int:
        """Of the whole run."""
        return max(1, self.config.images // self.config.batch)

    def resume(self) -> None:
        """Goes on from the folder's checkpoint. Raises InputError where there is none of this network and people."""
        path = self.folder / "checkpoint.pt"
        try:
            kept: dict[str, Any] = torch.load(path, weights_only=True)
            for name, part in self._parts().items():
                part.load_state_dict(kept[name])
            self._step = kept["step"]
        except (OSError, RuntimeError, KeyError, ValueError) as error:
            raise InputError(f"cannot resume from {path}: {error}") from error

    def run(self) -> Iterator[int]:
        """Trains; yields the number of images seen wherever the average should be judged, and in the end."""
        every = max(1, self.config.evaluate_every_images // self.config.batch)
        source = batches(self._chips, self.config, self._step)
        self.network.train()
        while self._step < self.steps:
            self._learn(*next(source))
            if self._step % every == 0 or self._step == self.steps:
                self._keep()
                yield self._step * self.config.batch

    def _learn(self, chips: Tensor, person: Tensor) -> None:
        config, done = self.config, self._step / self.steps
        share = min(1.0, 50 * done + 0.01) * 0.5 * (1.001 + math.cos(math.pi * done))
        for optimizer, rate in ((self._optimizer, config.learning_rate), (self._of_people, PEOPLE_RATE)):
            optimizer.zero_grad(set_to_none=True)
            for group in optimizer.param_groups:
                group["lr"] = rate * share
        margin = config.margin * min(1.0, max(0.0, (done - 0.1) / 0.3))
        self._softmax(self.network(chips), person, margin).backward()
        self._optimizer.step()
        self._of_people.step()
        self._step += 1
        decay = min(config.average, self._step / (10 + self._step))
        for kept, now in zip(self.average.state_dict().values(), self.network.state_dict().values(), strict=True):
            kept.lerp_(now, 1 - decay) if kept.is_floating_point() else kept.copy_(now)

    def _parts(self) -> dict[str, Any]:
        return {
            "network": self.network,
            "average": self.average,
            "softmax": self._softmax,
            "optimizer": self._optimizer,
            "of_people": self._of_people,
        }

    def _keep(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = self.folder / "checkpoint.partial"
        torch.save({"step": self._step, **{name: part.state_dict() for name, part in self._parts().items()}}, partial)
        partial.replace(self.folder / "checkpoint.pt")
