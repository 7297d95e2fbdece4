"""Trains the networks that docs/experiments.md compares, and measures each as soon as it is trained.

Interrupt it and call it again: what is done stays, a run that was stopped goes on from its checkpoint.

python scripts/run_in_environment.py python scripts/run_experiments.py --faces faces68/labels.jsonl \\
    --clips renders/labels.jsonl --unseen unseen/labels.jsonl --videos VIDEO... --output FOLDER [--minutes 60]
"""

from __future__ import annotations

import argparse
import logging
import signal
import time
from pathlib import Path

from experiments.execution import Execution, Processes, do_all
from experiments.measurements import Data
from experiments.plan import SEEDS, plan

log = logging.getLogger("experiments")


def main() -> int:
    """Does what is not done yet; returns 1 if a run failed."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    options = _arguments().parse_args()
    data = Data(options.faces, options.clips, options.unseen, tuple(options.videos))
    runs = plan(options.only, options.seeds)
    began = time.monotonic()

    def is_over() -> bool:
        return options.minutes is not None and time.monotonic() - began > 60 * options.minutes

    processes = Processes()
    signal.signal(signal.SIGTERM, lambda *_: processes.stop())
    signal.signal(signal.SIGINT, lambda *_: processes.stop())
    execution = Execution(data, options.output, processes, options.images)
    failed = do_all(runs, execution, options.processes, lambda: is_over() or processes.stopped)
    if failed:
        log.error("failed: %s; see train.log and evaluate.log in their folders", ", ".join(failed))
    return 1 if failed else 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", metavar="LABELS.jsonl", required=True, help="faces68")
    parser.add_argument("--clips", metavar="LABELS.jsonl", required=True, help="rendered clips to train on")
    parser.add_argument("--unseen", metavar="LABELS.jsonl", required=True, help="other rendered clips, to measure on")
    parser.add_argument("--videos", metavar="VIDEO", nargs="+", required=True, help="real clips, for the flicker")
    parser.add_argument("--output", metavar="FOLDER", type=Path, required=True)
    parser.add_argument("--only", metavar="NAME", nargs="+", default=[], help="experiments, or questions of the plan")
    parser.add_argument("--seeds", metavar="N", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--minutes", metavar="M", type=float, help="begin no further run after so long")
    parser.add_argument("--processes", metavar="P", type=int, default=2, help="runs at a time (2), one thread each")
    parser.add_argument("--images", metavar="N", type=int, help="train every run on so few, to try the chain")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
