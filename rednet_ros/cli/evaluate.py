"""rednet-evaluate: landmark errors on labelled images."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
from tqdm import tqdm

from rednet_ros.cli import command
from rednet_ros.cli.evaluation_report import as_record, as_table, worst_sheet
from rednet_ros.errors import InputError
from rednet_ros.tracking.detector import load_detector
from rednet_ros.tracking.still import StillPredictor
from rednet_ros.tracking.types import Box, FloatArray, ImageArray
from rednet_ros.training.evaluation import FaceResult, evaluate, worst
from rednet_ros.training.labels import LabelledFace, is_validation, read_labels

NAME = "rednet-evaluate"
WORST_COUNT = 20


class Predictor(Protocol):
    """Finds the landmarks of a face near a labelled one; `weights_name` tells with which weights."""

    @property
    def weights_name(self) -> str: ...

    def __call__(self, image_bgr: ImageArray, box: Box) -> FloatArray | None:
        """See `rednet_ros.training.evaluation.Predict`."""


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code: 0, or 2 for input that cannot be used."""
    return command.execute(NAME, run, argument_parser().parse_args(argv))


def argument_parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    parser = command.parser(
        NAME, "Measure landmark errors on labelled images, in percent of the distance of the outer eye corners."
    )
    parser.add_argument("labels", metavar="LABELS.jsonl", type=Path, help="labels file; its images lie beside it")
    parser.add_argument(
        "--boxes",
        choices=("detector", "truth"),
        default="detector",
        help="where a face is looked for: the found box that best covers the labelled face (default), or the tight "
        "box around its labelled landmarks",
    )
    parser.add_argument(
        "--split",
        choices=("all", "validation", "train"),
        default="all",
        help="validation: 300-W images whose number is divisible by ten; train: the others (default: all)",
    )
    parser.add_argument("--json", metavar="F", type=Path, help="write the numbers to this file")
    parser.add_argument(
        "--worst",
        metavar="FOLDER",
        type=Path,
        help=f"write a picture of the {WORST_COUNT} worst faces into this folder",
    )
    command.add_network_arguments(parser)
    return parser


def run(options: argparse.Namespace) -> None:
    """Evaluate and report. Raises the package's errors."""
    command.check_outputs([options.labels], [options.json])
    faces = split(read_labels(options.labels), options.split)
    if not faces:
        raise InputError(f"{options.labels}: holds no face of the split {options.split!r}")
    predictor = _open_predictor(options)
    bar = tqdm(faces, unit="face", desc=predictor.weights_name, mininterval=command.progress_interval_s())
    evaluation = evaluate(bar, predictor)
    about = {"weights": predictor.weights_name, "boxes": options.boxes, "split": options.split}
    record = as_record(evaluation, about)
    print(as_table(record))
    if options.json is not None:
        _write_json(options.json, record)
    if options.worst is not None:
        print(f"worst faces: {_write_worst(options.worst, worst(evaluation.results, WORST_COUNT))}")


def split(faces: Sequence[LabelledFace], name: str) -> list[LabelledFace]:
    """The faces of the split `name`: all, validation or train."""
    if name == "all":
        return list(faces)
    return [face for face in faces if is_validation(face) == (name == "validation")]


def _write_json(path: Path, record: dict[str, object]) -> None:
    try:
        path.write_text(json.dumps(record, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error


def _write_worst(folder: Path, results: Sequence[FaceResult]) -> Path:
    path = folder / "worst.png"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        encoded = cv2.imencode(".png", worst_sheet(results))[1]
        path.write_bytes(encoded.tobytes())
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error
    return path


def _open_predictor(options: argparse.Namespace) -> Predictor:
    from rednet_ros.inference.engine import LandmarkEngine  # torch takes seconds to load; `--help` need not wait

    still = StillPredictor(LandmarkEngine.load(options.weights, options.device), load_detector())
    return _StillFaces(still, from_truth=options.boxes == "truth")


@dataclass(frozen=True)
class _StillFaces:
    """Every image by itself, the face looked for as `--boxes` says."""

    still: StillPredictor
    from_truth: bool

    @property
    def weights_name(self) -> str:
        return self.still.weights_name

    def __call__(self, image_bgr: ImageArray, box: Box) -> FloatArray | None:
        find = self.still.face_in_box if self.from_truth else self.still.face_detected_at
        sighting = find(image_bgr, box)
        return None if sighting is None else sighting.landmarks_px


if __name__ == "__main__":
    raise SystemExit(main())
