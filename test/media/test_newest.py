import threading
import time
from collections.abc import Iterator

import pytest

from rednet_ros.media.newest import NewestSlot, newest_of


def test_the_newest_replaces_what_was_not_taken() -> None:
    slot: NewestSlot[int] = NewestSlot()
    for number in range(5):
        slot.put(number)
    assert slot.take() == 4
    assert slot.take(timeout_s=0.01) is None


def test_a_taker_waits_and_is_woken() -> None:
    slot: NewestSlot[int] = NewestSlot()
    taken: list[int | None] = []
    thread = threading.Thread(target=lambda: taken.append(slot.take()))
    thread.start()
    slot.put(7)
    thread.join(10)
    assert taken == [7]


def test_a_closed_slot_gives_its_last_item_and_then_none() -> None:
    slot: NewestSlot[int] = NewestSlot()
    slot.put(1)
    slot.close()
    assert slot.take() == 1
    assert slot.take() is None


def test_a_slow_reader_gets_the_newest_of_a_source_and_its_last() -> None:
    may_go_on = threading.Event()

    def items() -> Iterator[int]:
        yield 0
        assert may_go_on.wait(10)
        yield from range(1, 100)

    with newest_of(items()) as newest:
        assert next(newest) == 0
        may_go_on.set()
        time.sleep(0.2)
        rest = list(newest)
    assert rest[-1] == 99
    assert len(rest) < 99


def test_an_error_of_the_source_reaches_the_reader() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("unplugged")

    with newest_of(items()) as newest, pytest.raises(ValueError, match="unplugged"):
        list(newest)


def test_leaving_ends_the_thread() -> None:
    def items() -> Iterator[int]:
        while True:
            time.sleep(0.001)
            yield 1

    with newest_of(items()) as newest:
        next(newest)
    assert "newest-of" not in {thread.name for thread in threading.enumerate()}
