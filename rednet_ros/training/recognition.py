"""Trains the network that tells people apart, as face recognition is trained: many people, a softmax with a margin.

CosFace (Wang et al., 2018): the cosine of a face's vector with that of its own person must exceed those with all others
by a margin. The people are only needed in training. Another recogniser may teach: what it makes of a face is what the
network shall make of it, up to a turn; that takes no names, and is worth more than a few hundred of them.
"""

from __future__ import annotations

import importlib.util
import io
import itertools
import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
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
from rednet_ros.metrics import equal_error_rate
from rednet_ros.network.recognition import CHIP_PX, VECTOR_SIZE, RecognitionNet
from rednet_ros.tracking.recognition.by_onnx import Description, write
from rednet_ros.tracking.recognition.chip import chip
from rednet_ros.tracking.recognition.recognizer import Recognizer, load_looking
from rednet_ros.tracking.types import FloatArray, ImageArray
from rednet_ros.training.augmentation.crops import Rng, change_looks
from rednet_ros.training.config import AugmentationSettings, RecognitionConfig
from rednet_ros.training.datasets.labels import LabelledFace
from rednet_ros.training.datasets.pool import UNKNOWN_PERSON, FacePool
from rednet_ros.training.learner import follow_average
from rednet_ros.training.muon import Muon
from rednet_ros.wording import progress_interval_s

log = logging.getLogger(__name__)

MARGIN_PX = 8
"""What is kept around a chip, so that it can be warped."""

CORNER_PX, SHIFT_PX, TURN_RAD, LOG_SCALE = 3.0, 2.0, math.radians(5), 0.05
"""Standard deviations of the warp: landmarks are not exact, and a warp of the four corners makes a face seem turned."""

PEOPLE_RATE = 3e-3
"""Largest learning rate of the people's own vectors."""

MADE_AHEAD = 4
"""Batches."""

OPSET = 11
"""Of the ONNX file, as of a step's."""

BATCH = 64
"""Of faces that are judged."""

TEACHING = 10.0
"""Weight of the distance from the teacher's vector (1 - cosine) beside the softmax."""


@dataclass(frozen=True, eq=False)
class Chips:
    """Aligned faces with a margin, N x S x S x 3 uint8. `person`, `sequence`: N classes, the person -1 where nobody is
    named. `rows`: of each source. `taught`: N x 256 float32 of unit length, what a teacher makes of them; 0 without."""

    pixels: ImageArray
    person: NDArray[np.int64]
    sequence: NDArray[np.int64]
    rows: dict[str, NDArray[np.intp]]
    taught: FloatArray

    @classmethod
    def of(
        cls,
        faces: Sequence[LabelledFace],
        margin_px: int = MARGIN_PX,
        teacher: Recognizer | None = None,
        taught: Sequence[str] = (),
    ) -> Chips:
        """Of all faces whose person is known by two pictures or more, and those of the sources that the `teacher` looks
        at (`taught`); each is read once and stays in memory.

        Raises InputError where the labels name no two people.
        """
        pool = FacePool(faces)
        known = [index for index, face in enumerate(pool.faces) if pool.person(index) >= 0 or face.source in taught]
        if len(pool.persons) < 2:
            raise InputError("recognition needs labels that name two people or more, with two faces each")
        size_px = CHIP_PX + 2 * margin_px
        pixels = np.empty((len(known), size_px, size_px, 3), np.uint8)
        said: dict[int, FloatArray] = {}
        for row, index in enumerate(tqdm(known, unit="face", mininterval=progress_interval_s())):
            picture = pool.picture(index)
            pixels[row] = chip(picture.image, picture.place_px, CHIP_PX, margin_px)
            if teacher is not None and pool.faces[index].source in taught:
                vector = teacher.vector(picture.image, picture.place_px)
                if vector is not None:
                    said[row] = vector
        person = np.array([pool.person(index) for index in known], np.int64)
        sources = np.array([pool.faces[index].source for index in known])
        names = [pool.faces[index].video or str(index) for index in known]
        sequence = np.unique(names, return_inverse=True)[1]
        return cls(
            pixels,
            person,
            sequence,
            {source: np.flatnonzero(sources == source) for source in sorted(set(sources.tolist()))},
            _spread(said, len(known)),
        )


def _spread(said: Mapping[int, FloatArray], count: int) -> FloatArray:
    """A teacher's vectors by row, less their mean, which they all share, turned at random into 256 dimensions (longer
    ones are projected): `count` x 256, of unit length; 0 elsewhere."""
    spread = np.zeros((count, VECTOR_SIZE), np.float32)
    if said:
        vectors = np.array(list(said.values()))
        size = max(VECTOR_SIZE, vectors.shape[1])
        turn = np.linalg.qr(np.random.default_rng(0).normal(size=(size, size)))[0]
        turned = (vectors - vectors.mean(axis=0)) @ turn[: vectors.shape[1], :VECTOR_SIZE]
        spread[list(said)] = turned / (np.linalg.norm(turned, axis=1, keepdims=True) + 1e-6)
    return spread


def augmented(padded: ImageArray, settings: AugmentationSettings, rng: Rng) -> ImageArray:
    """A chip of `CHIP_PX`, warped, perhaps mirrored, in another light and sharpness."""
    size = padded.shape[0]
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32) * (CHIP_PX - 1)
    turn, scale = rng.normal(0, TURN_RAD), math.exp(rng.normal(0, LOG_SCALE))
    rotation = scale * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    places = (corners - (CHIP_PX - 1) / 2) @ rotation.T + (size - 1) / 2
    places += rng.normal(0, SHIFT_PX, 2) + rng.normal(0, CORNER_PX, (4, 2))
    if rng.random() < 0.5:
        places = places[[1, 0, 3, 2]]
    warp = cv2.getPerspectiveTransform(places.astype(np.float32), corners)
    warped = cv2.warpPerspective(padded, warp, (CHIP_PX, CHIP_PX), borderMode=cv2.BORDER_REPLICATE)
    return change_looks(warped, settings, rng)


def batches(chips: Chips, config: RecognitionConfig, first_step: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Chips as the network sees them, N x 3 x 112 x 112, their N classes, what they are taught; made in a thread."""

    def made(step: int) -> tuple[Tensor, Tensor, Tensor]:
        rng = np.random.default_rng((config.seed, step))
        counts = rng.multinomial(config.batch, list(config.mix.values()))
        rows = np.concatenate(
            [rng.choice(chips.rows[source], count) for source, count in zip(config.mix, counts, strict=True)]
        )
        pixels = np.stack([augmented(chips.pixels[row], config.augmentation, rng) for row in rows])
        return seen(pixels), torch.from_numpy(chips.person[rows]), torch.from_numpy(chips.taught[rows])

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
    """CosFace: vectors N x 256 and N classes in, the loss out. Negative classes do not count."""

    def __init__(self, persons: int, scale: float) -> None:
        super().__init__()
        self.people = nn.Parameter(0.01 * torch.randn(persons, VECTOR_SIZE))
        self._scale = scale

    def forward(self, vectors: Tensor, person: Tensor, margin: float) -> Tensor:
        """`margin`: of cosines."""
        cosines = F.linear(F.normalize(vectors), F.normalize(self.people))
        own = F.one_hot(person.clamp(min=0), len(self.people))
        entropy = F.cross_entropy(
            self._scale * (cosines - margin * own), person, ignore_index=UNKNOWN_PERSON, reduction="sum"
        )
        return entropy / (person >= 0).sum().clamp(min=1)


class RecognitionTrainer:
    """One run in a folder: `checkpoint.pt` to resume from, `log.csv`, and in the end NAME.onnx and NAME.json."""

    def __init__(
        self,
        config: RecognitionConfig,
        training: Sequence[LabelledFace],
        apart: Sequence[LabelledFace],
        folder: Path,
    ) -> None:
        """`apart`: faces of other people, on whom the run is judged.

        Raises InputError where `mix` or `taught` names a source that `training` does not have, nobody is named, or the
        teacher cannot be used.
        """
        self.config, self.folder, self.checkpoint = config, folder, folder / "checkpoint.pt"
        teacher = load_looking(config.teacher) if config.teacher else None
        self._chips = Chips.of(training, teacher=teacher, taught=config.taught)
        self._apart = Chips.of(apart, margin_px=0)
        if missing := {*config.mix, *config.taught} - set(self._chips.rows):
            raise InputError(f"no named people of {sorted(missing)}; the labels have {sorted(self._chips.rows)}")
        torch.manual_seed(config.seed)
        self.network = RecognitionNet().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = RecognitionNet().requires_grad_(False).eval()
        self.average.load_state_dict(self.network.state_dict())
        self._softmax = MarginSoftmax(1 + int(self._chips.person.max()), config.scale)
        self._optimizer = Muon(self.network.parameters(), config.learning_rate, config.weight_decay)
        self._of_people = torch.optim.AdamW(self._softmax.parameters(), PEOPLE_RATE, weight_decay=config.weight_decay)
        self._step = 0

    @property
    def steps(self) -> int:
        """Of the whole run."""
        return max(1, self.config.images // self.config.batch)

    def begin_from(self, path: Path) -> None:
        """Takes over the network of another run's checkpoint, not its people. Raises InputError where there is none."""
        kept = _read(path)
        for network in (self.network, self.average):
            network.load_state_dict(kept["average"])

    def resume(self) -> None:
        """Goes on from the folder's checkpoint. Raises InputError where there is none of this network and people."""
        kept = _read(self.checkpoint)
        try:
            for name, part in self._parts().items():
                part.load_state_dict(kept[name])
            self._step = kept["step"]
        except (RuntimeError, KeyError, ValueError) as error:
            raise InputError(f"{self.checkpoint} is of another network or other people: {error}") from error

    def run(self) -> None:
        """Trains to the end. Raises InputError where the people kept apart give no pairs."""
        every = max(1, self.config.evaluate_every_images // self.config.batch)
        source = batches(self._chips, self.config, self._step)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.network.train()
        while self._step < self.steps:
            self._learn(*next(source))
            if self._step % every == 0 or self._step == self.steps:
                self._judge()
                self._keep()
        same, different = pair_cosines(self.average, self._apart)
        threshold = round(float(np.quantile(different, 1 - self.config.false_accepts)), 3)
        kept = 100 * float((same >= threshold).mean())
        log.info("%.1f %% of one person's pairs are recognised from a cosine of %.3f on", kept, threshold)
        description = Description(self.config.name, self.config.license, threshold)
        write(self.folder / f"{self.config.name}.onnx", to_onnx(self.average), description)

    def _judge(self) -> None:
        error = 100 * equal_error_rate(*pair_cosines(self.average, self._apart))[0]
        images = self._step * self.config.batch
        log.info("images %d: equal error rate of people kept apart %.2f %%", images, error)
        with (self.folder / "log.csv").open("a", encoding="utf-8") as file:
            file.write(f"{images},{error:.3f}\n")

    def _learn(self, chips: Tensor, person: Tensor, taught: Tensor) -> None:
        config, done = self.config, self._step / self.steps
        share = min(1.0, 50 * done + 0.01) * 0.5 * (1.001 + math.cos(math.pi * done))
        for optimizer, rate in ((self._optimizer, config.learning_rate), (self._of_people, PEOPLE_RATE)):
            optimizer.zero_grad(set_to_none=True)
            for group in optimizer.param_groups:
                group["lr"] = rate * share
        margin = config.margin * min(1.0, max(0.0, (done - 0.1) / 0.3))
        vectors = self.network(chips)
        is_taught = taught.any(dim=1)
        distances = is_taught * (1 - F.cosine_similarity(vectors, taught))
        teaching = TEACHING * distances.sum() / is_taught.sum().clamp(min=1)
        (self._softmax(vectors, person, margin) + teaching).backward()
        self._optimizer.step()
        self._of_people.step()
        self._step += 1
        decay = min(config.average, self._step / (10 + self._step))
        follow_average(self.average, self.network, decay)

    def _parts(self) -> dict[str, Any]:
        return {
            "network": self.network,
            "average": self.average,
            "softmax": self._softmax,
            "optimizer": self._optimizer,
            "of_people": self._of_people,
        }

    def _keep(self) -> None:
        partial = self.checkpoint.with_suffix(".partial")
        torch.save({"step": self._step, **{name: part.state_dict() for name, part in self._parts().items()}}, partial)
        partial.replace(self.checkpoint)


@torch.inference_mode()
def pair_cosines(network: RecognitionNet, chips: Chips) -> tuple[FloatArray, FloatArray]:
    """Of pairs of chips without margin: of one person in two sequences (in two pictures, where there are none), and of
    two people.

    Raises InputError where there are none of either.
    """
    parts = np.array_split(chips.pixels, len(chips.pixels) // BATCH + 1)
    units = F.normalize(torch.cat([network(seen(part)) for part in parts])).numpy()
    first, second = np.triu_indices(len(units), 1)
    cosines, same = (units @ units.T)[first, second], chips.person[first] == chips.person[second]
    other = chips.sequence[first] != chips.sequence[second]
    if not (same & other).any() or same.all():
        raise InputError("recognition is judged on two people or more, each in two sequences or pictures")
    return cosines[same & other], cosines[~same]


def to_onnx(network: RecognitionNet) -> bytes:
    """The network as an ONNX file for one face, which OpenCV 4.6 reads. Raises InputError without the package onnx."""
    if importlib.util.find_spec("onnx") is None:
        raise InputError("the package onnx is not installed: pip install 'rednet_ros[train]'")
    buffer: Any = io.BytesIO()
    example = torch.zeros(1, 3, CHIP_PX, CHIP_PX)
    torch.onnx.export(
        network, (example,), buffer, input_names=["chip"], output_names=["vector"], opset_version=OPSET, dynamo=False
    )
    return bytes(buffer.getvalue())


def _read(path: Path) -> dict[str, Any]:
    try:
        kept: dict[str, Any] = torch.load(path, weights_only=True)
        return kept
    except Exception as error:  # what torch raises for damaged files has no common base
        raise InputError(f"cannot go on from {path}: {error}") from error
