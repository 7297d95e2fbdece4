"""Latest frame wins: a mailbox with one slot a sender, and the thread that empties it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

logger = logging.getLogger(__name__)

Item = TypeVar("Item")

HEAD_START_S = 0.0005
"""For the thread to begin. The sender, ROS's executor, has one or two milliseconds of Python to do after each message,
and would keep the interpreter from the thread for as long."""


class Mailbox(Generic[Item]):
    """Holds the newest item of each sender only, so that a slow consumer never works on old frames. Thread-safe."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._items: dict[str, Item] = {}
        self._is_woken = False
        self._closed = False

    def put(self, item: Item, sender: str = "") -> bool:
        """Store `item`; True if it replaced one of the same sender that was not taken."""
        with self._condition:
            replaced = self._items.pop(sender, None) is not None
            self._items[sender] = item
            self._condition.notify()
            return replaced

    def wake(self) -> None:
        """Let `take` return now, though there may be no item; also if the mailbox is closed before that."""
        with self._condition:
            self._is_woken = True
            self._condition.notify()

    def take(self) -> dict[str, Item] | None:
        """Wait for items and remove them all, by their senders; None once the mailbox is closed.

        A closed mailbox gives no items. One that was woken before it was closed gives nothing, {}, once more.
        """
        with self._condition:
            self._condition.wait_for(lambda: self._items or self._is_woken or self._closed)
            items, self._items = self._items, {}
            was_woken, self._is_woken = self._is_woken, False
            if self._closed:
                return {} if was_woken else None
            return items

    def close(self) -> None:
        """Wake the consumer for good; items left inside are forgotten."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()


class LatestFrameWorker(Generic[Item]):
    """A thread that runs `process` on the newest item of each sender handed in since its last run, all at once.

    An exception of `process` goes to `on_error` and costs those items only; the thread lives until `stop`.
    """

    def __init__(self, process: Callable[[dict[str, Item]], None], on_error: Callable[[Exception], None]) -> None:
        self._process = process
        self._on_error = on_error
        self._mailbox: Mailbox[Item] = Mailbox()
        self._busy_since_s: float | None = None
        self._thread = threading.Thread(target=self._run, name="inference", daemon=True)
        self._thread.start()

    def submit(self, item: Item, sender: str = "") -> bool:
        """Hand in an item; True if an older one was dropped for it. Takes `HEAD_START_S`."""
        was_dropped = self._mailbox.put(item, sender)
        time.sleep(HEAD_START_S)
        return was_dropped

    def wake(self) -> None:
        """Run `process` soon, with no items where none came; certainly, also if `stop` follows."""
        self._mailbox.wake()

    def busy_s(self) -> float:
        """How long `process` has been running with the items at hand; 0 while it does not."""
        since_s = self._busy_since_s
        return 0.0 if since_s is None else time.monotonic() - since_s

    def stop(self, timeout_s: float) -> bool:
        """Finish the current items and a pending `wake`, and end the thread; False if that takes longer than
        `timeout_s`. It ends later then."""
        self._mailbox.close()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (items := self._mailbox.take()) is not None:
            self._busy_since_s = time.monotonic()
            try:
                self._process(items)
            except Exception as error:  # nothing that one frame does may end the node
                self._report(error)
            self._busy_since_s = None
            del items  # a frame may be large; do not keep it until the next one comes

    def _report(self, error: Exception) -> None:
        try:
            self._on_error(error)
        except Exception:  # the last line of defence: e.g. logging while ROS shuts down
            logger.exception("reporting an error failed")
