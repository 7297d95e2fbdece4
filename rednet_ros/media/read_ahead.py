"""A thread that keeps the next few items of an iterator ready."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def read_ahead(items: Iterable[T], depth: int = 4) -> Iterator[Iterator[T]]:
    """Iterate `items` in a thread of its own, at most `depth` ahead of the reader: `with read_ahead(x) as ready`.

    Order and number stay the same; an exception raised by `items` reaches the reader in its place. Leaving the
    block ends the thread after the item it is busy with, so that what it reads from can be closed safely.
    """
    ready: queue.Queue[tuple[T] | BaseException | None] = queue.Queue()
    free = threading.Semaphore(depth)
    stopped = threading.Event()

    def fill() -> None:
        try:
            for item in items:
                free.acquire()
                if stopped.is_set():
                    return
                ready.put((item,))
            ready.put(None)
        except BaseException as error:  # the reader decides what to do with it
            ready.put(error)

    def drain() -> Iterator[T]:
        while (entry := ready.get()) is not None:
            if isinstance(entry, BaseException):
                raise entry
            free.release()
            yield entry[0]

    thread = threading.Thread(target=fill, name="read-ahead", daemon=True)
    thread.start()
    try:
        yield drain()
    finally:
        stopped.set()
        free.release()
        thread.join()
