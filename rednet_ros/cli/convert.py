"""rednet-convert: crops of a data set's faces, with one labels file."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from rednet_ros.cli import command
from rednet_ros.errors import InputError
from rednet_ros.training.datasets import LOADERS, open_dataset
from rednet_ros.training.datasets.conversion import CROP_SCALE, MOST_PX, convert
from rednet_ros.training.datasets.exif_rotation import as_shown
from rednet_ros.training.datasets.labels import write_labels
from rednet_ros.wording import counted, progress_interval_s

NAME = "rednet-convert"


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code: 0, 2 for input that cannot be used, 130 when interrupted."""
    return command.execute(NAME, run, argument_parser().parse_args(argv))


def argument_parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    parser = command.parser(
        NAME, "Cut the faces out of a data set and write them with a labels.jsonl, for quick training and evaluation."
    )
    parser.add_argument(
        "dataset",
        metavar="FORMAT:FOLDER",
        help=f"the data set; the formats are {', '.join(LOADERS)} (docs/datasets.md)",
    )
    parser.add_argument("output", metavar="OUTPUT", type=Path, help="folder to write to; must not hold labels yet")
    parser.add_argument(
        "--crop",
        metavar="S",
        type=_at_least_one,
        default=CROP_SCALE,
        help=f"side of a crop in sizes of the landmarks' box, at most {MOST_PX} pixels (default: %(default)s)",
    )
    command.add_stored_pixels_argument(parser)
    return parser


def run(options: argparse.Namespace) -> None:
    """Convert. Raises the package's errors; without an error the folder is complete."""
    labels = options.output / "labels.jsonl"
    if labels.exists():
        raise InputError(f"{labels}: exists already, choose another folder")
    faces = as_shown(open_dataset(options.dataset), options.stored_pixels)
    try:
        options.output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{options.output}: cannot be created: {error.strerror}") from error
    bar = tqdm(faces, unit="face", desc="rednet-convert", mininterval=progress_interval_s())
    # Labels last: a folder that has them is complete.
    write_labels(labels, list(convert(bar, options.output, options.crop)))
    print(f"{labels}: {counted(len(faces), 'face')}")


def _at_least_one(text: str) -> float:
    value = float(text)
    if not 1.0 <= value <= 10.0:
        raise argparse.ArgumentTypeError(f"must be between 1 and 10, not {text}")
    return value


if __name__ == "__main__":
    raise SystemExit(main())
