"""Measures several trackers beside each other on the same frames, and collects their rows: see `run`."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from rednet_ros.errors import RednetError
from rednet_ros.evaluation.accuracy import evaluate
from rednet_ros.evaluation.data import DataSet
from rednet_ros.evaluation.still_images import MIN_OVERLAP
from rednet_ros.tracking.types import Box, FloatArray, ImageArray

log = logging.getLogger(__name__)

CAMERAS = {"count": 3, "rate_hz": 15.0}
"""Of the trial in real time."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Contestant:
    """A tracker to be measured. `commands`: each starts its worker (`worker`); the first that comes up is used. Where
    none does, our own is an error, any other is left out."""

    title: str
    commands: tuple[tuple[str, ...], ...]
    is_own: bool = False


class Worker:
    """A contestant's process, on these cores. Raises RednetError, with the process's last words, where it ends."""

    def __init__(self, command: Sequence[str], cores: Sequence[int]) -> None:
        self._errors, own_cores = tempfile.TemporaryFile("w+"), os.sched_getaffinity(0)  # noqa: SIM115
        os.sched_setaffinity(0, cores)  # a process has its parent's from the start, and its libraries count them
        try:
            pipe = subprocess.PIPE
            self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=self._errors, text=True)
        except OSError as error:
            raise RednetError(f"{command[0]}: {error.strerror}") from error
        finally:
            os.sched_setaffinity(0, own_cores)
        self.name = str(self._answer()["name"])

    def ask(self, question: str, **arguments: Any) -> Any:
        """The answer of `worker.Session`."""
        with suppress(BrokenPipeError):  # the reason comes with the answer
            print(json.dumps({"question": question, **arguments}), file=self._process.stdin, flush=True)
        return self._answer()

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        if line := self._process.stdout.readline():
            return json.loads(line)
        self._process.wait()
        self._errors.seek(0)
        raise RednetError((self._errors.read().strip().splitlines() or ["it ended without a word"])[-1])


def run(
    contestants: Sequence[Contestant],
    clips: Mapping[int, ImageArray],
    rounds: int,
    data: DataSet | None = None,
    cameras_s: float = 10.0,
) -> tuple[list[Row], dict[str, str]]:
    """A row of each contestant; and who was left out, with the reason. Raises RednetError where one fails later.

    `clips`: number of faces -> N x H x W x 3 uint8 BGR. `rounds`: blocks of frames for each figure, in turns of all.
    `data`: labelled faces, for the error. `cameras_s`: length of the trial with several cameras in real time.

    A row: `name`, `is_own`, `start` (of `Session.begin` in a fresh process on one core), `frames` (for each number of
    faces, on one core and on all of this process: `_figures`), `cameras`, `error`.
    """
    rows: dict[Contestant, Row] = {}
    left_out: dict[str, str] = {}
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        files = {faces: _written(Path(folder, f"{faces}.raw"), clip) for faces, clip in clips.items()}
        for count in sorted({1, len(cores)}):
            with ExitStack() as stack:
                workers = {}
                for each in contestants:
                    try:
                        workers[each] = stack.enter_context(closing(_start(each, cores[-count:])))
                    except RednetError as error:
                        if each.is_own:
                            raise RednetError(f"{each.title}: {error}") from error
                        left_out[each.title] = str(error)
                _race(workers, files, rounds, count, rows)
                for each, worker in workers.items() if count == len(cores) else ():
                    log.info("%s: cameras, error", each.title)
                    trial = worker.ask("cameras", seconds=cameras_s, **CAMERAS, **files[min(files)])
                    rows[each] |= {"cameras": trial, "error": data and _error(worker, data, Path(folder, "a.npy"))}
    return list(rows.values()), left_out


def _start(contestant: Contestant, cores: Sequence[int]) -> Worker:
    *earlier, last = contestant.commands
    for command in earlier:
        with suppress(RednetError):
            return Worker(command, cores)
    return Worker(last, cores)


def _race(
    workers: Mapping[Contestant, Worker], files: Mapping[int, Row], rounds: int, cores: int, rows: dict[Contestant, Row]
) -> None:
    """Put the figures of all clips into the workers' rows: one after another, so that their blocks are interleaved."""
    for faces, clip in files.items():
        log.info("faces: %d, cores: %d", faces, cores)
        began = {each: worker.ask("begin", faces=faces, **clip) for each, worker in workers.items()}
        blocks: dict[Contestant, list[Row]] = {each: [] for each in workers}
        for _ in range(rounds):
            for each, worker in workers.items():
                blocks[each].append(worker.ask("block", with_network=cores == 1))
        for each, worker in workers.items():
            row = {"name": worker.name, "is_own": each.is_own, "start": began[each], "frames": []}
            row = rows.setdefault(each, row)
            row["frames"].append({"faces": faces, "cores": cores, **_figures(blocks[each])})


def _written(path: Path, clip: ImageArray) -> Row:
    clip.tofile(path)
    return {"frames": str(path), "shape": list(clip.shape)}


def _figures(blocks: Sequence[Row]) -> Row:
    """Of a frame: `found` faces, CPU time (median of the blocks' means), wall time (median and 95th percentile); and
    `network_ms`, `floor_ms`: CPU time of the network alone and its floor, where they are known."""
    wall_ms = np.concatenate([block["wall_ms"] for block in blocks])
    figures = {name: float(median(block[name] for block in blocks)) for name in ("found", "cpu_ms")}
    figures |= {"wall_ms": float(np.median(wall_ms)), "p95_ms": float(np.percentile(wall_ms, 95))}
    networks = [block["network"] for block in blocks if block["network"]]
    if networks:
        figures["network_ms"] = float(median(network["cpu_ms"] for network in networks))
    if networks and networks[0]["gflop"] is not None:
        figures["floor_ms"] = 1e3 * networks[0]["gflop"] / max(network["gflops"] for network in networks)
    return figures


def _error(worker: Worker, data: DataSet, file: Path) -> Row:
    summary = evaluate(data.faces, _Still(worker, file), data.unit).summary
    names = ("faces", "missed", "nme_mean", "nme_inner51", "failure_rate_10")
    return {"labels": data.title, **{name: getattr(summary, name) for name in names}}


class _Still:
    """An `accuracy.Follower` that has a worker find the faces of each image; `file` holds the image for it."""

    def __init__(self, worker: Worker, file: Path) -> None:
        self._worker, self._file = worker, file

    def begin(self, image: ImageArray, box: Box) -> FloatArray | None:
        np.save(self._file, image)
        found = [np.array(points, np.float32) for points in self._worker.ask("still", picture=str(self._file))["faces"]]
        best = max(found, key=lambda points: Box.around(points).overlap(box), default=None)
        return None if best is None or Box.around(best).overlap(box) < MIN_OVERLAP else best

    def follow(self, image: ImageArray) -> FloatArray | None:
        return None
