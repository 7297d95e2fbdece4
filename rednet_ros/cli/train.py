"""`rednet-train CONFIG`: trains a network from a configuration in config/train."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

import torch

from rednet_ros.errors import RednetError
from rednet_ros.training.config import read_config
from rednet_ros.training.labels import is_validation, read_labels
from rednet_ros.training.trainer import Trainer


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    options = argparse.ArgumentParser(prog="rednet-train", description=__doc__)
    options.add_argument("config", type=Path, help="YAML file such as config/train/rednet-lite.yaml")
    options.add_argument("--data", type=Path, required=True, metavar="LABELS.jsonl", help="labels, images beside them")
    options.add_argument("--output", type=Path, help="folder of the run (default: runs/NAME)")
    options.add_argument("--resume", action="store_true", help="continue from the folder's last checkpoint")
    options.add_argument("--stage", help="run only this stage of the configuration")
    options.add_argument("--threads", type=int, help="CPU threads (default: all cores)")
    return options


def main(arguments: list[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    options = parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    if options.threads:
        torch.set_num_threads(options.threads)
    try:
        config = read_config(options.config)
        faces = read_labels(options.data)
        trainer = Trainer(
            config,
            [face for face in faces if not is_validation(face)],
            [face for face in faces if is_validation(face)],
            options.output or Path("runs") / config.name,
        )
        if options.resume:
            trainer.resume()
        trainer.run(options.stage)
    except RednetError as error:
        print(f"rednet-train: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
