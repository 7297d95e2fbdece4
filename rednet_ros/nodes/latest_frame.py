"""Latest frame wins: a one-slot mailbox and the thread that empties it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

logger = logging.getLogger(__name__)

Item = TypeVar("Item")


class Mailbox(Generic[Item]):
    """Holds the newest item only, so that a slow consumer never works on a queue of old frames. Thread-safe."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._item: Item | None = None
        self._closed = False

    def put(self, item: Item) -> bool:
        """Store `item`; True if it replaced one that nobody took."""
        with self._condition:
            replaced = self._item is not None
            self._item = item
            self._condition.notify()
            return replaced

    def take(self) -> Item | None:
        """Wait for an item and remove it; None as soon as the mailbox is closed."""
        with self._condition:
            self._condition.wait_for(lambda: self._item is not None or self._closed)
            item, self._item = self._item, None
            return None if self._closed else item

    def close(self) -> None:
        """Wake the consumer for good; an item left inside is forgotten."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()


class LatestFrameWorker(Generic[Item]):
    """A thread that runs `process` on the newest item handed in.

    An exception of `process` goes to `on_error` and costs that item only; the thread lives until `stop`.
    """

    def __init__(self, process: Callable[[Item], None], on_error: Callable[[Exception], None]) -> None:
        self._process = process
        self._on_error = on_error
        self._mailbox: Mailbox[Item] = Mailbox()
        self._thread = threading.Thread(target=self._run, name="inference", daemon=True)
        self._thread.start()

    def submit(self, item: Item) -> bool:
        """Hand in an item; True if an older one was dropped for it."""
        return self._mailbox.put(item)

    def stop(self, timeout_s: float) -> bool:
        """Finish the item at hand and end the thread; False if that took longer than `timeout_s`."""
        self._mailbox.close()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (item := self._mailbox.take()) is not None:
            try:
                self._process(item)
            except Exception as error:  # nothing that one frame does may end the node
                self._report(error)
            del item  # a frame may be large; do not keep it until the next one comes

    def _report(self, error: Exception) -> None:
        try:
            self._on_error(error)
        except Exception:  # the last line of defence: e.g. logging while ROS shuts down
            logger.exception("reporting an error failed")
