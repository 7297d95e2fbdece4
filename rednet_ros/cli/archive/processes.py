"""Jobs on this machine: processes that each do one after another, with a share of the cores each."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Generator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import parent_process

from rednet_ros.cli.archive.job import Job, Outcome, track_clip

_SPAWN = multiprocessing.get_context("spawn")


def run_in_processes(jobs: Sequence[Job], count: int) -> Generator[tuple[int, Outcome], None, None]:
    """Each job's index and outcome, as they end. A process that dies costs its job, and is replaced by another."""
    waiting = list(enumerate(jobs))[::-1]
    workers: dict[Connection, _Worker] = {}
    cores = sorted(os.sched_getaffinity(0))
    try:
        for number in range(min(count, len(jobs))):
            worker = _Worker(cores[number % len(cores) :: count] if count > 1 else cores)
            worker.give(*waiting.pop())
            workers[worker.connection] = worker
        while workers:
            for ready in wait(list(workers)):
                assert isinstance(ready, Connection)
                worker = workers.pop(ready)
                index, outcome = worker.take()
                if not worker.is_alive:
                    worker.end()
                    worker = _Worker(worker.cores) if waiting else worker
                if waiting:
                    worker.give(*waiting.pop())
                    workers[worker.connection] = worker
                else:
                    worker.end()
                yield index, outcome
    finally:
        for worker in workers.values():
            worker.end()


class _Worker:
    """One process. `connection`: readable when its job is done, or it has died."""

    def __init__(self, cores: Sequence[int]) -> None:
        self.cores = cores
        self.is_alive = True
        self.connection, theirs = _SPAWN.Pipe()
        self._index = -1
        self._process = _SPAWN.Process(target=_work, args=(theirs, cores), daemon=True)
        # Ctrl-C reaches every process of the terminal; the first one ends the others.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self._process.start()
        finally:
            signal.signal(signal.SIGINT, before)
        theirs.close()

    def give(self, index: int, job: Job) -> None:
        self._index = index
        try:
            self.connection.send(job)
        except OSError:
            self.is_alive = False

    def take(self) -> tuple[int, Outcome]:
        try:
            outcome = self.connection.recv()
        except (EOFError, OSError):
            self.is_alive = False
            self._process.join()
            outcome = Outcome(f"the process that tracked it ended ({_reason(self._process.exitcode)})")
        return self._index, outcome

    def end(self) -> None:
        self.connection.close()
        self._process.kill()
        self._process.join()


def _work(connection: Connection, cores: Sequence[int]) -> None:
    """Jobs in, outcomes out, until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.sched_setaffinity(0, cores)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while True:
        try:
            job = connection.recv()
        except EOFError:
            return
        connection.send(track_clip(job))


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _reason(code: int | None) -> str:
    if code is not None and code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"
