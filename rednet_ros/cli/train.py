"""rednet-train: trains a network from a configuration."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

import torch

from rednet_ros.cli import command
from rednet_ros.training.config import read_config
from rednet_ros.training.labels import is_validation, read_labels
from rednet_ros.training.trainer import Trainer

NAME = "rednet-train"


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code: 0, 2 for input that cannot be used, 130 when interrupted."""
    return command.execute(NAME, run, argument_parser().parse_args(argv))


def argument_parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    parser = command.parser(
        NAME, "Train a network as a configuration in config/train says; interrupt and resume freely."
    )
    parser.add_argument("config", metavar="CONFIG", type=Path, help="YAML file, such as config/train/rednet-lite.yaml")
    parser.add_argument(
        "--data", metavar="LABELS.jsonl", type=Path, required=True, help="labels file; its images lie beside it"
    )
    parser.add_argument("--output", metavar="FOLDER", type=Path, help="folder of the run (default: runs/NAME)")
    parser.add_argument("--init", metavar="N", help="weights (name or file) to begin from instead of random ones")
    parser.add_argument("--resume", action="store_true", help="continue from the folder's last checkpoint")
    parser.add_argument("--stage", metavar="S", help="run this stage of the configuration only")
    parser.add_argument("--threads", metavar="N", type=command.positive, help="CPU threads (default: all cores)")
    return parser


def run(options: argparse.Namespace) -> None:
    """Train. Raises the package's errors."""
    logging.getLogger("rednet_ros").setLevel(logging.INFO)
    if options.threads:
        torch.set_num_threads(options.threads)
    config = read_config(options.config)
    faces = read_labels(options.data)
    trainer = Trainer(
        config,
        training=[face for face in faces if not is_validation(face)],
        validation=[face for face in faces if is_validation(face)],
        folder=options.output or Path("runs") / config.name,
    )
    if options.resume:
        trainer.resume()
    elif options.init:
        trainer.begin_from(options.init)
    trainer.run(options.stage)


if __name__ == "__main__":
    raise SystemExit(main())
