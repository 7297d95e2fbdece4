"""What is measured on the weights of every run: calls of rednet-evaluate, each of which leaves a JSON file."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from experiments.plan import Experiment

WEIGHTS = "weights.safetensors"

LOST_ABOVE = 10
"""Percent: tracking begins anew after a frame with a larger error, so that one lost face is one failure."""


@dataclass(frozen=True)
class Data:
    """Where the data lie. `faces`: labels of faces68; `clips`: of rendered clips to train on; `unseen`: of other
    rendered clips, to measure on; `videos`: real clips without annotation."""

    faces: str
    clips: str
    unseen: str
    videos: tuple[str, ...]

    def to_train(self, experiment: Experiment) -> tuple[str, ...]:
        """The labels that a run is given."""
        return (self.faces, self.clips) if experiment.base == "clips" else (self.faces,)


IN_GENERAL = Data("faces68/labels.jsonl", "renders/labels.jsonl", "unseen/labels.jsonl", ("VIDEO...",))
"""Names for the documentation."""


@dataclass(frozen=True)
class Measurement:
    """A call of rednet-evaluate. `name`: of its JSON file in the run's folder."""

    name: str
    arguments: tuple[str, ...]

    @property
    def file_name(self) -> str:
        """Of the JSON file."""
        return f"{self.name}.json"

    def command(self, folder: str) -> list[str]:
        """The arguments of rednet-evaluate for the run in `folder`."""
        return [*self.arguments, "--weights", f"{folder}/{WEIGHTS}", "--json", f"{folder}/{self.file_name}"]

    def as_text(self, folder: str) -> str:
        """The call as one types it."""
        return shlex.join(["rednet-evaluate", *self.command(folder)])


def measurements(experiment: Experiment, data: Data) -> tuple[Measurement, ...]:
    """What is measured on the networks of an experiment."""
    found = {
        "stills": _of_stills(experiment, data),
        "identity": [_stills("truth", data), _of_people(data)],
        "clips": [_of_clips(data), _flicker(data)],
    }
    return tuple(found[experiment.base])


def _of_stills(experiment: Experiment, data: Data) -> list[Measurement]:
    found = [_stills("truth", data)] if experiment.finds_all_landmarks else []
    if "steps" in experiment.question:
        found += [_stills("truth", data, major=True), _stills("detector", data, major=True)]
    if "sharing" in experiment.question:
        found += [_stills("detector", data)]
    return found


def _stills(boxes: str, data: Data, major: bool = False) -> Measurement:
    landmarks = ("--landmarks", "7") if major else ()
    arguments = (data.faces, "--split", "validation", "--boxes", boxes, *landmarks)
    return Measurement(f"{boxes}7" if major else boxes, arguments)


def _of_people(data: Data) -> Measurement:
    return Measurement("verification", (data.faces, "--verification", "--split", "apart", "--boxes", "truth"))


def _of_clips(data: Data) -> Measurement:
    """The unit is the size of the landmarks' box: heads that turn to a profile have no distance of the eye corners."""
    tracking = ("--protocol", "tracking", "--stateless", "--reinit", str(LOST_ABOVE))
    return Measurement("clips", (data.unseen, *tracking, "--boxes", "truth", "--unit", "landmarks"))


def _flicker(data: Data) -> Measurement:
    return Measurement("flicker", ("--flicker", *data.videos))
