"""Processes that render shards side by side, each with an OpenGL context of its own."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import traceback
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import cv2

from rednet_ros.errors import RednetError
from rednet_ros.training.rendering.head import load_head_model
from rednet_ros.training.rendering.shards import RenderSettings, Shard, render_shard
from rednet_ros.training.rendering.still import FaceRenderer

LLVMPIPE_THREADS = "1"
"""Mesa's CPU renderer gains little from more: processes share the cores instead."""


class WorkerFailed(RednetError):
    """A rendering process ended with an error."""


def render_all(
    assets: Path, settings: RenderSettings, shards: list[Shard], output: Path, processes: int
) -> Generator[int, None, None]:
    """Render shards in processes; yields the number of pictures as they are done.

    Every process reads the assets itself: forked ones, which could share them, hang when this process has used OpenGL
    or OpenCV's threads. Raises WorkerFailed.
    """
    spawn = multiprocessing.get_context("spawn")
    tasks: Any = spawn.Queue()
    results: Any = spawn.Queue()
    for shard in shards:
        tasks.put(shard)
    workers = [
        spawn.Process(target=_work, args=(assets, settings, output, tasks, results), daemon=True)
        for _ in range(min(processes, len(shards)))
    ]
    for worker in workers:
        tasks.put(None)
        worker.start()
    try:
        yield from _collected(results, workers)
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.join()


def _collected(results: Any, workers: list[Any]) -> Iterator[int]:
    running = len(workers)
    while running:
        try:
            result = results.get(timeout=5)
        except queue.Empty:
            dead = [worker.exitcode for worker in workers if worker.exitcode not in (None, 0)]
            if dead:
                raise WorkerFailed(f"a rendering process died (exit code {dead[0]})") from None
            continue
        if result is None:
            running -= 1
        elif isinstance(result, str):
            raise WorkerFailed(result)
        else:
            yield result


def _work(assets: Path, settings: RenderSettings, output: Path, tasks: Any, results: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C and ends us
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ.setdefault("LP_NUM_THREADS", LLVMPIPE_THREADS)
    cv2.setNumThreads(1)
    try:
        renderer = FaceRenderer(load_head_model(assets), settings.size_px)
        while (shard := tasks.get()) is not None:
            for done in render_shard(renderer, settings, shard, output):
                results.put(done)
        results.put(None)
    except RednetError as error:
        results.put(str(error))
    except Exception:  # whatever it is must reach the parent, or it would wait for ever
        results.put(f"a rendering process failed:\n{traceback.format_exc()}")
