"""Measures several trackers beside each other on the same frames, and collects their rows: see `run`."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from rednet_ros.errors import RednetError
from rednet_ros.evaluation.accuracy import FaceResult, measured
from rednet_ros.evaluation.data import DataSet
from rednet_ros.evaluation.still_images import MIN_OVERLAP
from rednet_ros.tracking.types import Box, ImageArray
from rednet_ros.training.datasets.annotation import landmark_box
from rednet_ros.training.datasets.pictures import PictureReader

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
    """A process that answers in lines of JSON, on these cores; `said`: its first line, before any question. Raises
    RednetError, with the process's last words, where it ends."""

    def __init__(self, command: Sequence[str], cores: Iterable[int]) -> None:
        pinned, pipe = ["taskset", "--cpu-list", ",".join(map(str, cores)), *command], subprocess.PIPE
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self._process = subprocess.Popen(pinned, stdin=pipe, stdout=pipe, stderr=self._errors, text=True)
        self.said = self._answer()

    def ask(self, question: str, **arguments: Any) -> Any:
        """The answer of `worker.Tracker`."""
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
    `data`: labelled faces, for the error. `cameras_s`: length of our own trial with several cameras in real time.

    A row: `name`, `is_own`, `start` (of `Tracker.begin` in a fresh process on one core), `frames` (for each number of
    faces, on one core and on all of this process: `_figures`), `cameras`, `error`.
    """
    rows: dict[Contestant, Row] = {}
    left_out: dict[str, str] = {}
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        files = {faces: str(Path(folder, f"{faces}.npy")) for faces in clips}
        for faces, clip in clips.items():
            np.save(files[faces], clip)
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
                for faces, file in files.items():
                    _race(workers, rows, rounds, faces, count, file)
                for each, worker in workers.items() if count == len(cores) else ():
                    log.info("%s: cameras, error", each.title)
                    trial = {"frames": files[min(files)], "seconds": cameras_s, **CAMERAS}
                    rows[each]["cameras"] = worker.ask("cameras", **trial) if each.is_own else None
                    rows[each]["error"] = _error(worker, data, Path(folder, "still.npy")) if data else None
    return list(rows.values()), left_out


def _start(contestant: Contestant, cores: Sequence[int]) -> Worker:
    *earlier, last = contestant.commands
    for command in earlier:
        with suppress(RednetError):
            return Worker(command, cores)
    return Worker(last, cores)


def _race(
    workers: Mapping[Contestant, Worker], rows: dict[Contestant, Row], rounds: int, faces: int, cores: int, file: str
) -> None:
    """Put the figures of a clip into the rows of the workers, whose blocks are interleaved."""
    log.info("faces: %d, cores: %d", faces, cores)
    began = {each: worker.ask("begin", frames=file, faces=faces) for each, worker in workers.items()}
    turns = [{each: worker.ask("block") for each, worker in workers.items()} for _ in range(rounds)]
    for each, worker in workers.items():
        row = {**worker.said, "is_own": each.is_own, "start": began[each], "frames": []}
        figures = _figures([turn[each] for turn in turns])
        rows.setdefault(each, row)["frames"].append({"faces": faces, "cores": cores, **figures})


def _figures(blocks: Sequence[Row]) -> Row:
    """Of a frame: `found` faces, CPU time (median of the blocks' means), wall time (median and 95th percentile); and
    `network_ms`, `floor_ms`: CPU time of the network alone and its floor, where they are known."""
    wall_ms = np.concatenate([block["wall_ms"] for block in blocks])
    figures = {name: float(median(block[name] for block in blocks)) for name in ("found", "cpu_ms")}
    figures |= {"wall_ms": float(np.median(wall_ms)), "p95_ms": float(np.percentile(wall_ms, 95))}
    if networks := [block["network"] for block in blocks if block.get("network")]:
        figures["network_ms"] = float(median(network["cpu_ms"] for network in networks))
        if networks[0]["gflop"] is not None:
            figures["floor_ms"] = 1e3 * networks[0]["gflop"] / max(network["gflops"] for network in networks)
    return figures


def _error(worker: Worker, data: DataSet, file: Path) -> Row:
    """Of the faces that cover the labels best; `file` holds the images for the worker."""
    results = []
    with PictureReader() as pictures:
        for face in data.faces:
            np.save(file, pictures.read(face))
            found = [np.array(points, np.float32) for points in worker.ask("still", picture=str(file))]
            overlap = [Box.around(points).overlap(landmark_box(face.points_px)) for points in found]
            best = found[np.argmax(overlap)] if max(overlap, default=0) >= MIN_OVERLAP else None
            results.append(FaceResult(face, best, 0.0, data.unit))
    summary = measured(results, data.unit).summary
    names = ("faces", "missed", "nme_mean", "nme_inner51", "failure_rate_10")
    return {"labels": data.title, **{name: getattr(summary, name) for name in names}}
