"""Trains the networks that docs/experiments.md compares, one after the other; call it again to go on.

python scripts/run_in_environment.py python scripts/run_experiments.py --data LABELS.jsonl --output FOLDER
"""

from __future__ import annotations

import argparse
import logging
import subprocess
import sys
from pathlib import Path

import yaml
from experiments.plan import EXPERIMENTS, SEEDS, Experiment, configuration, run_name

log = logging.getLogger("experiments")


def main() -> int:
    """Runs what is not finished yet; returns 1 if a run failed."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    options = _arguments().parse_args()
    wanted = [one for one in EXPERIMENTS if not options.only or set(options.only) & {one.name, *one.question}]
    runs = [(experiment, seed) for seed in options.seeds for experiment in wanted]
    failed = []
    for number, (experiment, seed) in enumerate(runs, 1):
        folder = options.output / run_name(experiment, seed)
        if (folder / "finished").exists():
            continue
        log.info("run %d of %d: %s, seed %d", number, len(runs), experiment.label, seed)
        if not _train(experiment, seed, folder, options):
            failed.append(folder.name)
    if failed:
        log.error("failed: %s; see train.log in their folders", ", ".join(failed))
    return 1 if failed else 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", metavar="LABELS.jsonl", action="append", required=True)
    parser.add_argument("--output", metavar="FOLDER", type=Path, required=True)
    parser.add_argument("--stills", metavar="N", default="rednet-lite", help="weights that the clip runs begin with")
    parser.add_argument("--only", metavar="NAME", action="append", help="an experiment, or a question of the plan")
    parser.add_argument("--seeds", metavar="N", type=int, nargs="+", default=list(SEEDS))
    return parser


def _train(experiment: Experiment, seed: int, folder: Path, options: argparse.Namespace) -> bool:
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "config.yaml"
    config.write_text(yaml.safe_dump(configuration(experiment, seed), sort_keys=False), encoding="utf-8")
    command = [sys.executable, "-m", "rednet_ros.cli.train", str(config), "--output", str(folder), "--threads", "1"]
    for data in options.data:
        command += ["--data", data]
    if (folder / "checkpoint.safetensors").exists():
        command += ["--resume"]
    elif experiment.base == "clips":
        command += ["--init", options.stills]
    with (folder / "train.log").open("a", encoding="utf-8") as output:
        done = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False)
    if done.returncode == 0:
        (folder / "finished").touch()
    return done.returncode == 0


if __name__ == "__main__":
    raise SystemExit(main())
