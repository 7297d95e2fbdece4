"""A training run as a value, read from YAML: the network, the stages, the mix of data, the losses."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

import yaml

from rednet_ros.errors import InputError
from rednet_ros.network.config import STATE_SIZE, REDNetConfig

StageKind = Literal["stills", "identity", "clips"]
"""The paper's three stages, which learn: still images; still images of people who are told apart; clips."""

IdentityLogits = Literal["linear", "cosine", "margin"]
"""What the people's classifier compares; see `losses.IdentityClassifier`."""

Precision = Literal["auto", "bf16", "float32"]
_NAME = re.compile(r"[\w-]+")
LOSS_NAMES = ("detection", "regression", "points", "identity", "jitter")

MAX_BURSTS = 0.75
"""Of a clip's frames; the rest is needed to see the face at all."""


@dataclass(frozen=True)
class LossWeights:
    """Factors of the losses' sum. `points` is ramped up over the stage's images `points_from`..`points_full`.

    `jitter` (clips only): of the acceleration of the error from frame to frame. `bursts` (clips only): what a frame in
    a burst counts beside one outside. `balance`: loss name -> share, as in the paper (detection 1, regression 10,
    identity 1): the losses named are rescaled by their running means so that they contribute in this ratio, the first
    of them with its own size; their factors above then do not count.
    """

    detection: float = 1.0
    regression: float = 30.0
    points: float = 0.3
    points_from: int = 0
    points_full: int = 0
    identity: float = 1.0
    jitter: float = 0.0
    bursts: float = 3.0
    balance: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if unknown := set(self.balance) - set(LOSS_NAMES):
            raise ValueError(f"losses: balance names {sorted(unknown)}; known are {', '.join(LOSS_NAMES)}")
        if not self.bursts > 0:
            raise ValueError(f"losses: bursts is {self.bursts}: it must be above 0")


@dataclass(frozen=True)
class PaintSettings:
    """Probabilities of what is painted onto a training face; see `face_paint`. All zero: nothing.

    `side_light`: one side bright, the other in shade; `glare`: bright spots; `beard`; `surround`: cloth, skin or
    another picture about the chin; `edge`: the picture ends near the face's rim.
    """

    side_light: float = 0.0
    glare: float = 0.0
    beard: float = 0.0
    surround: float = 0.0
    edge: float = 0.0


@dataclass(frozen=True)
class AugmentationSettings:
    """What is done to a training face; see `augmentation`.

    `shift`: of the crop's centre, as a fraction of its side (each axis); `log_scale`: of its side; `roll_deg`: of its
    turn: standard deviations, or with `spread: uniform` the largest values. `flip`, `occlude`, `blur`, `grey`, `noise`:
    probabilities; `light`: factor of all changes of light and colour, 0 leaves them out; `previous`: share of faces
    whose z0 is drawn from disturbed landmarks, as in tracking, in place of the mean shape. `paint`: of stills.
    """

    shift: float = 0.04
    log_scale: float = 0.09
    roll_deg: float = 10.0
    spread: Literal["normal", "uniform"] = "normal"
    flip: float = 0.5
    occlude: float = 0.3
    blur: float = 0.2
    grey: float = 0.1
    noise: float = 0.2
    light: float = 1.0
    previous: float = 0.5
    paint: PaintSettings = field(default_factory=PaintSettings)


@dataclass(frozen=True)
class ClipSettings:
    """How clips are made; see `clips` and `virtual_camera`.

    `frames`: T, through which gradients flow; `reverse`: probability that a clip runs backwards. `motion`: factor of
    the virtual camera's motion; `still_camera`: share of clips in which it does not move at all. `light`: factor of
    the drift of light; `noise`: largest standard deviation of the noise of each frame, grey levels; `motion_blur`:
    share of clips with it; `occlude`: share with an object that passes; `vanish`: share in which the face is hidden
    altogether for some frames, and is then taken not to be there. `bursts`: share of the frames in which a face is
    hidden or hardly to be seen and still has to be found (see `augmentation.bursts`): it grows from 0 over the first
    `bursts_ramp` of the stage, a share of its steps. 0 leaves them out.
    """

    frames: int = 10
    reverse: float = 0.5
    motion: float = 1.0
    still_camera: float = 0.25
    light: float = 1.0
    noise: float = 10.0
    motion_blur: float = 0.3
    occlude: float = 0.3
    vanish: float = 0.05
    bursts: float = 0.0
    bursts_ramp: float = 0.5

    def __post_init__(self) -> None:
        if self.frames < 2:
            raise ValueError(f"clips: frames is {self.frames}: a clip has 2 or more")
        if not 0 <= self.bursts <= MAX_BURSTS or not 0 <= self.bursts_ramp <= 1:
            raise ValueError(
                f"clips: bursts is {self.bursts}, bursts_ramp {self.bursts_ramp}: 0 to {MAX_BURSTS}, and 0 to 1"
            )


@dataclass(frozen=True)
class StageConfig:
    """One stage: `images` training faces at `crop_px`, in steps of `batch` faces, or of `batch` clips.

    `kind`: see `StageKind`. `mix`: source name (as in the labels) -> share of the batch; the name "background" stands
    for crops without a face (stills and identity only). `batch` is that of all processes together. `optimizer`:
    "adamw", "muon" (see `muon`), or "sgd" with momentum 0.9 (the paper). `schedule`: "cosine" from `learning_rate` to
    `final_rate`, or "plateau": a tenth whenever `patience` validations in a row bring nothing better. `average`: decay
    a step of the moving average of the weights, which is what is evaluated and shipped. `images_a_person` (identity
    only): how many images of a person a batch holds. `identity_logits`: of the people's classifier, "linear" (the
    paper), "cosine" or "margin", see `IdentityClassifier`. `freeze_norm`: batch norm keeps the statistics that it has;
    None: in clips only, whose frames come a few at a time. `only`: names of parts of the network (such as "temporal")
    that learn while all else stays as it is; empty: all of it learns. `width`: of the network in this stage, None: that
    of the run's network; a stage that is wider than the one before begins with what that one computes (see `widening`).
    `init`: what the stage begins with where that is not the result of the one before: an earlier stage's name, or
    weights (name or file). `teacher`: weights (name or file) whose landmarks take part in the targets; `taught`: source
    -> the teacher's share in them (see `teacher`).
    """

    name: str
    crop_px: int
    images: int
    mix: dict[str, float]
    kind: StageKind = "stills"
    batch: int = 32
    learning_rate: float = 2e-3
    final_rate: float = 2e-5
    warmup_images: int = 2000
    weight_decay: float = 1e-2
    average: float = 0.998
    optimizer: Literal["adamw", "sgd", "muon"] = "adamw"
    schedule: Literal["cosine", "plateau"] = "cosine"
    patience: int = 3
    images_a_person: int = 4
    identity_logits: IdentityLogits = "linear"
    freeze_norm: bool | None = None
    only: tuple[str, ...] = ()
    width: float | None = None
    init: str | None = None
    teacher: str | None = None
    taught: dict[str, float] = field(default_factory=dict)
    losses: LossWeights = field(default_factory=LossWeights)
    augmentation: AugmentationSettings = field(default_factory=AugmentationSettings)
    clips: ClipSettings = field(default_factory=ClipSettings)

    def __post_init__(self) -> None:
        _check(f"stage {self.name}: kind", self.kind, (*get_args(StageKind), "average", "separate_people", "motion"))
        object.__setattr__(self, "only", tuple(self.only))
        _check(f"stage {self.name}: optimizer", self.optimizer, ("adamw", "sgd", "muon"))
        _check(f"stage {self.name}: schedule", self.schedule, ("cosine", "plateau"))
        _check(f"stage {self.name}: identity_logits", self.identity_logits, get_args(IdentityLogits))
        if bool(self.taught) != (self.teacher is not None) or not all(0 < share <= 1 for share in self.taught.values()):
            raise ValueError(f"stage {self.name}: a teacher needs taught, shares above 0 and at most 1, and vice versa")
        _check(f"stage {self.name}: augmentation: spread", self.augmentation.spread, ("normal", "uniform"))

    @property
    def images_a_step(self) -> int:
        """Faces that a step of the optimiser sees."""
        return self.batch * (self.clips.frames if self.kind == "clips" else 1)

    @property
    def steps(self) -> int:
        """Optimiser steps of the stage."""
        return max(1, self.images // self.images_a_step)

    @property
    def keeps_norm(self) -> bool:
        """Whether batch norm keeps its statistics in this stage."""
        return self.kind == "clips" if self.freeze_norm is None else self.freeze_norm

    def network(self, whole: REDNetConfig) -> REDNetConfig:
        """The part of the `whole` network that is trained: the paper adds identity and temporal module in turn."""
        return replace(
            whole,
            width=self.width or whole.width,
            crop_px=self.crop_px,
            identity=whole.identity and self.kind != "stills",
            temporal=whole.temporal if self.kind == "clips" else "none",
        )


@dataclass(frozen=True)
class AverageStage:
    """Takes the mean of weights that began with the same ones: often better than each (Wortsman et al., 2022).

    `of`: two or more, each an earlier stage's name, or weights (name or file). The first names the network.
    """

    name: str
    of: tuple[str, ...]
    kind: Literal["average"] = "average"

    def __post_init__(self) -> None:
        object.__setattr__(self, "of", tuple(self.of))
        if len(self.of) < 2:
            raise ValueError(f"stage {self.name}: an average needs two or more weights, of is {list(self.of)}")


@dataclass(frozen=True)
class PeopleStage:
    """Puts the directions that tell people apart into the identity branch; see `finishing`.

    `pictures`: of people with a name, at most so many of the training faces. `directions`: how many are kept (of 256).
    `false_accepts`: the share of strangers that the file's `identity_threshold` may take for one person, measured on
    people who are kept apart; 0: the file gets no threshold, and recognition stays off.
    """

    name: str
    kind: Literal["separate_people"] = "separate_people"
    pictures: int = 6000
    directions: int = 32
    false_accepts: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= self.directions <= STATE_SIZE:
            raise ValueError(f"stage {self.name}: directions is {self.directions}: choose 1 to {STATE_SIZE}")
        if not 0 <= self.false_accepts < 1:
            raise ValueError(f"stage {self.name}: false_accepts is {self.false_accepts}: choose 0 up to 1")


@dataclass(frozen=True)
class MotionStage:
    """Fits the tracker's motion filter to the network; see `motion_fit`.

    `clips`: how many the tracker follows in each of `rounds`, of `frames` each; they have the sources and the looks of
    the last stage of clips before this one, or else of stills. `max_added_error`: the filter makes faces flicker as
    little as it can without adding more than this to the error of any kind of clips, the fastest heads included, in
    percent of the outer eye corners' distance.
    """

    name: str
    kind: Literal["motion"] = "motion"
    clips: int = 120
    frames: int = 24
    rounds: int = 2
    max_added_error: float = 0.1

    def __post_init__(self) -> None:
        if self.clips < 1 or self.frames < 3 or self.rounds < 1 or not self.max_added_error > 0:
            raise ValueError(
                f"stage {self.name}: needs 1 clip or more of 3 frames or more, 1 round or more, max_added_error above 0"
            )


Stage = StageConfig | AverageStage | PeopleStage | MotionStage
_FINISHING: dict[str, type[AverageStage | PeopleStage | MotionStage]] = {
    "average": AverageStage,
    "separate_people": PeopleStage,
    "motion": MotionStage,
}


@dataclass(frozen=True)
class TrainConfig:
    """A run: what is trained, on what, in which stages. `name`, `license` and `data` go into the weights file.

    `precision`: of the arithmetic; "auto" is bf16 where a GPU has it, or a CPU with AMX, else float32.
    """

    name: str
    license: str
    data: str
    network: REDNetConfig
    stages: tuple[Stage, ...]
    seed: int = 1
    precision: Precision = "auto"
    log_every_images: int = 1600
    evaluate_every_images: int = 16000
    checkpoint_every_images: int = 8000

    def __post_init__(self) -> None:
        _check("precision", self.precision, get_args(Precision))
        names = [stage.name for stage in self.stages]
        if len(set(names)) < len(names) or not all(map(_NAME.fullmatch, names)):
            raise ValueError(f"stages are named {names}: give each its own name of letters, digits, - and _")


@dataclass(frozen=True)
class RecognitionConfig:
    """A run of the network that tells people apart (`recognition`). `name`, `license`, `data` go into its description.

    `images`: training faces in all, in batches of `batch`; `mix`: source (as in the labels) -> share of a batch.
    `margin`: of cosines, from a tenth of the run on, and in full from four tenths on; `scale`: of the cosines.
    `average`: decay a step of the moving average, which is what is kept. `false_accepts`: share of the pairs of two
    people kept apart that the file's threshold takes for one. `teacher`: a recogniser ("dlib", or an .onnx) whose
    vectors of the faces of the sources `taught` the network learns, too, whether or not these people are named.
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
    teacher: str = ""
    taught: tuple[str, ...] = ()
    evaluate_every_images: int = 32000
    seed: int = 1
    augmentation: AugmentationSettings = field(
        default_factory=lambda: AugmentationSettings(occlude=0.25, blur=0.5, grey=0.2, noise=0.3, light=1.4)
    )

    def __post_init__(self) -> None:
        if bool(self.teacher) != bool(self.taught):
            raise ValueError("a teacher needs taught, the sources whose faces it looks at, and vice versa")


def read_recognition_config(path: str | Path) -> RecognitionConfig | None:
    """The run of a YAML file with `kind: recognition`; None for another. Raises InputError as `read_config`."""
    path = Path(path)
    values = _read_yaml(path)
    if not isinstance(values, dict) or values.pop("kind", None) != "recognition":
        return None
    try:
        if "augmentation" in values:
            values["augmentation"] = _build(AugmentationSettings, values["augmentation"])
        return _build(RecognitionConfig, values)
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: {error}") from error


def read_config(path: str | Path) -> TrainConfig:
    """The run described by a YAML file.

    A stage's `augmentation` is a mapping, or the name of a YAML file beside this one that holds it.

    Raises:
        InputError: no such file, no YAML, or a name or value that is not understood; the message says which.
    """
    path = Path(path)
    values = _read_yaml(path)
    try:
        network = _network(values.pop("network"))
        stages = tuple(_stage(stage, path.parent) for stage in values.pop("stages"))
        return _build(TrainConfig, {**values, "network": network, "stages": stages})
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: {error}") from error


T = TypeVar("T")


def _read_yaml(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as YAML: {error}") from error


def _network(values: dict[str, Any]) -> REDNetConfig:
    if values.pop("smoothing", False):
        raise ValueError(
            "network: smoothing is gone, for the tracker's motion filter smooths: delete the line, and fit the filter "
            "in a last stage {name: motion, kind: motion}"
        )
    return REDNetConfig.from_dict(values)


def _stage(values: dict[str, Any], folder: Path) -> Stage:
    if (kind := values.get("kind")) in _FINISHING:
        return _build(_FINISHING[kind], values)
    augmentation = values.get("augmentation", {})
    if isinstance(augmentation, str):
        augmentation = _read_yaml(folder / augmentation)
    return _build(
        StageConfig,
        {
            **values,
            "losses": _build(LossWeights, values.get("losses", {})),
            "augmentation": _build(
                AugmentationSettings, {**augmentation, "paint": _build(PaintSettings, augmentation.get("paint", {}))}
            ),
            "clips": _build(ClipSettings, values.get("clips", {})),
        },
    )


def _build(cls: type[T], values: dict[str, Any]) -> T:
    known = {item.name for item in fields(cls)}  # type: ignore[arg-type]
    if unknown := set(values) - known:
        raise ValueError(f"{cls.__name__}: unknown settings {sorted(unknown)}; known are {sorted(known)}")
    return cls(**values)


def _check(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"{name} is {value!r}: choose {', '.join(known)}")
