import threading
import time
from collections.abc import Iterator

import pytest

from rednet_ros.media.read_ahead import read_ahead


def test_order_and_number_stay_the_same() -> None:
    with read_ahead(range(100), depth=3) as ready:
        assert list(ready) == list(range(100))


def test_reads_at_most_depth_items_ahead_and_stops_when_left() -> None:
    read: list[int] = []

    def items() -> Iterator[int]:
        for index in range(1000):
            read.append(index)
            yield index

    with read_ahead(items(), depth=4) as ready:
        assert next(ready) == 0
        deadline = time.monotonic() + 5
        while len(read) < 6 and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(0.02)
        # One taken, four ready, one in the hands of the thread.
        assert len(read) == 6
    assert "read-ahead" not in {thread.name for thread in threading.enumerate()}
    assert len(read) <= 7


def test_an_error_arrives_in_its_place() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("broken frame")

    with read_ahead(items()) as ready:
        assert next(ready) == 1
        with pytest.raises(ValueError, match="broken frame"):
            next(ready)
