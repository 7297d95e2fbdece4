"""The newest item wins: a slot between two threads, and an iterator that leaves out what came too early."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")


class NewestSlot(Generic[T]):
    """Holds one item: the one put in last. Thread-safe."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._item: tuple[T] | None = None
        self._is_closed = False

    def put(self, item: T) -> None:
        """Replace what is there. Never waits for the taker."""
        with self._condition:
            self._item = (item,)
            self._condition.notify()

    def take(self, timeout_s: float | None = None) -> T | None:
        """Wait for an item and remove it; None after `timeout_s`, and once the slot is closed and empty."""
        with self._condition:
            self._condition.wait_for(lambda: self._item is not None or self._is_closed, timeout_s)
            taken, self._item = self._item, None
        return taken[0] if taken is not None else None

    def close(self) -> None:
        """No more items come."""
        with self._condition:
            self._is_closed = True
            self._condition.notify_all()


@contextmanager
def newest_of(items: Iterable[T]) -> Iterator[Iterator[T]]:
    """Iterate `items` in a thread of its own, and give the reader the newest each time: `with newest_of(x) as newest`.

    An exception raised by `items` reaches the reader. Leaving the block ends the thread after the item it waits for, so
    that what it reads from can be closed safely.
    """
    slot: NewestSlot[tuple[T] | BaseException] = NewestSlot()
    stopped = threading.Event()

    def fill() -> None:
        try:
            for item in items:
                if stopped.is_set():
                    return
                slot.put((item,))
        except BaseException as error:  # the reader decides what to do with it
            slot.put(error)
        finally:
            slot.close()

    def drain() -> Iterator[T]:
        while (entry := slot.take()) is not None:
            if isinstance(entry, BaseException):
                raise entry
            yield entry[0]

    thread = threading.Thread(target=fill, name="newest-of", daemon=True)
    thread.start()
    try:
        yield drain()
    finally:
        stopped.set()
        thread.join()
