"""Images and the faces in them, brought together by their stamps, whichever comes first."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

Stamp = tuple[int, int]

KEPT = 15
"""So many of each wait for the other: half a second of a usual camera."""


class StampPairs:
    """Messages with a header, of two kinds. Of an equal pair each is given out once, of others the oldest forgotten."""

    def __init__(self) -> None:
        self._waiting: tuple[OrderedDict[Stamp, Any], OrderedDict[Stamp, Any]] = (OrderedDict(), OrderedDict())

    def first(self, item: Any, stamp: Stamp) -> Any | None:
        """One of the first kind has come: the one of the second kind with this stamp, None where it is not there."""
        return self._put(0, item, stamp)

    def second(self, item: Any, stamp: Stamp) -> Any | None:
        """One of the second kind has come: the one of the first kind with this stamp, None where it is not there."""
        return self._put(1, item, stamp)

    def clear(self) -> None:
        """Forget all."""
        for waiting in self._waiting:
            waiting.clear()

    def _put(self, kind: int, item: Any, stamp: Stamp) -> Any | None:
        if (other := self._waiting[1 - kind].pop(stamp, None)) is not None:
            return other
        own = self._waiting[kind]
        own[stamp] = item
        while len(own) > KEPT:
            own.popitem(last=False)
        return None
