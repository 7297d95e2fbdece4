"""rednet-train: trains a network from a configuration."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from rednet_ros.cli import command, processes
from rednet_ros.errors import InputError
from rednet_ros.inference.choice import choose_device
from rednet_ros.training import distributed
from rednet_ros.training.config import RecognitionConfig, TrainConfig, read_config, read_recognition_config
from rednet_ros.training.datasets.labels import LabelledFace
from rednet_ros.training.datasets.splits import is_kept_apart, split, thin
from rednet_ros.training.distributed import Team
from rednet_ros.training.trainer import CHECKPOINT, Trainer

NAME = "rednet-train"


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code: 0, 2 for input that cannot be used, 130 when interrupted."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    options = argument_parser().parse_args(arguments)
    if options.processes > 1 and "WORLD_SIZE" not in os.environ:
        return processes.launch("rednet_ros.cli.train", arguments, options.processes)
    return command.execute(NAME, run, options)


def argument_parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    parser = command.parser(
        NAME, "Train a network as a configuration in config/train says; interrupt and resume freely."
    )
    parser.add_argument("config", metavar="CONFIG", type=Path, help="YAML file, such as config/train/rednet-lite.yaml")
    parser.add_argument(
        "--data",
        metavar="[FORMAT:]PATH",
        action="append",
        required=True,
        help="labels file (*.jsonl), or a data set in its own format, such as 300w:FOLDER; may be given several times",
    )
    parser.add_argument(
        "--validation",
        metavar="[FORMAT:]PATH",
        action="append",
        default=[],
        help="faces to validate on, besides those of --data that are kept apart; may be given several times",
    )
    command.add_stored_pixels_argument(parser)
    parser.add_argument("--output", metavar="FOLDER", type=Path, help="folder of the run (default: runs/NAME)")
    parser.add_argument("--init", metavar="N", help="weights (name or file) to begin from instead of random ones")
    parser.add_argument(
        "--encoder", metavar="FILE", type=Path, help="ImageNet encoder to begin from: torchvision's .pth, .safetensors"
    )
    parser.add_argument("--resume", action="store_true", help="continue from the folder's last checkpoint")
    parser.add_argument("--stage", metavar="S", help="run this stage of the configuration only")
    parser.add_argument("--device", choices=command.DEVICES, default="auto", help="auto takes a GPU if there is one")
    parser.add_argument(
        "--processes", metavar="N", type=command.positive, default=1, help="processes on this machine (default: 1)"
    )
    parser.add_argument("--workers", metavar="N", type=int, help="processes that make batches, for each of them")
    parser.add_argument("--threads", metavar="N", type=command.positive, help="CPU threads (default: all cores)")
    return parser


def run(options: argparse.Namespace) -> None:
    """Train. Raises the package's errors."""
    recognition = read_recognition_config(options.config)
    if recognition is not None:
        _train_recognition(options, recognition)
        return
    device = choose_device(options.device)
    config = read_config(options.config)
    folder = options.output or Path("runs") / config.name
    with distributed.join(device) as team:
        if team.leads:
            logging.getLogger("rednet_ros").setLevel(logging.INFO)
        if options.threads or team.size > 1:
            torch.set_num_threads(options.threads or max(1, (os.cpu_count() or 1) // team.size))
        trainer = _trainer(options, config, folder, team)
        if options.resume:
            trainer.resume()
        elif (folder / CHECKPOINT).exists():
            raise InputError(f"{folder} holds a run: continue it with --resume, or choose another --output")
        if options.init and not options.resume:
            trainer.begin_from(options.init)
        if options.encoder and not options.resume:
            trainer.begin_encoder_from(options.encoder)
        trainer.run(options.stage)


def _train_recognition(options: argparse.Namespace, config: RecognitionConfig) -> None:
    from rednet_ros.training.recognition import RecognitionTrainer

    logging.getLogger("rednet_ros").setLevel(logging.INFO)
    if options.threads:
        torch.set_num_threads(options.threads)
    folder = options.output or Path("runs") / config.name
    training, apart = split([face for spec in options.data for face in _read(spec, options)])
    if options.validation:
        given = [face for spec in options.validation for face in _read(spec, options)]
        apart = [face for face in given if is_kept_apart(face)] or given
    trainer = RecognitionTrainer(config, training, apart, folder)
    if options.resume:
        trainer.resume()
    elif trainer.checkpoint.exists():
        raise InputError(f"{folder} holds a run: continue it with --resume, or choose another --output")
    if options.init and not options.resume:
        trainer.begin_from(Path(options.init))
    trainer.run()


def _trainer(options: argparse.Namespace, config: TrainConfig, folder: Path, team: Team) -> Trainer:
    training, validation = split([face for spec in options.data for face in _read(spec, options)])
    validation += thin([face for spec in options.validation for face in _read(spec, options)])
    workers = options.workers
    if workers is None:
        workers = 1 if team.device.type == "cpu" else max(2, min(12, (os.cpu_count() or 1) // team.size - 1))
    return Trainer(config, training, validation, folder, team=team, workers=workers)


def _read(spec: str, options: argparse.Namespace) -> list[LabelledFace]:
    from rednet_ros.training.datasets import open_dataset
    from rednet_ros.training.datasets.exif_rotation import as_shown

    return as_shown(open_dataset(spec), options.stored_pixels)


if __name__ == "__main__":
    raise SystemExit(main())
