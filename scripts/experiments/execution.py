"""Does the runs of a plan, several at a time, each in its order and after the one that it begins with."""

from __future__ import annotations

import json
import logging
import os
import shlex
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import yaml

from experiments.measurements import WEIGHTS, Data, measurements
from experiments.plan import Run, configuration

log = logging.getLogger("experiments")

TRAINED = "trained.json"
"""Stands in the folder of a run that is trained; holds the seconds that the last call of rednet-train took."""

SPEED = {
    "OMP_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": "4000000000",
    "MALLOC_TRIM_THRESHOLD_": "8000000000",
    "MALLOC_TOP_PAD_": "300000000",
}
"""One thread a run, and memory that is kept (docs/training.md)."""

Command = Callable[[list[str], Path], bool]
"""Runs a module of the package with arguments (module first), its output appended to a file; whether it succeeded."""


class Processes:
    """A `Command` that runs processes; called from several threads, and stopped from another."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._alive: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def __call__(self, command: list[str], log_path: Path) -> bool:
        """See `Command`."""
        with log_path.open("a", encoding="utf-8") as output:
            output.write(f"{shlex.join(command)}\n")
            output.flush()
            process = self._begin(command, output)
            if process is None:
                return False
            code = process.wait()
        with self._lock:
            self._alive.discard(process)
        return code == 0

    def stop(self) -> None:
        """Ends what runs, and lets nothing begin any more."""
        with self._lock:
            self._stopped = True
            for process in self._alive:
                process.terminate()

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stopped

    def _begin(self, command: list[str], output: IO[str]) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._stopped:
                return None
            environment = {**SPEED, **os.environ}
            process = subprocess.Popen(
                [sys.executable, "-m", *command], stdout=output, stderr=subprocess.STDOUT, env=environment
            )
            self._alive.add(process)
            return process


@dataclass(frozen=True)
class Execution:
    """How runs are done: on `data`, in folders of `output`. `images`: train on fewer, when the chain is tried."""

    data: Data
    output: Path
    command: Command
    images: int | None = None

    def folder(self, run: Run) -> Path:
        """Where the run's files lie."""
        return self.output / run.name

    def is_done(self, run: Run) -> bool:
        """Whether it is trained, and all is measured."""
        folder = self.folder(run)
        wanted = [TRAINED, *(one.file_name for one in measurements(run.experiment, self.data))]
        return all((folder / name).is_file() for name in wanted)

    def do(self, run: Run) -> bool:
        """Trains the run, or trains it further, and measures what is not measured yet; whether all succeeded."""
        folder = self.folder(run)
        if not (folder / TRAINED).is_file() and not self._train(run):
            return False
        missing = [one for one in measurements(run.experiment, self.data) if not (folder / one.file_name).is_file()]
        done = [
            self.command(["rednet_ros.cli.evaluate", *one.command(str(folder))], folder / "evaluate.log")
            for one in missing
        ]
        return all(done)

    def _train(self, run: Run) -> bool:
        folder, begins_with = self.folder(run), run.begins_with
        resumes = (folder / "checkpoint.safetensors").is_file()
        if folder.exists() and not resumes:
            shutil.rmtree(folder)  # stopped before its first checkpoint: its records would be written twice
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "config.yaml"
        config.write_text(yaml.safe_dump(configuration(run, self.images), sort_keys=False), encoding="utf-8")
        command = ["rednet_ros.cli.train", str(config), "--output", str(folder), "--threads", "1"]
        for labels in self.data.to_train(run.experiment):
            command += ["--data", labels]
        if resumes:
            command += ["--resume"]
        elif begins_with is not None:
            command += ["--init", str(self.folder(begins_with) / WEIGHTS)]
        began = time.monotonic()
        if not self.command(command, folder / "train.log"):
            return False
        (folder / TRAINED).write_text(json.dumps({"seconds": round(time.monotonic() - began)}), encoding="utf-8")
        return True


def do_all(runs: Sequence[Run], execution: Execution, processes: int, until: Callable[[], bool]) -> list[str]:
    """Does the runs that are not done yet, `processes` at a time; returns the names of those that failed.

    A run waits for the one that it begins with, and fails where that failed. No run is begun once `until` says so.
    """
    waiting = [run for run in runs if not execution.is_done(run)]
    done = {run for run in runs if run not in waiting}
    failed: list[Run] = []
    working: dict[Future[bool], Run] = {}
    with ThreadPoolExecutor(processes) as pool:
        while True:
            for run in [run for run in waiting if run.begins_with in failed]:
                log.error("%s: the run that it begins with failed", run.name)
                failed.append(run)
                waiting.remove(run)
            ready = [run for run in waiting if run.begins_with is None or run.begins_with in done]
            for run in [] if until() else ready[: processes - len(working)]:
                log.info("%s: %s, seed %d; %d wait", run.name, run.experiment.label, run.seed, len(waiting) - 1)
                waiting.remove(run)
                working[pool.submit(execution.do, run)] = run
            if not working:
                break
            finished, _ = wait(working, return_when=FIRST_COMPLETED)
            for future in finished:
                run = working.pop(future)
                succeeded = future.result()
                log.info("%s: %s", run.name, "done" if succeeded else "FAILED, see train.log and evaluate.log")
                if succeeded:
                    done.add(run)
                else:
                    failed.append(run)
    if waiting:
        log.info("not begun: %s", ", ".join(run.name for run in waiting))
    return [run.name for run in failed]
